-- A partner's word is a decision too: with a yes stands how much may come back, with a no nothing of what was wanted.
ALTER TABLE decisions ADD COLUMN back_level text CHECK (back_level IS NULL OR (allowed AND point = 'back_channel'));

-- Metrics count what was decided since they last looked; decisions come in the order of their time.
CREATE INDEX decisions_by_time ON decisions USING brin (decided_at);
