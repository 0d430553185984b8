-- What was said on the telephone or at the desk, sealed under the key of the person it is about, and what comes of it:
-- a next step and its day, which lie on the desk as a task.
CREATE TABLE case_notes (
    id           uuid PRIMARY KEY,
    enquiry_id   uuid NOT NULL REFERENCES enquiries,
    person_id    uuid NOT NULL REFERENCES persons,
    referral_id  uuid REFERENCES referrals,     -- what was talked about; null: the case as a whole
    sealed       bytea NOT NULL,
    next_step    text,                          -- null: nothing comes of it
    due_on       date,
    task_id      uuid,
    taken_by     text NOT NULL,
    taken_at     timestamptz NOT NULL,
    CHECK (num_nonnulls(next_step, due_on, task_id) IN (0, 3))
);
CREATE INDEX case_notes_of_enquiry ON case_notes (enquiry_id, taken_at);
CREATE INDEX case_notes_of_person ON case_notes (person_id);
CREATE INDEX case_notes_of_referral ON case_notes (referral_id) WHERE referral_id IS NOT NULL;
CREATE UNIQUE INDEX case_notes_of_task ON case_notes (task_id) WHERE task_id IS NOT NULL;

-- The same thing lies on a desk once; to come back to a case on two days are two things.
DROP INDEX tasks_once;
CREATE UNIQUE INDEX tasks_once ON tasks (referral_id, kind)
    WHERE closed_at IS NULL AND kind NOT IN ('follow_up_due', 'plan_step_due');
CREATE INDEX tasks_of_enquiry ON tasks (enquiry_id) WHERE closed_at IS NULL;
