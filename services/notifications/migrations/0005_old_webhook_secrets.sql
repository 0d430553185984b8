-- Every secret that was replaced and still signs: a change that is made twice, because its answer was lost, must not
-- silence the one the partner really has.
CREATE TABLE webhook_old_secrets (
    organization_id uuid NOT NULL,
    sealed bytea NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX webhook_old_secrets_of ON webhook_old_secrets (organization_id, until);

INSERT INTO webhook_old_secrets (organization_id, sealed, until)
SELECT organization_id, old_sealed, old_until FROM webhook_secrets WHERE old_sealed IS NOT NULL;
ALTER TABLE webhook_secrets DROP COLUMN old_sealed, DROP COLUMN old_until;
