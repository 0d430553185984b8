-- Days on which a desk of the welcome center is closed, and which other desk of the same organization works for it.
CREATE TABLE desk_absences (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    site            text NOT NULL,
    substitute      text NOT NULL,              -- another site
    from_on         date NOT NULL,
    until_on        date NOT NULL,
    set_by          text NOT NULL,
    set_at          timestamptz NOT NULL,
    ended_at        timestamptz,                -- back early; otherwise the last day ends it
    CHECK (site <> substitute),
    CHECK (from_on <= until_on)
);
CREATE INDEX desk_absences_of ON desk_absences (organization_id, until_on) WHERE ended_at IS NULL;

-- Who of a substitute's desk works at the other one right now; it counts only while the absence does.
CREATE TABLE standing_in (
    actor      text PRIMARY KEY,
    absence_id uuid NOT NULL REFERENCES desk_absences,
    since      timestamptz NOT NULL
);
