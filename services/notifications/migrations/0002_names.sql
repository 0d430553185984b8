-- The public name of an organization per language, so that a person reading the pages knows whose endpoint is broken.
ALTER TABLE organizations ADD COLUMN name jsonb NOT NULL DEFAULT '{}';
