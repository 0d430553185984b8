-- What directory says about how an organization is reached. The newest version wins; older ones are ignored.
CREATE TABLE organizations (
    organization_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    channel text NOT NULL,
    webhook_url text,
    unit_mailbox text
);

-- What referral said last about a referral: its number for people and where it stands.
CREATE TABLE referrals (
    referral_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    reference text,
    status text NOT NULL
);

-- The notice as its final bytes; the same bytes leave by every channel. `position` is the partner's cursor.
CREATE TABLE notices (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id uuid NOT NULL UNIQUE,
    caused_by uuid NOT NULL,
    referral_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    reference text,
    body bytea NOT NULL,
    made_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    UNIQUE (caused_by, organization_id, kind)
);
CREATE INDEX notices_feed ON notices (organization_id, position);

CREATE TABLE deliveries (
    delivery_id uuid PRIMARY KEY,
    notice_id uuid NOT NULL REFERENCES notices (notice_id),
    referral_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    channel text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'sent', 'confirmed', 'failed', 'parked', 'withdrawn')),
    attempt integer NOT NULL DEFAULT 0,
    -- Steps used of the ladder; a replay begins a new ladder and leaves the count of attempts alone.
    step integer NOT NULL DEFAULT 0,
    -- When the next attempt is due; null when none is.
    due_at timestamptz,
    -- Somebody is sending it right now; if that somebody dies, it is due again when this has passed.
    claimed_until timestamptz,
    cause text,
    made_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    UNIQUE (notice_id, channel)
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state IN ('pending', 'failed');
CREATE INDEX deliveries_referral ON deliveries (referral_id);
CREATE INDEX deliveries_open ON deliveries (organization_id, state) WHERE state IN ('pending', 'failed', 'sent', 'parked');

-- Every attempt, for ever visible: no body, no answer text, only what happened.
CREATE TABLE attempts (
    delivery_id uuid NOT NULL REFERENCES deliveries (delivery_id),
    number integer NOT NULL,
    began_at timestamptz NOT NULL,
    latency_ms integer NOT NULL,
    succeeded boolean NOT NULL,
    status_code integer,
    cause text,
    PRIMARY KEY (delivery_id, number)
);

-- How far a partner says it has taken its notices by pull.
CREATE TABLE cursors (
    organization_id uuid PRIMARY KEY,
    acknowledged bigint NOT NULL,
    acknowledged_at timestamptz NOT NULL
);

-- Secrets that sign webhooks, encrypted under a key derived from the deployment key.
CREATE TABLE webhook_secrets (
    organization_id uuid PRIMARY KEY,
    sealed bytea NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);
