-- Who was asked whether somebody is in care already and on what decision; and where two cases may be the same care
-- twice, what each side says of it. A desk reads its own side, the data-protection officer both.

ALTER TABLE duplicate_questions
    DROP CONSTRAINT duplicate_questions_answer_check,
    ADD CHECK (answer IN ('yes', 'no', 'unknown', 'refused')),
    ADD COLUMN person_id        uuid REFERENCES persons,
    ADD COLUMN asked_id         uuid,            -- the controller that was to be asked
    ADD COLUMN categories       text[] NOT NULL DEFAULT '{}',
    ADD COLUMN refusal          text,
    ADD COLUMN consent_refusal  text,
    ADD COLUMN ground           text,
    ADD COLUMN ground_id        uuid,
    ADD COLUMN ground_version   integer,
    ADD CHECK ((answer = 'refused') = (refusal IS NOT NULL));
UPDATE duplicate_questions q SET
    asked_id = e.organization_id,
    person_id = coalesce((SELECT r.person_id FROM referrals r WHERE r.id = q.referral_id), e.person_id)
FROM enquiries e WHERE e.id = q.enquiry_id;
ALTER TABLE duplicate_questions
    ALTER COLUMN person_id SET NOT NULL,
    ALTER COLUMN asked_id SET NOT NULL,
    ALTER COLUMN categories DROP DEFAULT;
CREATE INDEX duplicate_questions_of_person ON duplicate_questions (person_id);
-- How often somebody asked today, so that asking is no way to look people up.
CREATE INDEX duplicate_questions_by_day ON duplicate_questions (asked_by, asked_at);

CREATE TABLE duplicate_matters (
    id           uuid PRIMARY KEY,               -- made of both cases, the person and the topic: the same is there once
    question_id  uuid NOT NULL,
    topic        text NOT NULL,
    opened_at    timestamptz NOT NULL,
    state        text NOT NULL CHECK (state IN ('open', 'at_odds', 'settled')),
    settled_at   timestamptz,
    CHECK ((state = 'settled') = (settled_at IS NOT NULL))
);
CREATE INDEX duplicate_matters_open ON duplicate_matters (opened_at) WHERE state <> 'settled';

CREATE TABLE duplicate_sides (
    matter_id        uuid NOT NULL REFERENCES duplicate_matters,
    side             text NOT NULL CHECK (side IN ('asking', 'found')),
    enquiry_id       uuid NOT NULL REFERENCES enquiries,
    person_id        uuid NOT NULL REFERENCES persons,
    referral_id      uuid REFERENCES referrals,  -- of the found side: what runs
    site             text NOT NULL,
    organization_id  uuid NOT NULL,
    PRIMARY KEY (matter_id, side)
);
CREATE INDEX duplicate_sides_of_enquiry ON duplicate_sides (enquiry_id);
CREATE INDEX duplicate_sides_of_person ON duplicate_sides (person_id);

-- Only ever added to: what was said before stays.
CREATE TABLE duplicate_statements (
    id           uuid PRIMARY KEY,
    matter_id    uuid NOT NULL,
    side         text NOT NULL,
    person_says  text,
    resolution   text,
    said_by      text NOT NULL,
    said_at      timestamptz NOT NULL,
    FOREIGN KEY (matter_id, side) REFERENCES duplicate_sides,
    CHECK (person_says IS NOT NULL OR resolution IS NOT NULL)
);
CREATE INDEX duplicate_statements_of_side ON duplicate_statements (matter_id, side, said_at);
