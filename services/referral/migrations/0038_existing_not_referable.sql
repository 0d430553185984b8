-- Existing bodies that fit stand before an own measure although nothing can be referred to them over the network: a
-- third ground on which one is chosen, and which bodies these were.
ALTER TABLE choices
    DROP CONSTRAINT choices_own_measure_because_check,
    ADD CONSTRAINT choices_own_measure_because_check
        CHECK (own_measure_because IN ('nobody_fits', 'all_declined', 'existing_not_referable')),
    ADD COLUMN not_referable uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX contact_cards_of_need ON contact_cards (need_id);
