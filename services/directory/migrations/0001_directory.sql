-- Who helps with what, where, on which terms. Each object is kept as the document that was validated (HSDS 3 names and
-- the profile of README.md); what is looked up by has a column of its own. Public data only, never a person.

CREATE TABLE sources (
    id text PRIMARY KEY,
    document jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);

-- Official regional keys (ARS) and their prefixes: 05 is a state, 05334 a district.
CREATE TABLE areas (
    id text PRIMARY KEY CHECK (id ~ '^[0-9]{2,12}$'),
    document jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    document jsonb NOT NULL,
    version integer NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL,
    slug text GENERATED ALWAYS AS (document ->> 'slug') STORED UNIQUE
) WITH (fillfactor = 70);

CREATE TABLE locations (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    document jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX locations_organization ON locations (organization_id);

-- A service is retired by its status, never removed.
CREATE TABLE services (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    document jsonb NOT NULL,
    version integer NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL,
    slug text GENERATED ALWAYS AS (document ->> 'slug') STORED UNIQUE,
    status text GENERATED ALWAYS AS (document ->> 'status') STORED NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX services_organization ON services (organization_id);
CREATE INDEX services_topics ON services USING gin ((document -> 'topics'));
CREATE INDEX services_areas ON services USING gin ((document -> 'areas'));

CREATE TABLE service_at_locations (
    id uuid PRIMARY KEY,
    service_id uuid NOT NULL REFERENCES services,
    location_id uuid NOT NULL REFERENCES locations,
    document jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    UNIQUE (service_id, location_id)
);
CREATE INDEX service_at_locations_location ON service_at_locations (location_id);

-- The register of participation: channel, agreement, public key and terms of each organization that takes part.
CREATE TABLE participations (
    organization_id uuid PRIMARY KEY REFERENCES organizations,
    document jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);

-- Every state any object ever had, and who brought it about.
CREATE TABLE object_history (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    id text NOT NULL,
    document jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
CREATE INDEX object_history_object ON object_history (kind, id, number);

CREATE TABLE imports (
    id uuid PRIMARY KEY,
    sha256 text NOT NULL,
    rows integer NOT NULL,
    changed integer NOT NULL,
    imported_at timestamptz NOT NULL,
    imported_by text NOT NULL
);

-- History is written, never rewritten.
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'directory') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON object_history, imports FROM directory;
    END IF;
END $$;
