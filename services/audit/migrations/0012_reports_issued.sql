-- Yearly reports as they were issued: the very bytes, whose hash the log tells. One of each year, and it never changes.
CREATE TABLE yearly_reports (
    year smallint PRIMARY KEY,
    report_id uuid NOT NULL UNIQUE,
    content text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
    size bigint NOT NULL REFERENCES checkpoints (size),
    issued_by text NOT NULL,
    issued_at timestamptz NOT NULL
);
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON yearly_reports FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grows_whole BEFORE TRUNCATE ON yearly_reports FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
SELECT let_only_grow('yearly_reports');
