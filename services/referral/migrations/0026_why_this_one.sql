-- The ranking a choice was held against, so that she can be told why this one and what else there was; and on which
-- ground a measure of the welcome center's own was chosen: nobody else fitted, or all who did had declined.
ALTER TABLE choices
    ADD COLUMN matching_id uuid REFERENCES matchings,
    ADD COLUMN own_measure_because text CHECK (own_measure_because IN ('nobody_fits', 'all_declined')),
    ADD CONSTRAINT own_measures_have_a_reason CHECK (own_measure OR own_measure_because IS NULL);
