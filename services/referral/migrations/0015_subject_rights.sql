-- What persons ask for about their own data (GDPR Art. 15 to 21), until when it is due, and what became of it. Codes, ids
-- and times only; what was handed out is not kept a second time, only its hash.

CREATE TABLE subject_requests (
    id                uuid PRIMARY KEY,
    subject_right     text NOT NULL,
    person_id         uuid REFERENCES persons,      -- null: somebody we hold nothing about asks too
    enquiry_id        uuid REFERENCES enquiries,
    site              text NOT NULL,
    organization_id   uuid NOT NULL,                -- the member organization that answers
    channel           text NOT NULL,
    received_on       date NOT NULL,
    due_on            date NOT NULL,
    extension_reason  text,
    extended_on       date,
    task_id           uuid,
    answer            text,
    answered_on       date,
    answered_by       text,
    recorded_by       text NOT NULL,
    recorded_at       timestamptz NOT NULL,
    CHECK ((answer IS NULL) = (answered_on IS NULL)),
    CHECK ((extension_reason IS NULL) = (extended_on IS NULL))
);
CREATE INDEX subject_requests_open ON subject_requests (site, organization_id, due_on) WHERE answer IS NULL;
CREATE INDEX subject_requests_of_person ON subject_requests (person_id);

CREATE TABLE subject_accesses (
    id              uuid PRIMARY KEY,
    request_key     text NOT NULL UNIQUE,           -- one form, one handing out, however often it is sent
    request_id      uuid REFERENCES subject_requests,
    person_id       uuid NOT NULL REFERENCES persons,
    enquiry_id      uuid NOT NULL REFERENCES enquiries,
    identity_check  text NOT NULL,
    language        text NOT NULL,
    sha256          text NOT NULL,                  -- of the document as it was handed out
    given_by        text NOT NULL,
    given_at        timestamptz NOT NULL
);
CREATE INDEX subject_accesses_of_person ON subject_accesses (person_id, given_at);
