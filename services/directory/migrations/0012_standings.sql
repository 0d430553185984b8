-- Who rests or has left. Beside the participation and not in it: a file that is taken in again must let nobody back in.
CREATE TABLE standings (
    organization_id uuid PRIMARY KEY REFERENCES organizations,
    participation text NOT NULL CHECK (participation IN ('taking_part', 'suspended', 'ended')),
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
