-- Who issued a report goes when the entry that tells of it may go; the report stays for as long as the log.
ALTER TABLE yearly_reports ALTER COLUMN issued_by DROP NOT NULL;
DROP TRIGGER only_grows ON yearly_reports;
CREATE TRIGGER only_grows BEFORE DELETE ON yearly_reports FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_expires BEFORE UPDATE ON yearly_reports FOR EACH ROW
    EXECUTE FUNCTION refuse_all_but_letting_go('issued_by', 'issued_at', 'audit.report_issued.v1');

-- As before, and: who issued a report.
CREATE OR REPLACE FUNCTION let_expire(wanted name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), wanted);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', wanted);
    EXECUTE format('GRANT SELECT ON entries, heads, checkpoints, retention_periods, retention_runs, retention_emptied TO %I', wanted);
    EXECUTE format('GRANT UPDATE (leaf, subject, actor, correlation_id, enquiry_id, referral_id, person_id, organization_id)'
        ' ON entries TO %I', wanted);
    EXECUTE format('GRANT INSERT ON retention_runs, retention_emptied TO %I', wanted);
    EXECUTE format('GRANT SELECT (assessed_by, assessed_at), UPDATE (note, assessed_by) ON finding_assessments TO %I', wanted);
    EXECUTE format('GRANT SELECT (reviewed_by, reviewed_at), UPDATE (note, filters, reviewed_by) ON reviews TO %I', wanted);
    EXECUTE format('GRANT SELECT (saved_by, saved_at), UPDATE (name, filters, saved_by) ON saved_searches TO %I', wanted);
    EXECUTE format('GRANT SELECT (issued_by, issued_at), UPDATE (issued_by) ON yearly_reports TO %I', wanted);
END $$;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'audit_retention') THEN
        PERFORM let_expire('audit_retention');
    END IF;
END $$;
