-- Persons come in by a link of their own: for one purpose, and for a short while.
ALTER TABLE web_sessions DROP CONSTRAINT web_sessions_kind_check;
ALTER TABLE web_sessions ADD CONSTRAINT web_sessions_kind_check CHECK (kind IN ('staff', 'desk', 'person'));
ALTER TABLE web_sessions ADD COLUMN purpose text;
