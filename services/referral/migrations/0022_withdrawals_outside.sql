-- A withdrawal is written down outside the databases, so that no restored backup lets a consent hold again.
ALTER TABLE consents ADD COLUMN noted_at timestamptz;  -- since when it stands there
CREATE INDEX consents_to_be_noted ON consents (id) WHERE withdrawn_channel IS NOT NULL AND noted_at IS NULL;
