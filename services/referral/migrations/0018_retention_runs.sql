-- A run of the deletion job goes step by step and remembers where it stands; what it did is counted from its items.
ALTER TABLE retention_runs
    ADD COLUMN at_kind text,                         -- everything up to here is done
    ADD COLUMN at_id uuid,
    DROP COLUMN deleted,
    DROP COLUMN held,
    DROP COLUMN held_until;

-- A row stands for what is gone, or, with `held_until`, for what was due but is held until then.
ALTER TABLE retention_items
    ADD COLUMN person_id uuid,
    ADD COLUMN held_until date;
