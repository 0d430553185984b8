-- When and where a partner expects somebody, and what to bring: sealed under her own key. In the open only that there is one.
CREATE TABLE appointments (
    id               uuid PRIMARY KEY,
    referral_id      uuid NOT NULL REFERENCES referrals,
    person_id        uuid NOT NULL REFERENCES persons,
    organization_id  uuid NOT NULL,
    sealed           bytea,                       -- null: its time is over, and what was said is gone
    sequence         integer NOT NULL DEFAULT 0,  -- how often its time or place has changed
    set_at           timestamptz NOT NULL,
    changed_at       timestamptz NOT NULL,
    cancelled_at     timestamptz
);
CREATE INDEX appointments_of_referral ON appointments (referral_id);
CREATE INDEX appointments_of_person ON appointments (person_id);

-- The one the partner named last and did not call off.
ALTER TABLE referrals ADD COLUMN appointment_id uuid;
