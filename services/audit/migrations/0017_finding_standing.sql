-- Where each finding stands, a row each: its newest facts beside its newest assessment, and the state these come to.
-- Facts and assessments stay what counts; this is what the database makes of them as they come, so that a page need not
-- put all of them together again. It can be found anew from them (`stand_anew`).
CREATE TABLE finding_standing (
    finding_id uuid PRIMARY KEY,
    number bigint NOT NULL,
    kind text NOT NULL,
    anchor bigint NOT NULL,
    position bigint NOT NULL,
    because bigint,
    entries integer NOT NULL,
    last bigint NOT NULL,
    holds boolean NOT NULL,
    first_at timestamptz NOT NULL,
    noticed_at timestamptz NOT NULL,
    assessment integer NOT NULL DEFAULT 0,
    facts bigint,
    judgement text,
    signed_off boolean,
    assessed_at timestamptz,
    state text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN facts = number AND signed_off THEN 'signed_off' WHEN facts = number THEN 'assessed'
            WHEN NOT holds AND facts IS NULL THEN 'settled_unseen' WHEN NOT holds THEN 'settled'
            WHEN facts IS NULL THEN 'open' ELSE 'reopened' END
    ) STORED,
    -- where an auditor looks for hers; whether it is hers `owned_entries` says
    controllers uuid[] NOT NULL
);
CREATE INDEX finding_standing_newest ON finding_standing (number);
CREATE INDEX finding_standing_waiting ON finding_standing (number)
    WHERE state IN ('open', 'reopened', 'settled_unseen');
CREATE INDEX finding_standing_counted ON finding_standing (kind, state);
CREATE INDEX finding_standing_shown ON finding_standing (position);
CREATE INDEX finding_standing_whose ON finding_standing USING gin (controllers);

CREATE FUNCTION owners_of(wanted bigint) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT controller_id FROM owned_entries WHERE position = wanted ORDER BY controller_id)
$$;

CREATE FUNCTION stand_by_facts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO finding_standing AS known (finding_id, number, kind, anchor, position, because, entries, last, holds,
        first_at, noticed_at, controllers)
    VALUES (NEW.finding_id, NEW.number, NEW.kind, NEW.anchor, NEW.position, NEW.because, NEW.entries, NEW.last, NEW.holds,
        NEW.noticed_at, NEW.noticed_at, owners_of(NEW.position))
    ON CONFLICT (finding_id) DO UPDATE SET (number, kind, anchor, position, because, entries, last, holds, noticed_at,
        controllers) = (excluded.number, excluded.kind, excluded.anchor, excluded.position, excluded.because,
        excluded.entries, excluded.last, excluded.holds, excluded.noticed_at, excluded.controllers)
    WHERE known.number < excluded.number;
    RETURN NULL;
END $$;
CREATE TRIGGER stand AFTER INSERT ON finding_facts FOR EACH ROW EXECUTE FUNCTION stand_by_facts();

CREATE FUNCTION stand_by_assessment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    UPDATE finding_standing SET (assessment, facts, judgement, signed_off, assessed_at)
        = (NEW.number, NEW.facts, NEW.judgement, NEW.signed_off, NEW.assessed_at)
    WHERE finding_id = NEW.finding_id AND assessment < NEW.number;
    RETURN NULL;
END $$;
CREATE TRIGGER stand AFTER INSERT ON finding_assessments FOR EACH ROW EXECUTE FUNCTION stand_by_assessment();

-- A case may be recorded after its entries: asked of each stretch the rules have read, under their lock. What is found in
-- the stretch itself was found with its owners.
CREATE FUNCTION own_findings(first bigint, until bigint) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
    UPDATE finding_standing SET controllers = owners_of(position)
    WHERE position = ANY(ARRAY(SELECT seen_at FROM of_cases_told(ARRAY(
            SELECT position FROM entries WHERE position >= first AND position < until
                AND type IN ('referral.enquiry_recorded.v1', 'referral.drafted.v1')
        )) WHERE seen_at < first)) AND controllers <> owners_of(position)
$$;

CREATE OR REPLACE FUNCTION disown_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM owned_entries USING emptied WHERE owned_entries.position = emptied.position;
    UPDATE finding_standing SET controllers = '{}' FROM emptied
    WHERE finding_standing.position = emptied.position AND controllers <> '{}';
    RETURN NULL;
END $$;

-- All of it anew, by the owner.
CREATE FUNCTION stand_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE finding_standing;
    INSERT INTO finding_standing (finding_id, number, kind, anchor, position, because, entries, last, holds, first_at,
        noticed_at, assessment, facts, judgement, signed_off, assessed_at, controllers)
    SELECT finding_id, newest.number, kind, anchor, position, because, entries, last, holds, first_at, noticed_at,
        coalesce(said.number, 0), facts, judgement, signed_off, assessed_at, owners_of(position)
    FROM (SELECT DISTINCT ON (finding_id) * FROM finding_facts ORDER BY finding_id, number DESC) AS newest
    JOIN (SELECT DISTINCT ON (finding_id) finding_id, noticed_at AS first_at FROM finding_facts
          ORDER BY finding_id, number) AS earliest USING (finding_id)
    LEFT JOIN (SELECT DISTINCT ON (finding_id) finding_id, number, facts, judgement, signed_off, assessed_at
          FROM finding_assessments ORDER BY finding_id, number DESC) AS said USING (finding_id);
END $$;
REVOKE ALL ON FUNCTION stand_anew() FROM PUBLIC;
SELECT let_only_read('finding_standing'), stand_anew();
