-- Whose a case is, found from the controller's side: what she recorded, the referrals drafted for it, and whether a
-- person is known to another. An auditor's page asks this first and then reads her controller's entries alone.
CREATE INDEX entries_by_controller ON entries (organization_id, enquiry_id, person_id)
    WHERE type = 'referral.enquiry_recorded.v1';
CREATE INDEX entries_by_draft ON entries (enquiry_id, referral_id) WHERE type = 'referral.drafted.v1';
CREATE INDEX entries_by_known_person ON entries (person_id, organization_id)
    WHERE type = 'referral.enquiry_recorded.v1';
