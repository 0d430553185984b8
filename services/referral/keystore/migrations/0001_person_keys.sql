-- The keys of persons, each wrapped by a service key. Nothing here says who somebody is, nothing elsewhere opens without
-- it. A schema of its own, so that a small box may keep it in referral's database; production never does.
CREATE SCHEMA keystore;
GRANT USAGE ON SCHEMA keystore TO PUBLIC;      -- only the two roles of this database may connect at all

CREATE TABLE keystore.person_keys (
    person_id    uuid PRIMARY KEY,
    wrapped      bytea NOT NULL,
    wrapping_id  text NOT NULL,                 -- which service key wraps it
    made_at      timestamptz NOT NULL,
    claimed_at   timestamptz                    -- the person's row was seen; until then it may be a crash's leftover
) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);  -- what was destroyed leaves the file soon
CREATE INDEX person_keys_of_service_key ON keystore.person_keys (wrapping_id, person_id);
CREATE INDEX person_keys_unclaimed ON keystore.person_keys (made_at) WHERE claimed_at IS NULL;
