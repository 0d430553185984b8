-- The person's own way in: single-use links, and the letters that carry them. Ids, codes and times; no name, no address.

-- Somebody who was only invited is kept without any data until she says so herself.
ALTER TABLE persons DROP CONSTRAINT persons_kind_check;
ALTER TABLE persons ADD CONSTRAINT persons_kind_check CHECK (kind IN ('person', 'business_contact', 'invited'));

-- A person who looks at her own data does so in no role.
ALTER TABLE views ALTER COLUMN role DROP NOT NULL;

CREATE TABLE person_links (
    id            uuid PRIMARY KEY,             -- random: all that a link says, besides its times
    purpose       text NOT NULL,
    way           text NOT NULL,
    person_id     uuid NOT NULL REFERENCES persons,
    enquiry_id    uuid NOT NULL REFERENCES enquiries,
    consent_id    uuid,                         -- the prepared consent it leads to
    language      text NOT NULL,
    mail_is_safe  boolean NOT NULL,             -- asked each time: others may read her mail
    code_digest   bytea UNIQUE,                 -- keyed; the code itself is shown once and kept nowhere
    issued_by     text NOT NULL,
    issued_at     timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz,
    voided_at     timestamptz
);
CREATE INDEX person_links_of_enquiry ON person_links (enquiry_id, issued_at DESC);
CREATE INDEX person_links_of_person ON person_links (person_id);
CREATE INDEX person_links_invitations ON person_links (expires_at) WHERE purpose = 'invitation';

-- A letter is its link and its state; where it goes is read from the sealed record at the moment of sending.
CREATE TABLE person_letters (
    id             uuid PRIMARY KEY,
    link_id        uuid NOT NULL REFERENCES person_links,
    state          text NOT NULL CHECK (state IN ('pending', 'sent', 'parked', 'withdrawn')),
    attempt        integer NOT NULL,
    due_at         timestamptz NOT NULL,
    claimed_until  timestamptz,
    cause          text,                        -- a code, never a server's own words
    made_at        timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL
);
CREATE INDEX person_letters_due ON person_letters (due_at) WHERE state = 'pending';
CREATE INDEX person_letters_of_link ON person_letters (link_id);
