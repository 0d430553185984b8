-- What referral keeps of the directory: public facts only, newest version wins. The rules come to the person's data.

CREATE TABLE organizations (
    id        uuid PRIMARY KEY,
    version   integer NOT NULL,
    snapshot  jsonb NOT NULL,                   -- the data of directory.organization_published
    kept_at   timestamptz NOT NULL
);

CREATE TABLE services (
    id               uuid PRIMARY KEY,
    organization_id  uuid NOT NULL,
    version          integer NOT NULL,
    topics           text[] NOT NULL,
    snapshot         jsonb NOT NULL,            -- the data of directory.service_published
    retired          boolean NOT NULL,
    kept_at          timestamptz NOT NULL
);
CREATE INDEX services_on_topic ON services USING gin (topics);
