-- A case may hold several persons: each with a record under a key of her own, each consenting for herself.
CREATE TABLE enquiry_persons (
    enquiry_id  uuid NOT NULL REFERENCES enquiries,
    person_id   uuid NOT NULL REFERENCES persons,
    relation    text NOT NULL,                   -- to the one who asked
    added_at    timestamptz NOT NULL,
    added_by    text NOT NULL,
    removed_at  timestamptz,
    removed_by  text,
    PRIMARY KEY (enquiry_id, person_id)
);
CREATE INDEX enquiry_persons_of_person ON enquiry_persons (person_id);
INSERT INTO enquiry_persons (enquiry_id, person_id, relation, added_at, added_by)
SELECT id, person_id, 'self', recorded_at, recorded_by FROM enquiries;

-- What is needed, somebody needs.
ALTER TABLE needs ADD COLUMN person_id uuid REFERENCES persons;
UPDATE needs SET person_id = enquiries.person_id FROM enquiries WHERE enquiries.id = needs.enquiry_id;
ALTER TABLE needs ALTER COLUMN person_id SET NOT NULL;

-- An employer's request says who told it, on which ground it stands, and which words the company was given. Who asked -
-- a function mailbox, a telephone, a named contact - lies in the sealed record.
ALTER TABLE enterprise_requests
    ADD COLUMN asked_by        text NOT NULL DEFAULT 'function_mailbox',
    ADD COLUMN asked_on        date NOT NULL DEFAULT CURRENT_DATE,
    ADD COLUMN ground          text NOT NULL DEFAULT 'ART_6_1_B',
    ADD COLUMN notice_text_id  text,
    ADD COLUMN notice_version  integer,
    ADD COLUMN notice_sha256   text,
    ADD COLUMN notice_language text,
    ADD COLUMN controllers     uuid[] NOT NULL DEFAULT '{}';
ALTER TABLE enterprise_requests
    ALTER COLUMN asked_by DROP DEFAULT, ALTER COLUMN asked_on DROP DEFAULT, ALTER COLUMN ground DROP DEFAULT;

-- Names of signers and witnesses stay with the draft they were taken down with; every version has one.
ALTER TABLE consents DROP COLUMN sealed;
