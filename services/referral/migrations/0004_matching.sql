-- What was suggested for a need, and what a person then chose. Ids and codes only: this is how "existing structures
-- first" is shown, and counted.

CREATE TABLE matchings (
    id           uuid PRIMARY KEY,
    enquiry_id   uuid NOT NULL REFERENCES enquiries,
    need_id      uuid NOT NULL REFERENCES needs,
    suggestions  jsonb NOT NULL,                -- [{service_id, score, fits, to_clarify, blocked_because}], best first
    exclusions   jsonb NOT NULL,                -- [{service_id, because, better_bodies}]
    made_by      text NOT NULL,
    made_at      timestamptz NOT NULL
);
CREATE INDEX matchings_of_need ON matchings (need_id, made_at DESC);

CREATE TABLE choices (
    referral_id       uuid PRIMARY KEY REFERENCES referrals,
    need_id           uuid NOT NULL REFERENCES needs,
    service_id        uuid NOT NULL,
    place             integer,                  -- 1 is the best suggestion; null: chosen although not suggested
    alternatives      uuid[] NOT NULL,          -- the other suggestions, best first
    excluded_because  text[] NOT NULL,
    own_measure       boolean NOT NULL,
    justification     text,
    made_by           text NOT NULL,
    made_at           timestamptz NOT NULL
);
CREATE INDEX choices_of_need ON choices (need_id);
