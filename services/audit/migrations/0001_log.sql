-- The log: one row per entry, in order of arrival. Rows are added and read; nobody changes or removes one.
CREATE TABLE entries (
    position bigint PRIMARY KEY CHECK (position >= 0),
    event_id uuid NOT NULL UNIQUE,
    type text NOT NULL,
    source text NOT NULL,
    stream_position bigint,
    subject text,
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    correlation_id uuid,
    enquiry_id uuid,
    referral_id uuid,
    person_id uuid,
    organization_id uuid,
    leaf bytea,
    leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),
    chain_hash bytea NOT NULL CHECK (octet_length(chain_hash) = 32),
    CHECK (leaf IS NULL OR leaf_hash = sha256('\x00'::bytea || leaf))
);
-- Every search runs backwards in time and goes on after a key, so each index ends in (occurred_at, position).
CREATE INDEX entries_by_time ON entries (occurred_at, position);
CREATE INDEX entries_by_type ON entries (type, occurred_at, position);
CREATE INDEX entries_by_subject ON entries (subject, occurred_at, position) WHERE subject IS NOT NULL;
CREATE INDEX entries_by_actor ON entries (actor, occurred_at, position);
CREATE INDEX entries_by_enquiry ON entries (enquiry_id, occurred_at, position) WHERE enquiry_id IS NOT NULL;
CREATE INDEX entries_by_referral ON entries (referral_id, occurred_at, position) WHERE referral_id IS NOT NULL;
CREATE INDEX entries_by_person ON entries (person_id, occurred_at, position) WHERE person_id IS NOT NULL;
CREATE INDEX entries_by_organization ON entries (organization_id, occurred_at, position) WHERE organization_id IS NOT NULL;
-- Where each entry stood in its service's stream: a gap here is an event that never arrived.
CREATE INDEX entries_by_stream ON entries (source, stream_position) WHERE stream_position IS NOT NULL;

-- Roots of complete subtrees of 256, 65,536, ... leaves: a proof reads a few of them instead of the whole log.
CREATE TABLE tiles (
    level smallint NOT NULL CHECK (level > 0 AND level % 8 = 0),
    index bigint NOT NULL CHECK (index >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, index)
);

-- Where each batch left the tree: its right edge, so that the next batch needs no other row.
CREATE TABLE heads (
    size bigint PRIMARY KEY CHECK (size > 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    frontier bytea NOT NULL,
    chain_hash bytea NOT NULL CHECK (octet_length(chain_hash) = 32),
    recorded_at timestamptz NOT NULL
);

-- Signed heads, exactly as they leave the database.
CREATE TABLE checkpoints (
    size bigint PRIMARY KEY REFERENCES heads (size),
    note text NOT NULL,
    signed_at timestamptz NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log only grows: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- Even the owner is refused; and no role but the owner may so much as try.
DO $$
DECLARE
    log_table text;
    grantee text;
BEGIN
    FOREACH log_table IN ARRAY ARRAY['entries', 'tiles', 'heads', 'checkpoints'] LOOP
        EXECUTE format('CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', log_table);
        EXECUTE format('CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', log_table);
        FOR grantee IN
            SELECT DISTINCT pg_get_userbyid(acl.grantee)
            FROM pg_class, aclexplode(relacl) AS acl
            WHERE oid = log_table::regclass AND acl.grantee <> relowner AND acl.grantee <> 0
        LOOP
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES ON %I FROM %I', log_table, grantee);
        END LOOP;
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', log_table);
    END LOOP;
END $$;
