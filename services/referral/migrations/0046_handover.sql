-- Whose case it is: whoever took it down or drafted it, until a lead hands it over.
ALTER TABLE enquiries ADD COLUMN handed_to text;
ALTER TABLE enquiries ADD COLUMN owner text NOT NULL GENERATED ALWAYS AS (coalesce(handed_to, recorded_by)) STORED;
ALTER TABLE referrals ADD COLUMN handed_to text;
ALTER TABLE referrals ADD COLUMN owner text NOT NULL GENERATED ALWAYS AS (coalesce(handed_to, drafted_by)) STORED;

DROP INDEX enquiries_recorded_by;
CREATE INDEX enquiries_owned ON enquiries (site, organization_id, owner);
DROP INDEX referrals_drafted_by;
CREATE INDEX referrals_owned ON referrals (site, sender_id, owner, is_over, sort_on, id);

-- What a lead did with one click, so that both colleagues are told; each case has a fact of its own.
CREATE TABLE handovers (
    id               uuid PRIMARY KEY,
    organization_id  uuid NOT NULL,
    site             text NOT NULL,
    from_staff       text,                      -- null: nobody whose name is kept here
    to_staff         text NOT NULL,
    many             integer NOT NULL,
    handed_by        text NOT NULL,
    handed_at        timestamptz NOT NULL
);
CREATE INDEX handovers_told ON handovers (site, organization_id, handed_at);
