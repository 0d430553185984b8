-- Expiry is told before it happens. An entry without content looks the same whether its period was over or somebody got
-- rid of it; so a run names exactly the entries it is about, that is an entry of the log itself, and only then they go.
ALTER TABLE retention_periods
    ADD COLUMN period_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN ground text NOT NULL DEFAULT 'PROOF_OF_DISCLOSURE'
        CHECK (ground IN ('PROOF_OF_DISCLOSURE', 'SECURITY_OF_PROCESSING', 'LEGAL_CLAIM', 'STATUTORY_DUTY'));
ALTER TABLE retention_periods ALTER COLUMN ground DROP DEFAULT;

ALTER TABLE retention_runs
    ADD COLUMN spans int8multirange NOT NULL DEFAULT '{}',
    ADD COLUMN period_id uuid REFERENCES retention_periods (period_id);
ALTER TABLE retention_runs ALTER COLUMN spans DROP DEFAULT;
CREATE INDEX retention_runs_by_span ON retention_runs USING gist (spans);

CREATE TABLE retention_emptied (
    run_id uuid PRIMARY KEY REFERENCES retention_runs (run_id),
    entries bigint NOT NULL,
    emptied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON retention_emptied FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON retention_emptied FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION is_told(wanted bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM retention_runs AS run
        JOIN entries AS told ON told.subject = 'retention/' || run.run_id AND told.type = 'audit.entries_expired.v1'
        WHERE run.spans @> wanted
    )
$$;

-- As before, and: only what the log has told, and never what the log told about expiry.
CREATE OR REPLACE FUNCTION refuse_all_but_expiry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    emptied entries%ROWTYPE := OLD;
BEGIN
    emptied.leaf := NULL;
    emptied.subject := NULL;
    emptied.actor := NULL;
    emptied.correlation_id := NULL;
    emptied.enquiry_id := NULL;
    emptied.referral_id := NULL;
    emptied.person_id := NULL;
    emptied.organization_id := NULL;
    IF OLD.leaf IS NOT NULL AND NEW IS NOT DISTINCT FROM emptied AND OLD.type <> 'audit.entries_expired.v1'
        AND OLD.recorded_at < now() - kept_for(OLD.type) AND is_told(OLD.position) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the log only grows: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- What a role needs to let entries expire, and nothing more: SELECT let_expire('audit_retention'), by the owner.
CREATE FUNCTION let_expire(wanted name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), wanted);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', wanted);
    EXECUTE format('GRANT SELECT ON entries, heads, checkpoints, retention_periods, retention_runs, retention_emptied TO %I', wanted);
    EXECUTE format('GRANT UPDATE (leaf, subject, actor, correlation_id, enquiry_id, referral_id, person_id, organization_id)'
        ' ON entries TO %I', wanted);
    EXECUTE format('GRANT INSERT ON retention_runs, retention_emptied TO %I', wanted);
END $$;
REVOKE ALL ON FUNCTION let_expire(name) FROM PUBLIC;

DO $$
DECLARE
    grantee text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT pg_get_userbyid(acl.grantee)
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = 'retention_emptied'::regclass AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON retention_emptied FROM %I', grantee);
    END LOOP;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'audit_retention') THEN
        PERFORM let_expire('audit_retention');
    END IF;
END $$;
