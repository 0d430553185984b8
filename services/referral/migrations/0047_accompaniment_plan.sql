-- What somebody is accompanied to: goals and steps, sealed under her key; whose a step is and its day in the open, so that
-- it comes to a desk by itself.
CREATE TABLE plan_goals (
    id          uuid PRIMARY KEY,
    enquiry_id  uuid NOT NULL REFERENCES enquiries,
    person_id   uuid NOT NULL REFERENCES persons,
    sealed      bytea NOT NULL,
    task_id     uuid,                           -- what lies on the desk while it has no next step
    added_by    text NOT NULL,
    added_at    timestamptz NOT NULL,
    ended_as    text,
    ended_at    timestamptz,
    CHECK ((ended_as IS NULL) = (ended_at IS NULL))
);
CREATE INDEX plan_goals_of_enquiry ON plan_goals (enquiry_id, person_id);
CREATE INDEX plan_goals_of_person ON plan_goals (person_id);

CREATE TABLE plan_steps (
    id          uuid PRIMARY KEY,
    goal_id     uuid NOT NULL REFERENCES plan_goals,
    person_id   uuid NOT NULL REFERENCES persons,
    sealed      bytea NOT NULL,
    owner       text NOT NULL,                  -- who does it
    due_on      date NOT NULL,
    task_id     uuid,
    added_by    text NOT NULL,
    added_at    timestamptz NOT NULL,
    ended_as    text,
    ended_at    timestamptz,
    CHECK ((ended_as IS NULL) = (ended_at IS NULL))
);
CREATE INDEX plan_steps_of_goal ON plan_steps (goal_id);
CREATE INDEX plan_steps_of_person ON plan_steps (person_id);

-- Another body manages the case from here on, by a referral it accepted.
CREATE TABLE plan_handovers (
    id           uuid PRIMARY KEY,
    enquiry_id   uuid NOT NULL REFERENCES enquiries,
    person_id    uuid NOT NULL REFERENCES persons,
    referral_id  uuid NOT NULL REFERENCES referrals,
    handed_by    text NOT NULL,
    handed_at    timestamptz NOT NULL,
    taken_back_at timestamptz
);
CREATE UNIQUE INDEX plan_handovers_one ON plan_handovers (enquiry_id, person_id) WHERE taken_back_at IS NULL;
CREATE INDEX plan_handovers_of_person ON plan_handovers (person_id);
CREATE INDEX plan_handovers_of_referral ON plan_handovers (referral_id);
