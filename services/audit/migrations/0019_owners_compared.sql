-- Whether `owned_entries` still says what the log says, stretch by stretch, and how it is mended without forgetting what the
-- log can no longer tell.

-- Entries that told whose a case is and have lost their content: hardly any, and looked for in this way alone.
SET LOCAL statement_timeout = 0;
CREATE INDEX entries_that_told ON entries (position)
    WHERE (leaf IS NULL AND type IN ('referral.enquiry_recorded.v1', 'referral.drafted.v1')) IS TRUE;

-- In a stretch of the log: what is missing in the list of owners, and what stands there too much. Where an entry that told
-- whose a case is, or which case a referral belongs to, has lost its content, the log no longer knows everything the list
-- does: what may come of that is no difference. It may be that a second controller once knew a person (so that what is about
-- her alone is missing in both lists), and what is left of a case that is gone stays its controller's.
CREATE FUNCTION owners_astray(first bigint, until bigint)
RETURNS TABLE (astray_at bigint, astray_controller uuid, is_missing boolean) LANGUAGE sql STABLE AS $$
    WITH part AS MATERIALIZED (
        SELECT position, person_id, num_nonnulls(enquiry_id, referral_id) = 0 AS is_of_no_case,
            num_nonnulls(enquiry_id, referral_id, person_id) = 0 AS is_nobodys
        FROM entries WHERE position >= first AND position < until
    ), due AS MATERIALIZED (
        SELECT DISTINCT position, controller_id, type, occurred_at FROM whose_entries
        WHERE position >= first AND position < until
    ), kept AS MATERIALIZED (
        SELECT position, controller_id, type, occurred_at FROM owned_entries WHERE position >= first AND position < until
    ), gone AS MATERIALIZED (
        SELECT EXISTS (
            SELECT 1 FROM entries
            WHERE (leaf IS NULL AND type IN ('referral.enquiry_recorded.v1', 'referral.drafted.v1')) IS TRUE
        ) AS is_any
    )
    SELECT position, controller_id, true FROM (TABLE due EXCEPT TABLE kept) AS missing JOIN part USING (position), gone
    WHERE NOT (is_of_no_case AND is_any)
    UNION ALL
    SELECT position, controller_id, false FROM (TABLE kept EXCEPT TABLE due) AS surplus LEFT JOIN part USING (position), gone
    WHERE NOT is_any OR part.position IS NULL OR is_nobodys
        OR (NOT is_of_no_case AND EXISTS (SELECT 1 FROM due WHERE due.position = surplus.position))
        OR (is_of_no_case AND 1 < (SELECT count(DISTINCT own.organization_id) FROM entries AS own
            WHERE own.person_id = part.person_id AND own.type = 'referral.enquiry_recorded.v1'))
$$;

-- What the clock found when it last compared each stretch of 8,192 entries.
CREATE TABLE owner_checks (
    block bigint PRIMARY KEY CHECK (block >= 0),
    missing bigint NOT NULL CHECK (missing >= 0),
    surplus bigint NOT NULL CHECK (surplus >= 0),
    checked_at timestamptz NOT NULL
);
CREATE INDEX owner_checks_by_time ON owner_checks (checked_at, block);
CREATE INDEX owner_checks_differing ON owner_checks (block) INCLUDE (missing, surplus) WHERE missing + surplus > 0;

-- By the owner, after a repair: takes away what the log contradicts, adds what is missing, and leaves what is left of cases
-- long gone, whose controller only this list still knows. Everything is compared again after that.
CREATE OR REPLACE FUNCTION own_everything() RETURNS void LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    last bigint := greatest((SELECT max(position) FROM entries), (SELECT max(position) FROM owned_entries));
BEGIN
    FOR start IN 0 .. coalesce(last, -1) BY 8192 LOOP
        DELETE FROM owned_entries USING owners_astray(start, start + 8192) AS astray
        WHERE NOT is_missing AND position = astray_at AND controller_id = astray_controller;
        INSERT INTO owned_entries (controller_id, position, type, occurred_at)
        SELECT controller_id, position, type, occurred_at FROM whose_entries
        WHERE position >= start AND position < start + 8192 ON CONFLICT DO NOTHING;
    END LOOP;
    DELETE FROM owner_checks;
END $$;
