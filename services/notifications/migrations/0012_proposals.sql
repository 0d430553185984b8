-- Partners' proposals about their entries in the directory: that one waits is told to the editors, how it ended to the
-- partner. What is told is gone from here; what was proposed stays with the directory.
CREATE TABLE proposals (
    proposal_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    made_at timestamptz NOT NULL,
    told_at timestamptz,
    outcome text CHECK (outcome IN ('released', 'changed', 'declined')),
    settled_at timestamptz,
    CHECK ((outcome IS NULL) = (settled_at IS NULL))
);
CREATE INDEX proposals_settled ON proposals (organization_id, settled_at) WHERE outcome IS NOT NULL;
