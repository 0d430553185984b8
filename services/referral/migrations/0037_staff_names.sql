-- Who stands behind the pseudonyms of staff, as the sign-in service said when they last came: sealed, each under a key of
-- its own in the store of keys. Opened for nobody but an officer whose request a second person agreed to.
CREATE TABLE staff_names (
    staff     text PRIMARY KEY CHECK (staff ~ '^staff:[0-9a-f]{32}$'),
    key_id    uuid NOT NULL UNIQUE,
    sealed    bytea NOT NULL,
    -- whose lead may be the second person
    employer  uuid,
    site      text,
    -- the month of the last sign-in, which is all that expiry needs to know
    seen_in   date NOT NULL CHECK (extract(day FROM seen_in) = 1)
);

ALTER TABLE resolutions
    ALTER COLUMN person_id DROP NOT NULL,
    ADD COLUMN staff text REFERENCES staff_names,
    ADD CHECK (num_nonnulls(person_id, staff) = 1),
    ADD CHECK (staff NOT IN (asked_by, answered_by));
CREATE INDEX resolutions_of_staff ON resolutions (staff, asked_at) WHERE staff IS NOT NULL;
