-- What staff told outside the system on a statutory ground: codes and times in the open; who was told, where it is no body
-- of the directory, sealed under the person's key. Never read by the consent engine.

CREATE TABLE external_disclosures (
    id               uuid PRIMARY KEY,
    enquiry_id       uuid NOT NULL REFERENCES enquiries,
    person_id        uuid NOT NULL REFERENCES persons,
    site             text NOT NULL,
    organization_id  uuid NOT NULL,              -- the member organization whose staff told it
    ground           text NOT NULL,
    categories       text[] NOT NULL CHECK (cardinality(categories) > 0),
    told_at          timestamptz NOT NULL,
    recipient_id     uuid,                       -- a body of the directory, or
    sealed           bytea,                      -- words, under the person's key
    recorded_by      text NOT NULL,
    recorded_at      timestamptz NOT NULL,
    confirm_by       date NOT NULL,
    confirmed_by     text CHECK (confirmed_by <> recorded_by),
    confirmed_at     timestamptz,
    task_id          uuid,                       -- set once nobody confirmed in time
    CHECK ((recipient_id IS NULL) <> (sealed IS NULL)),
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CHECK (told_at <= recorded_at)
);
CREATE INDEX external_disclosures_open ON external_disclosures (confirm_by) WHERE confirmed_at IS NULL;
CREATE INDEX external_disclosures_of_person ON external_disclosures (person_id, told_at);
CREATE INDEX external_disclosures_of_enquiry ON external_disclosures (enquiry_id, told_at);
