-- Somebody looked and found that a translation still fits, though the German was changed after it: for just this German
-- text. All else about translations is computed from the history.
CREATE TABLE translations_checked (
    kind          text NOT NULL,
    id            uuid NOT NULL,
    field         text NOT NULL,
    language      text NOT NULL,
    german_sha256 text NOT NULL,
    checked_by    text NOT NULL,
    checked_at    timestamptz NOT NULL,
    PRIMARY KEY (kind, id, field, language)
);

-- The texts persons read, each as it stands now. What is retired is read by nobody.
CREATE VIEW public_texts AS
    SELECT e.kind, e.id, e.organization_id, e.name, f.field, e.document -> f.field AS texts
    FROM (
        SELECT 'service' AS kind, id, organization_id, document -> 'name' AS name, document FROM services
            WHERE status IN ('active', 'temporarily closed')
        UNION ALL SELECT 'organization', id, id, document -> 'name', document FROM organizations
    ) AS e
    CROSS JOIN unnest(ARRAY['name', 'description', 'alert', 'eligibility_description', 'application_process',
        'fees_description']) AS f (field)
    WHERE jsonb_typeof(e.document -> f.field) = 'object' AND e.document -> f.field <> '{}';

-- Texts that have changed since their object was first written, with the number of the state in which each language of
-- them was written last; an object that was never changed cannot have an outdated translation.
CREATE VIEW texts_written AS
    SELECT kind, id, field, language, max(number) FILTER (WHERE is_new) AS number
    FROM (
        SELECT h.kind, h.id, h.number, f.field, t.language,
            lag(t.text) OVER (PARTITION BY h.kind, h.id, f.field, t.language ORDER BY h.number)
                IS DISTINCT FROM t.text AS is_new
        FROM object_history h
        CROSS JOIN unnest(ARRAY['name', 'description', 'alert', 'eligibility_description', 'application_process',
            'fees_description']) AS f (field)
        CROSS JOIN LATERAL jsonb_each_text(
            CASE jsonb_typeof(h.document -> f.field) WHEN 'object' THEN h.document -> f.field ELSE '{}' END
        ) AS t (language, text)
        WHERE h.kind IN ('service', 'organization')
            AND EXISTS (SELECT FROM object_history other
                WHERE other.kind = h.kind AND other.id = h.id AND other.number <> h.number)
    ) AS said
    GROUP BY kind, id, field, language;

-- Translations that are older than the German text beside them, unless somebody found that they still fit it.
CREATE VIEW outdated_texts AS
    SELECT german.kind, german.id, german.field, written.language, p.organization_id, p.name,
        encode(sha256(convert_to(p.texts ->> 'de', 'UTF8')), 'hex') AS german_sha256
    FROM texts_written german
    JOIN texts_written written USING (kind, id, field)
    JOIN public_texts p ON p.kind = german.kind AND p.id = german.id::uuid AND p.field = german.field
    WHERE german.language = 'de' AND written.language <> 'de' AND german.number > written.number
        AND p.texts ? written.language
        AND NOT EXISTS (SELECT FROM translations_checked c
            WHERE c.kind = german.kind AND c.id = german.id::uuid AND c.field = german.field
            AND c.language = written.language
            AND c.german_sha256 = encode(sha256(convert_to(p.texts ->> 'de', 'UTF8')), 'hex'));

-- All that is missing in a language of the public site, or outdated there.
CREATE VIEW translation_gaps AS
    SELECT p.kind, p.id::text AS id, p.organization_id, p.name, p.field, spoken.language, 'missing' AS state,
        NULL AS german_sha256
    FROM public_texts p CROSS JOIN unnest(ARRAY['de-simple', 'en', 'ar', 'uk', 'tr', 'fr']) AS spoken (language)
    WHERE NOT p.texts ? spoken.language
    UNION ALL
    SELECT kind, id, organization_id, name, field, language, 'outdated', german_sha256 FROM outdated_texts;

-- Which objects say a telephone number or an address of mail. `folded` is what a number or address is compared by.
CREATE VIEW contact_uses AS
    SELECT DISTINCT e.kind, e.id, e.organization_id, said.sort, said.value,
        CASE said.sort WHEN 'phone' THEN regexp_replace(said.value, '[^0-9+]', '', 'g') ELSE lower(said.value) END
            AS folded
    FROM (
        SELECT 'organization' AS kind, id, id AS organization_id, document FROM organizations
        UNION ALL SELECT 'location', id, organization_id, document FROM locations
        UNION ALL SELECT 'service', id, organization_id, document FROM services
        UNION ALL SELECT 'service_at_location', p.id, s.organization_id, p.document
            FROM service_at_locations p JOIN services s ON s.id = p.service_id
    ) AS e
    CROSS JOIN LATERAL (
        SELECT 'phone' AS sort, found #>> '{}' AS value FROM jsonb_path_query(e.document, '$.phones[*].number') AS found
        UNION ALL SELECT 'phone', found #>> '{}' FROM jsonb_path_query(e.document, '$.contacts[*].phones[*].number') AS found
        UNION ALL SELECT 'email', found #>> '{}' FROM jsonb_path_query(e.document, '$.email') AS found
        UNION ALL SELECT 'email', found #>> '{}' FROM jsonb_path_query(e.document, '$.contacts[*].email') AS found
    ) AS said;

-- At which services an object is shown: its own, those at the place, all of the organization.
CREATE VIEW shown_at AS
    SELECT 'service' AS kind, id, id AS service_id FROM services
    UNION ALL SELECT 'organization', organization_id, id FROM services
    UNION ALL SELECT 'location', location_id, service_id FROM service_at_locations
    UNION ALL SELECT 'service_at_location', id, service_id FROM service_at_locations;
