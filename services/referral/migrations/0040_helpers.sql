-- Who may come along to one appointment, invited by a navigator: what she is called lies under the person's key, the code she
-- comes in by stands nowhere (it is computed from the id under the service key).
CREATE TABLE helpers (
    id              uuid PRIMARY KEY,
    referral_id     uuid NOT NULL REFERENCES referrals,
    person_id       uuid NOT NULL REFERENCES persons,
    appointment_id  uuid NOT NULL REFERENCES appointments,
    kind            text NOT NULL,
    sealed          bytea,                  -- what she is called; null: its time is over
    invited_by      text NOT NULL,
    invited_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,   -- until when the code opens
    helper          text,                   -- pseudonym of the account; null: nobody came with the code yet
    declared_at     timestamptz,
    text_id         text,                   -- the declaration of confidentiality she signed, word for word
    text_sha256     text,
    text_language   text,
    ended_at        timestamptz,
    ending          text,
    CHECK ((helper IS NULL) = (declared_at IS NULL) AND (helper IS NULL) = (text_sha256 IS NULL)),
    CHECK ((ended_at IS NULL) = (ending IS NULL))
);
CREATE INDEX helpers_of_referral ON helpers (referral_id);
CREATE INDEX helpers_of_person ON helpers (person_id);
CREATE INDEX helpers_of_appointment ON helpers (appointment_id);
-- Nobody sees two appointments at a time.
CREATE UNIQUE INDEX helpers_one_at_a_time ON helpers (helper) WHERE ended_at IS NULL AND helper IS NOT NULL;
