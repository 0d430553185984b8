-- Who asks for help, what is needed, and on what ground data may leave. Everything a person could be recognized by
-- lies in `sealed` columns, encrypted under a key of her own; destroying the key erases her.

CREATE TABLE persons (
    id             uuid PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('person', 'business_contact')),
    sealed         bytea,                       -- the record: JSON under the person's key
    blind_index    bytea,                       -- HMAC of normalized name and birth date, for exact search only
    consent_epoch  integer NOT NULL DEFAULT 0,  -- raised by every grant, change and withdrawal; guards disclosing writes
    recorded_at    timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    erased_at      timestamptz,
    CHECK (erased_at IS NULL OR (sealed IS NULL AND blind_index IS NULL))
);
CREATE INDEX persons_blind_index ON persons (blind_index) WHERE blind_index IS NOT NULL;

-- Kept apart from everything else (own backup, at most 30 days), so that a restore cannot bring an erased person back.
CREATE TABLE person_keys (
    person_id    uuid PRIMARY KEY REFERENCES persons,
    wrapped      bytea NOT NULL,
    wrapping_id  text NOT NULL,                 -- which service key wraps it, so that rotation can show its progress
    made_at      timestamptz NOT NULL
);

-- Replayed after every restore before a service starts.
CREATE TABLE deletions (
    person_id   uuid PRIMARY KEY,
    erased_at   timestamptz NOT NULL,
    occasion    text NOT NULL
);

CREATE TABLE enquiries (
    id               uuid PRIMARY KEY,
    enquirer         text NOT NULL CHECK (enquirer IN ('person', 'employer')),
    person_id        uuid NOT NULL REFERENCES persons,  -- the person advised, or the employer's contact
    site             text NOT NULL,
    organization_id  uuid NOT NULL,             -- the member organization responsible for the case
    recorded_by      text NOT NULL,
    recorded_at      timestamptz NOT NULL,
    last_contact_at  timestamptz NOT NULL,
    closed_at        timestamptz
);
CREATE INDEX enquiries_of_site ON enquiries (site, organization_id, recorded_at DESC);
CREATE INDEX enquiries_of_person ON enquiries (person_id);

CREATE TABLE needs (
    id           uuid PRIMARY KEY,
    enquiry_id   uuid NOT NULL REFERENCES enquiries,
    topic        text NOT NULL,
    urgency      text NOT NULL,
    recorded_at  timestamptz NOT NULL
);
CREATE INDEX needs_of_enquiry ON needs (enquiry_id);

CREATE TABLE contact_cards (
    id               uuid PRIMARY KEY,
    enquiry_id       uuid NOT NULL REFERENCES enquiries,
    need_id          uuid REFERENCES needs,
    organization_id  uuid NOT NULL,
    service_id       uuid,
    issued_by        text NOT NULL,
    issued_at        timestamptz NOT NULL
);
CREATE INDEX contact_cards_of_enquiry ON contact_cards (enquiry_id);

-- A version is never changed except by what ends it: withdrawal, or the next version.
CREATE TABLE consents (
    id                 uuid NOT NULL,
    version            integer NOT NULL,
    person_id          uuid NOT NULL REFERENCES persons,
    enquiry_id         uuid NOT NULL REFERENCES enquiries,
    given_by           text NOT NULL,
    channel            text NOT NULL,
    text_id            text NOT NULL,
    text_sha256        text NOT NULL,
    text_reviewed      boolean NOT NULL,
    language           text NOT NULL,
    interpreter        boolean NOT NULL,
    witnessed_by       text,
    secrecy_release    boolean NOT NULL,
    evidence_sha256    text,                    -- of the signed form
    recipients         jsonb NOT NULL,          -- [{organization_id, service_id, purposes, categories, back_level}]
    given_at           timestamptz NOT NULL,
    valid_from         date NOT NULL,
    valid_until        date NOT NULL CHECK (valid_until >= valid_from),
    lapses_on          date,                    -- word of mouth: holds until then unless confirmed
    confirmed_at       timestamptz,
    recorded_by        text NOT NULL,
    withdrawn_at       timestamptz,
    withdrawn_by       text,
    withdrawn_channel  text,
    superseded_at      timestamptz,
    PRIMARY KEY (id, version)
);
CREATE INDEX consents_of_person ON consents (person_id, given_at);
CREATE INDEX consents_running_out ON consents (valid_until) WHERE withdrawn_at IS NULL AND superseded_at IS NULL;

CREATE TABLE enterprise_requests (
    id               uuid PRIMARY KEY,
    enquiry_id       uuid NOT NULL REFERENCES enquiries,
    person_id        uuid NOT NULL REFERENCES persons,
    recipients       jsonb NOT NULL,            -- [{organization_id, service_id}]
    purposes         text[] NOT NULL,
    back_level       text NOT NULL,
    requested_at     timestamptz NOT NULL,
    valid_until      date NOT NULL,
    notice_given     boolean NOT NULL CHECK (notice_given),
    recorded_by      text NOT NULL,
    recorded_at      timestamptz NOT NULL,
    withdrawn_at     timestamptz
);
CREATE INDEX enterprise_requests_of_enquiry ON enterprise_requests (enquiry_id);
