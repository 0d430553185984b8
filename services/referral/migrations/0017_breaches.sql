-- Checks for a data breach (GDPR Art. 33, 34): opened with the marking, assessed by the lead, kept as the documentation
-- that Art. 33(5) asks for. Codes and times in the open; the lead's own words are sealed with the person's key.

CREATE TABLE breach_checks (
    id                     uuid PRIMARY KEY,
    referral_id            uuid NOT NULL UNIQUE REFERENCES referrals,
    became_aware_at        timestamptz NOT NULL,
    opened_at              timestamptz NOT NULL,
    opened_by              text NOT NULL,
    escalated_hours        integer NOT NULL DEFAULT 0,     -- the last of 24, 48, 66 and 72 that was told
    risk                   text,
    reasons                text[] NOT NULL DEFAULT '{}',
    notified_authority_at  timestamptz,
    delay                  text,                           -- why later than 72 hours (Art. 33(1) sentence 2)
    notified_person_at     timestamptz,
    no_notice_ground       text,                           -- why the person is not told (Art. 34(3))
    sealed                 bytea,
    assessed_at            timestamptz,
    assessed_by            text,
    CHECK ((risk IS NULL) = (assessed_at IS NULL) AND (risk IS NULL) = (assessed_by IS NULL)),
    CHECK (risk IS NULL OR risk = 'none' OR notified_authority_at IS NOT NULL),
    CHECK (risk IS DISTINCT FROM 'high' OR (notified_person_at IS NULL) <> (no_notice_ground IS NULL))
);
CREATE INDEX breach_checks_open ON breach_checks (became_aware_at) WHERE assessed_at IS NULL;
