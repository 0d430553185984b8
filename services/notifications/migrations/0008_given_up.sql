-- An operator may give a delivery up, with a reason: it is tried no more, and nobody has to look at it again.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_state_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_state_check
    CHECK (state IN ('pending', 'sent', 'confirmed', 'failed', 'parked', 'withdrawn', 'discarded'));
ALTER TABLE deliveries ADD COLUMN discard_reason text;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_given_up_for_a_reason
    CHECK ((state = 'discarded') <= (discard_reason IS NOT NULL));
-- How partners' receivers did lately.
CREATE INDEX attempts_recent ON attempts (began_at);
