-- Why somebody changed an object, in her own words: a retirement always says it, every other change may.
ALTER TABLE object_history ADD COLUMN why text;
