-- A consent is drafted first: that is what is printed, shown on the turned screen or linked, and what a signature
-- completes. A draft is no ground: it lies in a table of its own, which the consent engine never reads.
CREATE TABLE drafted_consents (
    id                uuid NOT NULL,
    version           integer NOT NULL,          -- the version it becomes when everybody has signed
    code              text NOT NULL UNIQUE,      -- opaque, with a check letter: printed on the form, typed or scanned
    person_id         uuid NOT NULL REFERENCES persons,
    enquiry_id        uuid NOT NULL REFERENCES enquiries,
    given_by          text NOT NULL,
    text_id           text NOT NULL,
    text_version      integer NOT NULL,
    text_sha256       text NOT NULL,
    language          text NOT NULL,
    interpreter       boolean NOT NULL,
    recipients        jsonb NOT NULL,
    controllers       uuid[] NOT NULL,           -- who is responsible: the own organization, then joint controllers
    secrecy_releases  jsonb NOT NULL,            -- [{from_organization_id, to_organization_id, to_service_id}]
    custody           jsonb,                     -- for somebody under age: {holders, guardian_organization_id}
    valid_from        date,                      -- none: from the day it is given
    valid_until       date NOT NULL,
    terms_sha256      text NOT NULL,             -- of all that is agreed to; printed on the form
    signatures        jsonb NOT NULL,            -- [{signer, channel, text, evidence, proof, witness, days}]
    sealed            bytea,                     -- names of interpreter, signers and witnesses, under the person's key
    prepared_at       timestamptz NOT NULL,
    prepared_by       text NOT NULL,
    ended_at          timestamptz,
    ended_as          text,                      -- given, or why it never came into force
    PRIMARY KEY (id, version)
);
CREATE UNIQUE INDEX drafted_consents_open ON drafted_consents (id) WHERE ended_at IS NULL;
CREATE INDEX drafted_consents_of_person ON drafted_consents (person_id) WHERE ended_at IS NULL;

ALTER TABLE consents
    DROP COLUMN secrecy_release,
    ADD COLUMN text_version     integer NOT NULL DEFAULT 1,
    ADD COLUMN controllers      uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN secrecy_releases jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN signatures       jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN terms_sha256     text,
    ADD COLUMN ends_with_majority boolean NOT NULL DEFAULT false,  -- a guardian's consent, cut off by the 18th birthday
    ADD COLUMN code             text,
    ADD COLUMN prepared_at      timestamptz,
    ADD COLUMN sealed           bytea;

-- Some tasks are about a consent: to be confirmed, witnessed, or given anew by somebody who comes of age.
ALTER TABLE tasks ADD COLUMN consent_id uuid;
CREATE UNIQUE INDEX tasks_of_consent_once ON tasks (consent_id, kind) WHERE closed_at IS NULL;
