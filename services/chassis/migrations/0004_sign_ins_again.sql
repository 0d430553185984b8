-- How somebody proved at the issuer who she is, and when: doors that matter most ask for more than others.
ALTER TABLE web_sessions ADD COLUMN authenticated_at timestamptz;
ALTER TABLE web_sessions ADD COLUMN acr text;
-- The issuer's own session (its sid, hashed): when it ends there, those that began with it end here.
ALTER TABLE web_sessions ADD COLUMN issuer_session bytea;
CREATE INDEX web_sessions_issuer ON web_sessions (issuer_session) WHERE revoked_at IS NULL;

-- Whether this way out was taken to sign in anew, more strongly: then no less may come back.
ALTER TABLE sign_ins ADD COLUMN is_step_up boolean NOT NULL DEFAULT false;
