-- The number of a draft that is over stays used up after its key was destroyed.
ALTER TABLE enquiry_drafts ALTER COLUMN key_id DROP NOT NULL;
ALTER TABLE enquiry_drafts ADD CONSTRAINT enquiry_drafts_key CHECK (key_id IS NOT NULL OR ended_at IS NOT NULL) NOT VALID;
ALTER TABLE enquiry_drafts VALIDATE CONSTRAINT enquiry_drafts_key;
