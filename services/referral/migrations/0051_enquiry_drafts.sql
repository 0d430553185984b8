-- Enquiries begun and not yet taken down: what was typed, sealed under a key of its own in the store of keys. Seen by
-- nobody but whoever typed it; once it is over its words go at once, and the clock destroys the key and then the row.
CREATE TABLE enquiry_drafts (
    id               uuid PRIMARY KEY,
    key_id           uuid NOT NULL UNIQUE,
    kept_by          text NOT NULL,
    site             text NOT NULL,
    organization_id  uuid NOT NULL,
    enquirer         text NOT NULL CHECK (enquirer IN ('person', 'employer')),
    step             text NOT NULL,             -- where to go on
    sealed           bytea,
    begun_at         timestamptz NOT NULL,
    changed_at       timestamptz NOT NULL,
    ended_at         timestamptz,
    CHECK ((sealed IS NULL) = (ended_at IS NOT NULL))
);
CREATE INDEX enquiry_drafts_of ON enquiry_drafts (kept_by, site, organization_id, changed_at) WHERE ended_at IS NULL;
CREATE INDEX enquiry_drafts_ended ON enquiry_drafts (ended_at) WHERE ended_at IS NOT NULL;
