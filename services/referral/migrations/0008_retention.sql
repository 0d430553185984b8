-- Papers that go along with a referral, and how everything ends: holds, and the nightly runs that delete.

-- Marked by a navigator; whether a paper really leaves is asked each time the partner fetches it.
CREATE TABLE referral_documents (
    referral_id  uuid NOT NULL REFERENCES referrals,
    document_id  uuid NOT NULL REFERENCES documents,
    enclosed_by  text NOT NULL,
    enclosed_at  timestamptz NOT NULL,
    fetched_at   timestamptz,
    PRIMARY KEY (referral_id, document_id)
);
CREATE INDEX referral_documents_of_document ON referral_documents (document_id);

-- A closed case is restricted from this moment on (`closed_at`): it lies there until its day comes, and is not shown.
ALTER TABLE enquiries ADD COLUMN closed_by text;

-- Why somebody's data must not be deleted yet, and until when. A hold that has passed its day holds nothing.
CREATE TABLE legal_holds (
    id          uuid PRIMARY KEY,
    person_id   uuid NOT NULL REFERENCES persons,
    enquiry_id  uuid NOT NULL REFERENCES enquiries,  -- where it was asked for: who may see it follows from that
    reason      text NOT NULL,
    sealed      bytea,                               -- why, in words, under the person's key
    until       date NOT NULL,                       -- the last day it holds
    set_by      text NOT NULL,
    set_at      timestamptz NOT NULL,
    lifted_by   text,
    lifted_at   timestamptz,
    CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
);
CREATE INDEX legal_holds_standing ON legal_holds (person_id, until) WHERE lifted_at IS NULL;

CREATE TABLE retention_runs (
    id           uuid PRIMARY KEY,
    as_of        date NOT NULL,
    started_by   text NOT NULL,
    started_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    deleted      jsonb,                              -- {kind: how many}
    held         integer,                            -- how many persons a hold kept
    held_until   date,                               -- the last day of the longest of these holds
    CHECK ((finished_at IS NULL) = (deleted IS NULL))
);
CREATE UNIQUE INDEX retention_runs_one_at_a_time ON retention_runs ((true)) WHERE finished_at IS NULL;

-- What a run deleted, written with the deletion itself: the row is there if and only if the thing is gone.
CREATE TABLE retention_items (
    run_id   uuid NOT NULL REFERENCES retention_runs,
    kind     text NOT NULL,
    item_id  uuid NOT NULL,
    due_on   date NOT NULL,
    done_at  timestamptz NOT NULL,
    PRIMARY KEY (run_id, kind, item_id)
);
