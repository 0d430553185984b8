-- Retention: when an entry's period is over its content goes and its hashes stay, so the tree can still be verified.
-- The periods are configuration with a legal reason; the newest row of a kind counts, and none is ever taken back.
CREATE TABLE retention_periods (
    kind text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    keep interval NOT NULL CHECK (keep >= interval '1 year'),
    legal_reason text NOT NULL CHECK (length(legal_reason) > 5),
    PRIMARY KEY (kind, since)
);
COMMENT ON COLUMN retention_periods.kind IS 'an event type, or * for all that have no period of their own';
INSERT INTO retention_periods (kind, keep, legal_reason)
VALUES ('*', interval '3 years', 'proof of lawful disclosure, GDPR Art. 5(2) and 7(1); to be confirmed by the data-protection officer');

CREATE TABLE retention_runs (
    run_id uuid PRIMARY KEY,
    ran_at timestamptz NOT NULL DEFAULT now(),
    ran_by text NOT NULL DEFAULT session_user,
    entries bigint NOT NULL CHECK (entries > 0),
    first bigint NOT NULL,
    last bigint NOT NULL
);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON retention_periods FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON retention_runs FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON retention_periods FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON retention_runs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION kept_for(wanted text) RETURNS interval LANGUAGE sql STABLE AS $$
    SELECT keep FROM retention_periods WHERE kind IN (wanted, '*') ORDER BY kind = wanted DESC, since DESC LIMIT 1
$$;

ALTER TABLE entries ALTER COLUMN actor DROP NOT NULL;
ALTER TABLE entries ADD CHECK (actor IS NOT NULL OR leaf IS NULL);

-- The one change an entry may ever see: everything that says something goes at once, after its time, and nothing else moves.
CREATE FUNCTION refuse_all_but_expiry() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF OLD.leaf IS NOT NULL AND NEW IS NOT DISTINCT FROM emptied AND OLD.recorded_at < now() - kept_for(OLD.type) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the log only grows: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER only_grows ON entries;
CREATE TRIGGER only_grows BEFORE DELETE ON entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_expires BEFORE UPDATE ON entries FOR EACH ROW EXECUTE FUNCTION refuse_all_but_expiry();

-- The service itself has no part in this; a role of its own has, where the deployment made one.
DO $$
DECLARE
    grantee text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT pg_get_userbyid(acl.grantee)
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid IN ('retention_periods'::regclass, 'retention_runs'::regclass)
            AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON retention_periods, retention_runs FROM %I', grantee);
    END LOOP;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'audit_retention') THEN
        GRANT USAGE ON SCHEMA public TO audit_retention;
        GRANT SELECT ON entries, retention_periods, retention_runs TO audit_retention;
        GRANT UPDATE (leaf, subject, actor, correlation_id, enquiry_id, referral_id, person_id, organization_id)
            ON entries TO audit_retention;
        GRANT INSERT ON retention_runs TO audit_retention;
    END IF;
END $$;
