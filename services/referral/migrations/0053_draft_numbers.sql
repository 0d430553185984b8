-- The number of a draft that is over stays used up after its key was destroyed: one that lasts has a key, always.
ALTER TABLE enquiry_drafts ALTER COLUMN key_id DROP NOT NULL;
