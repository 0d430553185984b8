-- When a unit is left alone. The row of the id that is all zeros speaks for every unit that has none of its own; a
-- row without hours says that mail is welcome at any time.
CREATE TABLE unit_hours (
    organization_id uuid PRIMARY KEY,
    quiet_from time,
    quiet_until time,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
    CHECK (quiet_from <> quiet_until)
);

-- From when to when nobody is there, and who takes the mail meanwhile; the last day ends it by itself.
CREATE TABLE unit_absences (
    absence_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    from_on date NOT NULL,
    until_on date NOT NULL,
    substitute_mailbox text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (from_on <= until_on)
);
CREATE INDEX unit_absences_of ON unit_absences (organization_id, until_on) WHERE ended_at IS NULL;

-- What is urgent leaves at night, too.
ALTER TABLE referrals ADD COLUMN urgency text;
