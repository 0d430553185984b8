-- What the rules made of the log, kept so that no page has to read it all: a row each time the facts of a finding change.
-- The rules stay the one truth; whoever runs them over the whole log finds the newest row of each finding again.
CREATE TABLE finding_facts (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    finding_id uuid NOT NULL,
    kind text NOT NULL,
    -- the entry that names the finding for ever; the one that is shown may be a later one
    anchor bigint NOT NULL CHECK (anchor >= 0),
    position bigint NOT NULL,
    because bigint,
    entries integer NOT NULL CHECK (entries > 0),
    last bigint NOT NULL,
    holds boolean NOT NULL,
    -- how many entries the log had when this was noticed
    size bigint NOT NULL,
    noticed_at timestamptz NOT NULL
);
CREATE INDEX finding_facts_newest ON finding_facts (finding_id, number DESC);
CREATE INDEX finding_facts_by_anchor ON finding_facts (kind, anchor, number DESC);

-- How far the rules have read, and for which day they have judged what runs out.
CREATE TABLE finding_rounds (
    size bigint NOT NULL CHECK (size >= 0),
    day date NOT NULL,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (size, day)
);

-- On which day a statement on deletion becomes overdue: the leaf alone says it, and no index reads a leaf.
CREATE TABLE finding_dues (
    position bigint PRIMARY KEY,
    due_on date NOT NULL
);
CREATE INDEX finding_dues_by_day ON finding_dues (due_on, position);

-- What the officer made of it. The note is sealed; the log holds its hash. Number 1 is the first assessment of a finding.
CREATE TABLE finding_assessments (
    finding_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    facts bigint NOT NULL REFERENCES finding_facts (number),
    judgement text NOT NULL CHECK (judgement IN ('harmless', 'needs_clarification', 'breach')),
    signed_off boolean NOT NULL,
    note bytea,
    note_sha256 text NOT NULL CHECK (note_sha256 ~ '^[0-9a-f]{64}$'),
    assessed_by text NOT NULL,
    assessed_at timestamptz NOT NULL,
    PRIMARY KEY (finding_id, number),
    CHECK (NOT signed_off OR judgement <> 'needs_clarification')
);

-- What an emptied entry might have said is asked for often; there are few of them.
CREATE INDEX entries_emptied ON entries (type, occurred_at) WHERE leaf IS NULL;

-- A note goes when the entry that tells of it may go; everything else about an assessment stays.
CREATE FUNCTION refuse_all_but_a_note_s_expiry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    emptied finding_assessments%ROWTYPE := OLD;
BEGIN
    emptied.note := NULL;
    IF OLD.note IS NOT NULL AND NEW IS NOT DISTINCT FROM emptied
        AND OLD.assessed_at < now() - kept_for('audit.finding_assessed.v1') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'assessments only grow: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER only_expires BEFORE UPDATE ON finding_assessments
    FOR EACH ROW EXECUTE FUNCTION refuse_all_but_a_note_s_expiry();
CREATE TRIGGER only_grows BEFORE DELETE ON finding_assessments FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON finding_assessments FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- For tables that only grow: triggers against everybody, and no right to try for any role but the owner.
CREATE FUNCTION let_only_grow(log_table regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    grantee text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT pg_get_userbyid(acl.grantee)
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = log_table AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES ON %s FROM %I', log_table, grantee);
    END LOOP;
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', log_table);
END $$;
REVOKE ALL ON FUNCTION let_only_grow(regclass) FROM PUBLIC;

DO $$
DECLARE
    log_table text;
BEGIN
    FOREACH log_table IN ARRAY ARRAY['finding_facts', 'finding_rounds', 'finding_dues'] LOOP
        EXECUTE format('CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', log_table);
        EXECUTE format('CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', log_table);
        PERFORM let_only_grow(log_table::regclass);
    END LOOP;
    PERFORM let_only_grow('finding_assessments'::regclass);
END $$;

-- As before, and: the notes whose time is over.
CREATE OR REPLACE FUNCTION let_expire(wanted name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), wanted);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', wanted);
    EXECUTE format('GRANT SELECT ON entries, heads, checkpoints, retention_periods, retention_runs, retention_emptied TO %I', wanted);
    EXECUTE format('GRANT UPDATE (leaf, subject, actor, correlation_id, enquiry_id, referral_id, person_id, organization_id)'
        ' ON entries TO %I', wanted);
    EXECUTE format('GRANT INSERT ON retention_runs, retention_emptied TO %I', wanted);
    EXECUTE format('GRANT SELECT (note, assessed_at), UPDATE (note) ON finding_assessments TO %I', wanted);
END $$;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'audit_retention') THEN
        PERFORM let_expire('audit_retention');
    END IF;
END $$;
