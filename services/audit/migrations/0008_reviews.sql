-- Searches an officer keeps under a name of her own, sealed: her words. A dropped one is a row more.
CREATE TABLE saved_searches (
    search_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    is_kept boolean NOT NULL,
    name bytea,
    name_sha256 text NOT NULL CHECK (name_sha256 ~ '^[0-9a-f]{64}$'),
    -- ids, codes and times, as they stand in the address of the search
    filters jsonb NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (search_id, number)
);

-- Reviews that were held: by whom, of what, under which head, and how much there was to be seen.
CREATE TABLE reviews (
    review_id uuid PRIMARY KEY,
    search_id uuid,
    filters jsonb NOT NULL,
    size bigint NOT NULL REFERENCES checkpoints (size),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    entries bigint NOT NULL CHECK (entries >= 0),
    findings bigint NOT NULL CHECK (findings >= 0),
    waiting bigint NOT NULL CHECK (waiting >= 0 AND waiting <= findings),
    note bytea,
    note_sha256 text NOT NULL CHECK (note_sha256 ~ '^[0-9a-f]{64}$'),
    reviewed_by text NOT NULL,
    reviewed_at timestamptz NOT NULL
);
CREATE INDEX reviews_by_time ON reviews (reviewed_at, review_id);

-- What happened how often, per stretch of 8,192 entries: a report adds up stretches and counts the newest few itself.
-- Counts of codes only; where they are shown, small ones are hidden.
CREATE TABLE tallies (
    block bigint NOT NULL CHECK (block >= 0),
    year smallint NOT NULL,
    measure text NOT NULL,
    codes text[] NOT NULL,
    n bigint NOT NULL CHECK (n > 0),
    PRIMARY KEY (block, year, measure, codes)
);
CREATE INDEX tallies_by_year ON tallies (year, measure, codes) INCLUDE (n);
CREATE TABLE tallied_blocks (
    block bigint PRIMARY KEY CHECK (block >= 0),
    counted_at timestamptz NOT NULL
);

CREATE FUNCTION refuse_all_but_words_expiry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    column_name text := TG_ARGV[0];
    at timestamptz := (to_jsonb(OLD) ->> TG_ARGV[1])::timestamptz;
BEGIN
    IF to_jsonb(OLD) ->> column_name IS NOT NULL
        AND to_jsonb(NEW) = to_jsonb(OLD) || jsonb_build_object(column_name, NULL)
        AND at < now() - kept_for(TG_ARGV[2]) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'reviews only grow: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER only_expires BEFORE UPDATE ON saved_searches
    FOR EACH ROW EXECUTE FUNCTION refuse_all_but_words_expiry('name', 'saved_at', 'audit.search_saved.v1');
CREATE TRIGGER only_expires BEFORE UPDATE ON reviews
    FOR EACH ROW EXECUTE FUNCTION refuse_all_but_words_expiry('note', 'reviewed_at', 'audit.review_held.v1');

DO $$
DECLARE
    log_table text;
BEGIN
    FOREACH log_table IN ARRAY ARRAY['saved_searches', 'reviews', 'tallies', 'tallied_blocks'] LOOP
        EXECUTE format('CREATE TRIGGER only_grows BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', log_table);
        EXECUTE format('CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', log_table);
        IF log_table IN ('tallies', 'tallied_blocks') THEN
            EXECUTE format('CREATE TRIGGER only_adds BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', log_table);
        END IF;
        PERFORM let_only_grow(log_table::regclass);
    END LOOP;
END $$;

-- As before, and: names of searches and notes of reviews whose time is over.
CREATE OR REPLACE FUNCTION let_expire(wanted name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), wanted);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', wanted);
    EXECUTE format('GRANT SELECT ON entries, heads, checkpoints, retention_periods, retention_runs, retention_emptied TO %I', wanted);
    EXECUTE format('GRANT UPDATE (leaf, subject, actor, correlation_id, enquiry_id, referral_id, person_id, organization_id)'
        ' ON entries TO %I', wanted);
    EXECUTE format('GRANT INSERT ON retention_runs, retention_emptied TO %I', wanted);
    EXECUTE format('GRANT SELECT (note, assessed_at), UPDATE (note) ON finding_assessments TO %I', wanted);
    EXECUTE format('GRANT SELECT (note, reviewed_at), UPDATE (note) ON reviews TO %I', wanted);
    EXECUTE format('GRANT SELECT (name, saved_at), UPDATE (name) ON saved_searches TO %I', wanted);
END $$;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'audit_retention') THEN
        PERFORM let_expire('audit_retention');
    END IF;
END $$;
