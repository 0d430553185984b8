-- By which channel a partner is reached, and the one that was written down and waits for a second person.
CREATE TABLE channel_confirmations (
    organization_id uuid PRIMARY KEY,
    in_force        jsonb,                      -- nothing: it is reached by none yet
    confirmed_by    text,
    confirmed_at    timestamptz,
    waiting         jsonb,
    touched_by      text[] NOT NULL DEFAULT '{}', -- everybody who had a hand in what waits
    handed_in_at    timestamptz,
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CHECK (in_force IS NULL OR confirmed_at IS NOT NULL),
    CHECK ((waiting IS NULL) = (handed_in_at IS NULL)),
    CHECK ((waiting IS NULL) = (touched_by = '{}'))
);
CREATE INDEX channels_waiting ON channel_confirmations (handed_in_at) WHERE waiting IS NOT NULL;

-- What partners are reached by today stays in force.
INSERT INTO channel_confirmations (organization_id, in_force, confirmed_by, confirmed_at)
SELECT organization_id,
    jsonb_strip_nulls(jsonb_build_object('channel', document -> 'channel', 'contact', document #> '{agreement,contact}')),
    'system:not-asked', changed_at
FROM participations;
