-- What officers keep goes as a whole when the entry that tells of it may go: her words, what she looked for, and who she
-- was. Words that are gone while their author still stands there were taken by somebody.
ALTER TABLE finding_assessments ALTER COLUMN assessed_by DROP NOT NULL;
ALTER TABLE reviews ALTER COLUMN filters DROP NOT NULL, ALTER COLUMN reviewed_by DROP NOT NULL;
ALTER TABLE saved_searches ALTER COLUMN filters DROP NOT NULL, ALTER COLUMN saved_by DROP NOT NULL;

-- Named are the columns that are emptied together, the column with the time, and the kind of entry whose period counts.
CREATE FUNCTION refuse_all_but_letting_go() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    emptied jsonb := to_jsonb(OLD);
    at timestamptz := (to_jsonb(OLD) ->> TG_ARGV[1])::timestamptz;
    column_name text;
BEGIN
    FOREACH column_name IN ARRAY string_to_array(TG_ARGV[0], ' ') LOOP
        emptied := emptied || jsonb_build_object(column_name, NULL);
    END LOOP;
    IF emptied <> to_jsonb(OLD) AND to_jsonb(NEW) = emptied AND at < now() - kept_for(TG_ARGV[2]) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what officers said only grows: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER only_expires ON finding_assessments;
DROP TRIGGER only_expires ON reviews;
DROP TRIGGER only_expires ON saved_searches;
DROP FUNCTION refuse_all_but_a_note_s_expiry();
DROP FUNCTION refuse_all_but_words_expiry();
CREATE TRIGGER only_expires BEFORE UPDATE ON finding_assessments FOR EACH ROW
    EXECUTE FUNCTION refuse_all_but_letting_go('note assessed_by', 'assessed_at', 'audit.finding_assessed.v1');
CREATE TRIGGER only_expires BEFORE UPDATE ON reviews FOR EACH ROW
    EXECUTE FUNCTION refuse_all_but_letting_go('note filters reviewed_by', 'reviewed_at', 'audit.review_held.v1');
CREATE TRIGGER only_expires BEFORE UPDATE ON saved_searches FOR EACH ROW
    EXECUTE FUNCTION refuse_all_but_letting_go('name filters saved_by', 'saved_at', 'audit.search_saved.v1');

-- As before, and: all that goes together.
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
END $$;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'audit_retention') THEN
        PERFORM let_expire('audit_retention');
    END IF;
END $$;
