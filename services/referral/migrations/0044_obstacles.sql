-- What stood in the way in a single case, so that structures can change. Codes in the open; words only under the person's
-- own key, and each text of a case once.
CREATE TABLE obstacle_words (
    id          uuid PRIMARY KEY,
    enquiry_id  uuid NOT NULL REFERENCES enquiries,
    person_id   uuid NOT NULL REFERENCES persons,
    sealed      bytea NOT NULL,
    kept_at     timestamptz NOT NULL
);
CREATE INDEX obstacle_words_of_person ON obstacle_words (person_id, enquiry_id);

CREATE TABLE obstacles (
    id               uuid PRIMARY KEY,
    enquiry_id       uuid NOT NULL REFERENCES enquiries,
    need_id          uuid NOT NULL REFERENCES needs,
    person_id        uuid NOT NULL REFERENCES persons,
    referral_id      uuid REFERENCES referrals,  -- met in this referral
    site             text NOT NULL,
    organization_id  uuid NOT NULL,             -- the member organization responsible for the case
    topic            text NOT NULL,
    kind             text NOT NULL,
    effect           text,                      -- null: not said
    legal_sphere     text,
    area             text,                      -- official key of the district it was met in, not where she lives
    words_id         uuid REFERENCES obstacle_words,
    recorded_by      text NOT NULL,
    recorded_at      timestamptz NOT NULL,
    changed_at       timestamptz,
    taken_back_at    timestamptz
);
CREATE INDEX obstacles_of_enquiry ON obstacles (enquiry_id, recorded_at);
CREATE INDEX obstacles_of_person ON obstacles (person_id);
CREATE INDEX obstacles_of_referral ON obstacles (referral_id) WHERE referral_id IS NOT NULL;
CREATE INDEX obstacles_counted ON obstacles (recorded_at) WHERE taken_back_at IS NULL;
