-- Words that the public site searches: typos are forgiven by trigrams, forms of a word by the dictionary of its language.
-- The columns are made from the document itself, so whoever writes a document need not think of them.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE FUNCTION said_in(document jsonb, language text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(document -> 'name' ->> language, '') || ' ' || coalesce(document -> 'description' ->> language, '');

CREATE FUNCTION said_in_all(document jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(coalesce((document -> 'name')::text, '') || ' ' || coalesce((document -> 'description')::text, ''));

-- Ukrainian has no dictionary here; its words are found as they are written.
CREATE FUNCTION found_by(document jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('pg_catalog.german', said_in(document, 'de') || ' ' || said_in(document, 'de-simple'))
    || to_tsvector('pg_catalog.english', said_in(document, 'en')) || to_tsvector('pg_catalog.arabic', said_in(document, 'ar'))
    || to_tsvector('pg_catalog.turkish', said_in(document, 'tr')) || to_tsvector('pg_catalog.french', said_in(document, 'fr'))
    || to_tsvector('pg_catalog.simple', said_in(document, 'uk'));

ALTER TABLE services
    ADD COLUMN words text GENERATED ALWAYS AS (said_in_all(document)) STORED,
    ADD COLUMN found_by tsvector GENERATED ALWAYS AS (found_by(document)) STORED;
ALTER TABLE organizations
    ADD COLUMN words text GENERATED ALWAYS AS (said_in_all(document)) STORED,
    ADD COLUMN found_by tsvector GENERATED ALWAYS AS (found_by(document)) STORED;

CREATE INDEX services_words ON services USING gin (words gin_trgm_ops);
CREATE INDEX services_found_by ON services USING gin (found_by);
CREATE INDEX organizations_words ON organizations USING gin (words gin_trgm_ops);
CREATE INDEX organizations_found_by ON organizations USING gin (found_by);
