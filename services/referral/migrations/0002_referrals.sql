-- Referrals and what stands beside them. Codes, ids and times in the open; words only sealed.

CREATE TABLE referrals (
    id                  uuid PRIMARY KEY,
    reference           text NOT NULL UNIQUE,
    version             integer NOT NULL,
    status              text NOT NULL,
    enquiry_id          uuid NOT NULL REFERENCES enquiries,
    need_id             uuid NOT NULL REFERENCES needs,
    person_id           uuid NOT NULL REFERENCES persons,
    enquirer            text NOT NULL,
    site                text NOT NULL,
    sender_id           uuid NOT NULL,          -- the member organization responsible for the case
    organization_id     uuid NOT NULL,          -- the partner addressed
    service_id          uuid NOT NULL,
    topic               text NOT NULL,
    urgency             text NOT NULL,
    back_level          text NOT NULL,
    drafted_by          text NOT NULL,
    drafted_on          date NOT NULL,
    based_on            uuid REFERENCES referrals,
    own_employer        boolean NOT NULL,
    release_at          timestamptz,
    duplicates_checked  boolean NOT NULL,
    requested_on        date,
    clock_on            date,
    fetched_at          timestamptz,
    received_at         timestamptz,
    contact_by          date,
    waitlisted_on       date,
    estimated_on        date,
    first_contact_on    date,
    ended_on            date,
    questions           jsonb NOT NULL,         -- the open ones: [{id, code, asked_on}]
    duties              jsonb NOT NULL,         -- what the partner still owes: [{duty, due_on}]
    by_hand             jsonb,
    rejection           text,
    better_service_id   uuid,
    end_reason          text,
    pause_reason        text,
    outcome             text,
    obstacles           text[] NOT NULL,
    deletion            text,
    retention_ground    text,
    became_aware_at     timestamptz,
    sender_staff        text[] NOT NULL,
    partner_staff       text[] NOT NULL,
    changed_at          timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX referrals_of_site ON referrals (site, sender_id, changed_at DESC);
CREATE INDEX referrals_of_enquiry ON referrals (enquiry_id);
CREATE INDEX referrals_of_person ON referrals (person_id);
CREATE INDEX referrals_of_partner ON referrals (organization_id, status);

-- What happened to a referral, in order: the same facts that were announced, kept as long as the referral.
CREATE TABLE timeline (
    event_id     uuid PRIMARY KEY,
    referral_id  uuid NOT NULL REFERENCES referrals,
    type         text NOT NULL,
    at           timestamptz NOT NULL,
    actor        text NOT NULL,
    data         jsonb NOT NULL                 -- ids and codes, as in the event
);
CREATE INDEX timeline_of_referral ON timeline (referral_id, at, event_id);

CREATE TABLE questions (
    id               uuid PRIMARY KEY,
    referral_id      uuid NOT NULL REFERENCES referrals,
    code             text NOT NULL,
    asked_at         timestamptz NOT NULL,
    sealed_question  bytea,                     -- the partner's words, under the person's key
    answered_at      timestamptz,
    sealed_answer    bytea
);
CREATE INDEX questions_of_referral ON questions (referral_id, asked_at);

-- The partner's other words (why it declines, how it ended), under the person's key.
CREATE TABLE comments (
    id           uuid PRIMARY KEY,
    referral_id  uuid NOT NULL REFERENCES referrals,
    action       text NOT NULL,
    sealed       bytea NOT NULL,
    made_at      timestamptz NOT NULL,
    actor        text NOT NULL
);
CREATE INDEX comments_of_referral ON comments (referral_id, made_at);

-- The dossier as it waits to be fetched: a cache of the person's record, sealed to one partner. No row, no dossier.
CREATE TABLE dossiers (
    referral_id  uuid PRIMARY KEY REFERENCES referrals,
    jwe          text NOT NULL,
    key_id       text NOT NULL,
    custodial    boolean NOT NULL,
    categories   text[] NOT NULL,
    ground       text,                          -- the ground and version it was sealed on
    sealed_at    timestamptz NOT NULL
);

-- Key pairs of light-path partners: made and kept here, the private half under the service key.
CREATE TABLE custodial_keys (
    organization_id  uuid PRIMARY KEY,
    key_id           text NOT NULL,
    public_jwk       jsonb NOT NULL,
    wrapped          bytea NOT NULL,
    made_at          timestamptz NOT NULL
);

-- Every answer of the consent engine, and what left on it: the person's own account of it is drawn from here.
CREATE TABLE decisions (
    id               uuid PRIMARY KEY,
    referral_id      uuid NOT NULL REFERENCES referrals,
    person_id        uuid NOT NULL,
    organization_id  uuid NOT NULL,
    service_id       uuid NOT NULL,
    point            text NOT NULL,
    purpose          text NOT NULL,
    categories       text[] NOT NULL,
    allowed          boolean NOT NULL,
    ground           text,
    ground_id        uuid,
    ground_version   integer,
    refusal          text,
    disclosed        boolean NOT NULL DEFAULT false,  -- data actually left: a fetch, a print, an answer
    decided_at       timestamptz NOT NULL,
    actor            text NOT NULL
);
CREATE INDEX decisions_of_referral ON decisions (referral_id, decided_at);
CREATE INDEX decisions_of_person ON decisions (person_id, decided_at);

CREATE TABLE views (
    id           uuid PRIMARY KEY,
    person_id    uuid,
    enquiry_id   uuid,
    referral_id  uuid,
    role         text NOT NULL,
    purpose      text NOT NULL,
    categories   text[] NOT NULL,
    actor        text NOT NULL,
    viewed_at    timestamptz NOT NULL
);
CREATE INDEX views_of_person ON views (person_id, viewed_at);

CREATE TABLE tasks (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL,
    referral_id  uuid REFERENCES referrals,
    enquiry_id   uuid REFERENCES enquiries,
    organization_id uuid,                       -- the member organization whose desk it lies on
    site         text NOT NULL,
    role         text NOT NULL,
    due_on       date NOT NULL,
    opened_at    timestamptz NOT NULL,
    closed_at    timestamptz,
    closed_by    text
);
CREATE INDEX tasks_open ON tasks (site, organization_id, due_on) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX tasks_once ON tasks (referral_id, kind) WHERE closed_at IS NULL;

-- What a partner told by telephone, letter or in person, written down by a navigator; never the partner's own receipt.
CREATE TABLE hand_records (
    id           uuid PRIMARY KEY,
    referral_id  uuid NOT NULL REFERENCES referrals,
    action       text NOT NULL,
    way          text NOT NULL,
    told_on      date NOT NULL,
    unit         text,                          -- a code of the partner's unit, not a person
    recorded_by  text NOT NULL,
    recorded_at  timestamptz NOT NULL,
    disputed_at  timestamptz
);
CREATE INDEX hand_records_of_referral ON hand_records (referral_id, recorded_at);

-- What falls due by itself, computed anew with every change of the referral; the clock does each once.
CREATE TABLE deadlines (
    referral_id  uuid NOT NULL REFERENCES referrals,
    kind         text NOT NULL,
    due_at       timestamptz NOT NULL,
    done_at      timestamptz,
    PRIMARY KEY (referral_id, kind, due_at)
);
CREATE INDEX deadlines_waiting ON deadlines (due_at, referral_id) WHERE done_at IS NULL;
