-- A mailed link alone opens no dossier: a unit is given a code past its mailbox, which makes one device of it known.

-- The code itself stands nowhere: it is computed from its id under the service key.
CREATE TABLE desk_codes (
    id               uuid PRIMARY KEY,
    organization_id  uuid NOT NULL,
    way              text NOT NULL,
    issued_by        text NOT NULL,
    issued_at        timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    wrong            integer NOT NULL DEFAULT 0,  -- wrong tries while it was open
    ended_at         timestamptz,
    ending           text CHECK (ending IN ('used', 'locked', 'revoked')),
    CHECK ((ended_at IS NULL) = (ending IS NULL))
);
CREATE INDEX desk_codes_of_unit ON desk_codes (organization_id, issued_at);

-- What the device's cookie holds is kept as a hash only.
CREATE TABLE desk_devices (
    id               uuid PRIMARY KEY,
    organization_id  uuid NOT NULL,
    unit             text NOT NULL,
    code_id          uuid NOT NULL,
    token_sha256     bytea NOT NULL UNIQUE,
    known_at         timestamptz NOT NULL,
    seen_at          timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    revoked_at       timestamptz,
    revoked_by       text
);
CREATE INDEX desk_devices_of_unit ON desk_devices (organization_id, known_at);
