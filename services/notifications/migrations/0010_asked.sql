-- Organizations that directory wants asked about their entries: one mail per question, and one per reminder. `cause` says
-- why the last attempt failed; with `told_at` it is over: handed in, or never to be.
CREATE TABLE asked_organizations (
    ask_id          uuid NOT NULL,
    reminder        boolean NOT NULL,
    organization_id uuid NOT NULL,
    services        integer NOT NULL,
    heard_at        timestamptz NOT NULL,
    told_at         timestamptz,
    cause           text,
    PRIMARY KEY (ask_id, reminder)
);
CREATE INDEX asked_organizations_untold ON asked_organizations (heard_at) WHERE told_at IS NULL;
