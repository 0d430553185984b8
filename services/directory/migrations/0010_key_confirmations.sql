-- Who has had a hand in a partner's key, and who else confirmed it: until then it is on file and used for nothing.
CREATE TABLE key_confirmations (
    organization_id uuid NOT NULL,
    thumbprint      text NOT NULL,              -- RFC 7638, so that another key under the same id is another key
    use             text NOT NULL,
    touched_by      text[] NOT NULL,            -- everybody who wrote it down while it was not confirmed
    handed_in_at    timestamptz NOT NULL,
    confirmed_by    text,
    confirmed_at    timestamptz,
    PRIMARY KEY (organization_id, thumbprint, use),
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CHECK (confirmed_by <> ALL (touched_by))
);
CREATE INDEX keys_unconfirmed ON key_confirmations (handed_in_at) WHERE confirmed_at IS NULL;
