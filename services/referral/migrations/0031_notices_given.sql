-- Somebody who was invited asks for advice herself: which notice (GDPR Art. 13, 14) she had before her, kept with her enquiry.

ALTER TABLE enquiries ADD COLUMN notice_text_id  text;
ALTER TABLE enquiries ADD COLUMN notice_version  integer;
ALTER TABLE enquiries ADD COLUMN notice_sha256   text;
ALTER TABLE enquiries ADD COLUMN notice_language text;
ALTER TABLE enquiries ADD CONSTRAINT enquiries_notice_whole
    CHECK (num_nulls(notice_text_id, notice_version, notice_sha256, notice_language) IN (0, 4));
