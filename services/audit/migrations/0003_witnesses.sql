-- Countersignatures of witnesses: others who have seen that the log only grew, and say so under their own key.
CREATE TABLE cosignatures (
    witness text NOT NULL,
    size bigint NOT NULL REFERENCES checkpoints (size),
    line text NOT NULL,
    cosigned_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (witness, size)
);
CREATE INDEX cosignatures_by_size ON cosignatures (size);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON cosignatures FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON cosignatures FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
