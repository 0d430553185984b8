-- Persons' keys leave for a store of their own (keystore/); here stays what has to be known about them.

DO $$ BEGIN
    IF EXISTS (SELECT FROM person_keys) THEN
        RAISE EXCEPTION 'person_keys still holds keys; `python -m services.referral migrate` moves them into the key store';
    END IF;
END $$;
DROP TABLE person_keys;

-- An erasure is marked here first, then written to the ledger outside, then the key is destroyed, then told.
ALTER TABLE deletions ADD COLUMN key_destroyed_at timestamptz;
UPDATE deletions SET key_destroyed_at = erased_at;
CREATE INDEX deletions_unfinished ON deletions (erased_at) WHERE key_destroyed_at IS NULL;

-- Which service key an index or a wrapped pair was made with, so that a rotation can be finished and shown.
ALTER TABLE persons ADD COLUMN index_key_id text;
CREATE INDEX persons_of_index_key ON persons (index_key_id, id) WHERE blind_index IS NOT NULL;
ALTER TABLE custodial_keys ADD COLUMN wrapping_id text;

CREATE TABLE rewraps (
    id              uuid PRIMARY KEY,
    wrapping_id     text NOT NULL,
    person_keys     integer NOT NULL,
    custodial_keys  integer NOT NULL,
    blind_indexes   integer NOT NULL,
    unreadable      integer NOT NULL,
    began_at        timestamptz NOT NULL,
    ended_at        timestamptz NOT NULL
);

-- A dossier that waits lies under the person's key too: a custodial pair alone, out of a backup, must not open it. What
-- waits now is a cache and is sealed anew at its next fetch.
DELETE FROM dossiers;
ALTER TABLE dossiers DROP COLUMN jwe;
ALTER TABLE dossiers ADD COLUMN sealed bytea NOT NULL;  -- the partner's JWE, under the person's key
