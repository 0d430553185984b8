-- What somebody would like an object to be: a partner's wish that an editor releases or declines, or an editor's draft.
-- The object itself stays as it is until then. A decided proposal stays, with who decided and why.
CREATE TABLE proposals (
    id              uuid PRIMARY KEY,
    kind            text NOT NULL,
    object_id       text NOT NULL,
    organization_id uuid REFERENCES organizations,  -- whose object it is; none for a source
    document        jsonb NOT NULL,
    seen            bigint NOT NULL,                -- the state of the object it was made from; 0 for something new
    state           text NOT NULL CHECK (state IN ('draft', 'waiting', 'released', 'declined', 'withdrawn')),
    why             text,
    proposed_by     text NOT NULL,
    proposed_at     timestamptz NOT NULL,
    decided_by      text,
    decided_at      timestamptz,
    reason          text,
    CHECK ((decided_by IS NULL) = (state IN ('draft', 'waiting')) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state <> 'declined' OR reason IS NOT NULL)
);
CREATE INDEX proposals_open ON proposals (proposed_at) WHERE state IN ('draft', 'waiting');
CREATE INDEX proposals_object ON proposals (kind, object_id, proposed_at);
CREATE INDEX proposals_organization ON proposals (organization_id, proposed_at);
