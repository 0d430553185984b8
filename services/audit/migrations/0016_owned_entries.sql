-- Whose an entry is, kept in the same transaction as the entry: a row for each controller it is of. An auditor's page
-- walks her controller's own list instead of collecting all her cases first. Everything here is derived from the log
-- and can be found anew from it (`own_everything`); nobody but the database itself writes it.
CREATE TABLE owned_entries (
    controller_id uuid NOT NULL,
    position bigint NOT NULL,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (position, controller_id)
);
CREATE INDEX owned_entries_by_time ON owned_entries (controller_id, occurred_at, position);
CREATE INDEX owned_entries_by_type ON owned_entries (controller_id, type, occurred_at, position);

-- From a case to its controller, from a referral to its case: one row each, read in the index alone.
DROP INDEX entries_by_controller;
CREATE INDEX entries_by_recorded ON entries (enquiry_id, organization_id) WHERE type = 'referral.enquiry_recorded.v1';
CREATE INDEX entries_by_drafted ON entries (referral_id, enquiry_id) WHERE type = 'referral.drafted.v1';

-- The one definition: a case is its controller's who recorded the enquiry, and so is what is about a person whom no
-- other knows. A controller may stand here twice beside an entry.
CREATE VIEW whose_entries AS
SELECT owner.controller_id, entries.position, entries.type, entries.occurred_at
FROM entries CROSS JOIN LATERAL (
    SELECT own.organization_id AS controller_id FROM entries AS own
    WHERE own.enquiry_id = entries.enquiry_id AND own.type = 'referral.enquiry_recorded.v1'
    UNION ALL
    SELECT own.organization_id FROM entries AS drafted JOIN entries AS own ON own.enquiry_id = drafted.enquiry_id
    WHERE drafted.referral_id = entries.referral_id AND drafted.type = 'referral.drafted.v1'
        AND own.type = 'referral.enquiry_recorded.v1'
    UNION ALL
    SELECT own.organization_id FROM entries AS own
    WHERE entries.enquiry_id IS NULL AND entries.referral_id IS NULL AND own.person_id = entries.person_id
        AND own.type = 'referral.enquiry_recorded.v1' AND NOT EXISTS (
            SELECT 1 FROM entries AS other WHERE other.person_id = own.person_id
                AND other.type = 'referral.enquiry_recorded.v1' AND other.organization_id <> own.organization_id)
) AS owner WHERE owner.controller_id IS NOT NULL;

-- The entries these tell something new about: whose case it is, or which case a referral belongs to.
CREATE FUNCTION of_cases_told(told_at bigint[]) RETURNS TABLE (seen_at bigint) LANGUAGE sql STABLE AS $$
    SELECT seen.position FROM entries AS told JOIN entries AS seen ON seen.enquiry_id = told.enquiry_id
    WHERE told.position = ANY(told_at) AND told.type = 'referral.enquiry_recorded.v1'
    UNION
    SELECT seen.position FROM entries AS told
        JOIN entries AS drafted ON drafted.enquiry_id = told.enquiry_id AND drafted.type = 'referral.drafted.v1'
        JOIN entries AS seen ON seen.referral_id = drafted.referral_id
    WHERE told.position = ANY(told_at) AND told.type = 'referral.enquiry_recorded.v1'
    UNION
    SELECT seen.position FROM entries AS told JOIN entries AS seen ON seen.referral_id = told.referral_id
    WHERE told.position = ANY(told_at) AND told.type = 'referral.drafted.v1'
    UNION
    SELECT seen.position FROM entries AS told JOIN entries AS seen ON seen.person_id = told.person_id
    WHERE told.position = ANY(told_at) AND told.type = 'referral.enquiry_recorded.v1'
        AND seen.enquiry_id IS NULL AND seen.referral_id IS NULL
$$;

-- With each batch: its own entries, and earlier ones it tells something about - events arrive in any order. Nothing is
-- taken from a controller but what is about a person alone, once another knows her, too. Plans are kept, so they must
-- not come from the days when the log was short.
CREATE FUNCTION own_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    touched bigint[] := ARRAY(
        SELECT position FROM fresh WHERE num_nonnulls(enquiry_id, referral_id, person_id) > 0
    );
    told bigint[] := ARRAY(
        SELECT position FROM fresh WHERE type IN ('referral.enquiry_recorded.v1', 'referral.drafted.v1')
    );
BEGIN
    IF told <> '{}' THEN
        touched := touched || ARRAY(SELECT seen_at FROM of_cases_told(told) WHERE seen_at <> ALL(touched));
        DELETE FROM owned_entries WHERE position IN (
            SELECT seen.position FROM entries AS own
                JOIN entries AS other ON other.person_id = own.person_id
                    AND other.type = 'referral.enquiry_recorded.v1' AND other.organization_id <> own.organization_id
                JOIN entries AS seen ON seen.person_id = own.person_id
            WHERE own.position = ANY(told) AND own.type = 'referral.enquiry_recorded.v1'
                AND seen.enquiry_id IS NULL AND seen.referral_id IS NULL
        );
    END IF;
    INSERT INTO owned_entries (controller_id, position, type, occurred_at)
    SELECT controller_id, position, type, occurred_at FROM whose_entries WHERE position = ANY(touched)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER are_owned AFTER INSERT ON entries REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION own_entries();

-- An entry whose content went after its period is nobody's any more. One that is left of a case of which the rest is
-- gone - that somebody looked at it - stays its controller's.
CREATE FUNCTION disown_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM owned_entries USING emptied WHERE owned_entries.position = emptied.position;
    RETURN NULL;
END $$;
CREATE TRIGGER are_disowned AFTER UPDATE ON entries REFERENCING NEW TABLE AS emptied
    FOR EACH STATEMENT EXECUTE FUNCTION disown_entries();

-- All of it anew, by the owner: after a repair, and once for a log that was there before. Of what is left of cases long
-- gone it finds no controller any more.
CREATE FUNCTION own_everything() RETURNS void LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    TRUNCATE owned_entries;
    INSERT INTO owned_entries (controller_id, position, type, occurred_at)
    SELECT controller_id, position, type, occurred_at FROM whose_entries ON CONFLICT DO NOTHING;
END $$;
REVOKE ALL ON FUNCTION own_everything() FROM PUBLIC;

-- For tables the database keeps by itself: no role but the owner writes them.
CREATE FUNCTION let_only_read(kept_table regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    grantee text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT pg_get_userbyid(acl.grantee)
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = kept_table AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES ON %s FROM %I', kept_table, grantee);
    END LOOP;
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', kept_table);
END $$;
REVOKE ALL ON FUNCTION let_only_read(regclass) FROM PUBLIC;

-- A long log takes minutes.
SET LOCAL statement_timeout = 0;
SELECT let_only_read('owned_entries'), let_only_read('whose_entries'), own_everything();
