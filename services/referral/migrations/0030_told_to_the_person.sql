-- Whether what was told outside may be told to the person herself: from its confirmation on, unless telling her would
-- endanger somebody; then not before the day after this one [law].

ALTER TABLE external_disclosures ADD COLUMN withheld_until date,
    ADD CHECK (withheld_until IS NULL OR confirmed_at IS NOT NULL);
