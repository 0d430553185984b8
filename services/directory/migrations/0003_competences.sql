-- Statutory competence: which body answers for an administrative service (key of the LeiKa catalogue) in which areas.
CREATE TABLE competences (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    document jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    leika_key text GENERATED ALWAYS AS (document ->> 'leika_key') STORED NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX competences_organization ON competences (organization_id);
CREATE INDEX competences_leika ON competences (leika_key);

-- What is said of an entry is read by all that hangs below it.
CREATE INDEX services_changed ON services (changed_at);
CREATE INDEX organizations_changed ON organizations (changed_at);
