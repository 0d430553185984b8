-- How an organization's webhook fares: since when nothing arrived, and whether it is called at all.
CREATE TABLE webhook_endpoints (
    organization_id uuid PRIMARY KEY,
    -- The first failed attempt after which none succeeded.
    failing_since timestamptz,
    cause text,
    disabled_at timestamptz,
    -- Who has been told that it was switched off; null while somebody still has to be.
    lead_told_at timestamptz,
    contact_told_at timestamptz
);

-- While a secret is changed, the one before signs beside it until the partner has moved.
ALTER TABLE webhook_secrets ADD COLUMN old_sealed bytea, ADD COLUMN old_until timestamptz;
