-- What waits on a desk, page by page by its day, and what somebody put off until a day on which it comes back by itself.

ALTER TABLE tasks
    ADD COLUMN snoozed_until date,
    ADD COLUMN snoozed_by text,
    ADD COLUMN snoozed_at timestamptz,
    ADD CHECK (num_nonnulls(snoozed_until, snoozed_by, snoozed_at) IN (0, 3));

-- Everything the counters need stands in the index beside what it is sorted by.
CREATE INDEX tasks_waiting ON tasks (site, organization_id, due_on, id)
    INCLUDE (role, kind, opened_at, snoozed_until) WHERE closed_at IS NULL;
DROP INDEX tasks_open;
CREATE INDEX referrals_drafts ON referrals (site, sender_id, drafted_on, id) WHERE status = 'draft';
CREATE INDEX enquiries_recorded_by ON enquiries (site, organization_id, recorded_by);
