-- Papers of a person: scans, certificates, notices. What is in them lies sealed under her key; kind, size and type in
-- the open. The original name is not kept, because names of files name people.

CREATE TABLE documents (
    id               uuid PRIMARY KEY,
    person_id        uuid NOT NULL REFERENCES persons,
    enquiry_id       uuid NOT NULL REFERENCES enquiries,
    number           integer NOT NULL,      -- within the enquiry; with the kind it makes the file's name
    kind             text NOT NULL,
    media_type       text NOT NULL,
    size             integer NOT NULL CHECK (size > 0),
    evidence_sha256  text CHECK ((kind = 'CONSENT_FORM') = (evidence_sha256 IS NOT NULL)),  -- plain: proof for anybody
    digest           text NOT NULL,         -- keyed: recognizes the same file again, and only here
    sealed           bytea,
    added_by         text NOT NULL,
    added_at         timestamptz NOT NULL,
    deleted_at       timestamptz,
    UNIQUE (enquiry_id, number),
    CHECK ((sealed IS NULL) = (deleted_at IS NOT NULL))
);
ALTER TABLE documents ALTER COLUMN sealed SET STORAGE EXTERNAL;  -- what is sealed cannot be compressed
CREATE INDEX documents_of_person ON documents (person_id) WHERE deleted_at IS NULL;
