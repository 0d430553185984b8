-- Is somebody in care already? Answered by keyed pseudonyms; no name, and nothing that a name could be tried out on.

-- Of one person in one period: what another record of her would ask for. Periods end, and their pseudonyms with them.
CREATE TABLE pseudonyms (
    person_id  uuid NOT NULL REFERENCES persons,
    period     text NOT NULL,                   -- a quarter, such as 2026-Q4; each has a key of its own
    kept       bytea[] NOT NULL,
    PRIMARY KEY (person_id, period)
);
CREATE INDEX pseudonyms_kept ON pseudonyms USING gin (kept);
CREATE INDEX pseudonyms_period ON pseudonyms (period);

-- Every question and its answer: yes, no, or too little known; never who, where or since when.
CREATE TABLE duplicate_questions (
    id           uuid PRIMARY KEY,
    enquiry_id   uuid NOT NULL REFERENCES enquiries,
    referral_id  uuid REFERENCES referrals,     -- null: asked when the enquiry was taken down
    topic        text NOT NULL,
    answer       text NOT NULL CHECK (answer IN ('yes', 'no', 'unknown')),
    asked_by     text NOT NULL,
    asked_at     timestamptz NOT NULL
);
CREATE INDEX duplicate_questions_of_enquiry ON duplicate_questions (enquiry_id, asked_at);
