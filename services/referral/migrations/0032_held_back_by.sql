-- Who last decided that the person does not hear of it yet: prolonging and lifting takes somebody else [law].

ALTER TABLE external_disclosures ADD COLUMN withheld_by text;
UPDATE external_disclosures SET withheld_by = confirmed_by WHERE withheld_until IS NOT NULL;
