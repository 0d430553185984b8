-- Whether an organization takes part: what is due waits while it rests, and after it has left only its contact is told.
ALTER TABLE organizations ADD COLUMN participation text NOT NULL DEFAULT 'taking_part'
    CHECK (participation IN ('taking_part', 'suspended', 'ended'));
