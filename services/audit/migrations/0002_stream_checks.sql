-- What was compared with each service's own account of its stream: up to which place, and whether the content agreed.
-- Later comparisons go on from here, so that none has to read the whole log again.
CREATE TABLE stream_checks (
    source text NOT NULL,
    position bigint NOT NULL CHECK (position >= 0),
    rolling_sha256 text NOT NULL CHECK (rolling_sha256 ~ '^[0-9a-f]{64}$'),
    agrees boolean NOT NULL,
    checked_at timestamptz NOT NULL,
    PRIMARY KEY (source, position)
);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON stream_checks FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON stream_checks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
