-- Services that stand on ground another stood on before, without a word why both are needed: what the coordinators are
-- told, and when it was over.
CREATE TABLE overlap_notices (
    number           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service_id       uuid NOT NULL REFERENCES services,
    other_service_id uuid NOT NULL REFERENCES services,
    overlap_group    text NOT NULL,
    noted_at         timestamptz NOT NULL,
    settled_at       timestamptz,
    settled_by       text,
    CHECK ((settled_at IS NULL) = (settled_by IS NULL))
);
CREATE UNIQUE INDEX overlap_notices_open ON overlap_notices (service_id) WHERE settled_at IS NULL;
