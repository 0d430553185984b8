-- The name behind a pseudonym of the audit log: who asked why, which second person agreed or refused, and that it was shown
-- once. Codes and times in the open; the occasion in words under the person's own key.
CREATE TABLE resolutions (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES persons,
    reason       text NOT NULL,
    purpose      text NOT NULL,
    sealed       bytea NOT NULL,
    asked_by     text NOT NULL,
    asked_at     timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    answered_by  text CHECK (answered_by <> asked_by),
    answered_at  timestamptz,
    refusal      text,
    shown_at     timestamptz,
    expired_at   timestamptz,
    CHECK (expires_at > asked_at),
    CHECK ((answered_by IS NULL) = (answered_at IS NULL)),
    CHECK (refusal IS NULL OR answered_at IS NOT NULL),
    CHECK (shown_at IS NULL OR (answered_at IS NOT NULL AND refusal IS NULL AND shown_at <= expires_at)),
    CHECK (num_nonnulls(refusal, shown_at, expired_at) <= 1)
);
CREATE INDEX resolutions_open ON resolutions (expires_at) WHERE num_nonnulls(refusal, shown_at, expired_at) = 0;
CREATE INDEX resolutions_of_person ON resolutions (person_id, asked_at);
CREATE INDEX resolutions_of_officer ON resolutions (asked_by, asked_at);
