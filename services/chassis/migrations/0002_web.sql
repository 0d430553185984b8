-- Who is signed in. The cookie's value is not here, only its hash: reading this table does not let anybody in.
CREATE TABLE web_sessions (
    session_id uuid PRIMARY KEY,
    token_sha256 bytea NOT NULL UNIQUE,
    csrf text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('staff', 'desk')),
    actor text NOT NULL,
    roles text[] NOT NULL DEFAULT '{}',
    role text,
    site text,
    employer uuid,
    organization_id uuid,
    unit text,
    only_subject uuid,
    began_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX web_sessions_actor ON web_sessions (actor) WHERE revoked_at IS NULL;
CREATE INDEX web_sessions_ends ON web_sessions (ends_at);

-- A sign-in under way between our door and the issuer's: used once, then it has no second life.
CREATE TABLE sign_ins (
    state_sha256 bytea PRIMARY KEY,
    browser_sha256 bytea NOT NULL,
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    next_path text NOT NULL,
    began_at timestamptz NOT NULL,
    used_at timestamptz,
    -- Set when somebody with several roles still has to choose one.
    caller jsonb,
    chosen_at timestamptz
);
CREATE INDEX sign_ins_began ON sign_ins (began_at);

-- Single-use tokens that were used (links of the light path); kept until they would have expired anyway.
CREATE TABLE used_tokens (
    purpose text NOT NULL,
    token_id text NOT NULL,
    used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (purpose, token_id)
);
CREATE INDEX used_tokens_expires ON used_tokens (expires_at);
