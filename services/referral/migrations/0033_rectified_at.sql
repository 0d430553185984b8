-- When a record was last corrected. That a correction was granted is written down only with it (GDPR Art. 12(3), 16).

ALTER TABLE persons ADD COLUMN rectified_at timestamptz;
