-- What somebody had typed when a door asked her to sign in anew: sealed under a key that her browser alone has.
CREATE TABLE kept_forms (
    actor text PRIMARY KEY,
    sealed bytea NOT NULL,
    kept_at timestamptz NOT NULL
);
CREATE INDEX kept_forms_kept ON kept_forms (kept_at);
