-- Matching asks for what is offered on a topic where somebody lives; an index answers that, however large the directory is.

-- The official keys a service names, and what lies around each: '<05334' stands for a service of a town in 05334, of which
-- somebody who only named the district may be asked. '*' is a service without limits.
CREATE FUNCTION reach_of(areas jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN areas = '[]' THEN ARRAY['*'] ELSE ARRAY(
        SELECT named.area FROM jsonb_array_elements_text(areas) AS named (area)
        UNION
        SELECT '<' || left(named.area, around.digits)
        FROM jsonb_array_elements_text(areas) AS named (area), unnest(ARRAY[2, 3, 5, 9]) AS around (digits)
        WHERE around.digits < length(named.area)
    ) END
$$;

ALTER TABLE services
    ADD COLUMN reach text[] GENERATED ALWAYS AS (reach_of(snapshot -> 'areas')) STORED,
    ADD COLUMN audience text GENERATED ALWAYS AS (snapshot ->> 'audience') STORED,
    -- The snapshot without its texts: all that matching reads, small enough to lie in the row.
    ADD COLUMN facts jsonb GENERATED ALWAYS AS (snapshot - ARRAY['name', 'description', 'delimitation']) STORED;

DROP INDEX services_on_topic;
CREATE INDEX services_to_match ON services USING gin (topics, reach) WHERE NOT retired;
