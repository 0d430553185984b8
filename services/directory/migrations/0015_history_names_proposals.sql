-- A change that was a partner's wish says so: which proposal led to it, as it was or changed by the editor.
ALTER TABLE object_history ADD COLUMN proposal_id uuid REFERENCES proposals;
