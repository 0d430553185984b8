-- Whom we asked whether its entries are still true: one question per organization, for all of them, with one reminder.
CREATE TABLE assurance_asks (
    ask_id          uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    asked_at        timestamptz NOT NULL,
    asked_by        text NOT NULL,
    reminded_at     timestamptz
);
CREATE INDEX assurance_asks_of ON assurance_asks (organization_id, asked_at DESC);
CREATE INDEX assurance_asks_unreminded ON assurance_asks (asked_at) WHERE reminded_at IS NULL;

-- What an organization says is wrong, in its words, until an editor has done what there is to do; then they are gone.
CREATE TABLE assurance_doubts (
    doubt_id   uuid PRIMARY KEY,
    ask_id     uuid NOT NULL REFERENCES assurance_asks,
    service_id uuid NOT NULL REFERENCES services,
    words      text,
    said_at    timestamptz NOT NULL,
    settled_at timestamptz,
    settled_by text,
    CHECK ((words IS NULL) = (settled_at IS NOT NULL)),
    CHECK ((settled_by IS NULL) = (settled_at IS NULL))
);
CREATE UNIQUE INDEX assurance_doubts_open ON assurance_doubts (service_id) WHERE settled_at IS NULL;

-- The day of the last word on what is on offer: its organization's own weighs more than an editor's.
CREATE VIEW assured_entries AS
    SELECT s.id AS service_id, s.organization_id, s.document -> 'name' AS name,
        coalesce(r.document ->> 'assured_date', s.document ->> 'assured_date')::date AS assured_on,
        EXISTS (SELECT FROM assurance_doubts d WHERE d.service_id = s.id AND d.settled_at IS NULL) AS is_doubted
    FROM services s LEFT JOIN reports r ON r.service_id = s.id
    WHERE s.status IN ('active', 'temporarily closed');

-- Where an organization is asked: at the desk that gets its mail, else at the contact named in its agreement. Nobody else
-- is written to: whoever takes no part never said that it wants mail from us.
CREATE VIEW mailboxes AS
    SELECT organization_id,
        coalesce(document #>> '{channel,unit_mailbox}', document #>> '{agreement,contact}') AS mailbox
    FROM participations
    WHERE coalesce(document #>> '{channel,unit_mailbox}', document #>> '{agreement,contact}') IS NOT NULL;
