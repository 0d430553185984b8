-- Two appointments somebody cannot both keep, told to the desk of the case. When they are stands nowhere here; what waits on the
-- desk is a task, and as long as that is open, this is. The other one may belong to another desk, so nothing hangs on it.
CREATE TABLE appointment_clashes (
    id                    uuid PRIMARY KEY,
    enquiry_id            uuid NOT NULL REFERENCES enquiries,     -- whose desk is told
    person_id             uuid NOT NULL REFERENCES persons,
    referral_id           uuid NOT NULL REFERENCES referrals,     -- in that case
    appointment_id        uuid NOT NULL REFERENCES appointments,
    other_person_id       uuid NOT NULL,                          -- herself, or another record of her at this controller
    other_referral_id     uuid NOT NULL,
    other_appointment_id  uuid NOT NULL,
    task_id               uuid NOT NULL UNIQUE,
    found_at              timestamptz NOT NULL,
    answer                text,                                   -- why both stay as they are
    answered_by           text,
    answered_at           timestamptz,
    CHECK (num_nonnulls(answer, answered_by, answered_at) IN (0, 3))
);
CREATE INDEX appointment_clashes_of_appointment ON appointment_clashes (appointment_id);
CREATE INDEX appointment_clashes_of_other ON appointment_clashes (other_appointment_id);
CREATE INDEX appointment_clashes_of_referral ON appointment_clashes (referral_id);
CREATE INDEX appointment_clashes_of_other_referral ON appointment_clashes (other_referral_id);
CREATE INDEX appointment_clashes_of_person ON appointment_clashes (person_id, other_person_id);
CREATE INDEX appointment_clashes_of_other_person ON appointment_clashes (other_person_id);
