-- Whether an organization takes part: what is due waits while it rests, and after it has left only its contact is told.
ALTER TABLE organizations ADD COLUMN participation text NOT NULL DEFAULT 'taking_part'
    CHECK (participation IN ('taking_part', 'suspended', 'ended'));

-- Keys of partners that wait for a second person, and whether somebody has been told that they do.
CREATE TABLE waiting_keys (
    organization_id uuid NOT NULL,
    thumbprint text NOT NULL,
    use text NOT NULL,
    handed_in_at timestamptz NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (organization_id, thumbprint, use)
);
