-- What an organization itself says about its service: capacity with its day, and that the entry is still true. Kept apart
-- from the editors' description, so that neither overwrites the other.
CREATE TABLE reports (
    service_id uuid PRIMARY KEY REFERENCES services,
    document jsonb NOT NULL,
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 70);
