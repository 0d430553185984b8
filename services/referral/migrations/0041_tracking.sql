-- What the tracking list sorts and filters by: computed by the domain with every change of a referral and kept beside
-- it, so that each page comes straight out of an index, however many referrals are open.

ALTER TABLE referrals ADD COLUMN waiting_for text, ADD COLUMN due_on date;

UPDATE referrals r SET waiting_for = CASE
        WHEN status IN ('rejected', 'expired', 'completed', 'ended_early', 'cancelled', 'entered_in_error')
            THEN CASE WHEN duties <> '[]' THEN 'partner' END
        WHEN status IN ('draft', 'clarification') THEN 'navigator'
        WHEN status = 'awaiting_consent' THEN 'person'
        WHEN status IN ('requested', 'received') AND fetched_at IS NOT NULL AND back_level IN ('none', 'receipt')
            THEN 'navigator'
        ELSE 'partner' END,
    due_on = least(
        (SELECT min((due_at AT TIME ZONE 'Europe/Berlin')::date) FROM deadlines d
          WHERE d.referral_id = r.id AND d.done_at IS NULL AND d.kind IN ('expire', 'conclude')),
        CASE WHEN status = 'accepted' THEN contact_by END,
        (SELECT min((duty ->> 'due_on')::date) FROM jsonb_array_elements(duties) AS duty));

-- Over is what nobody waits for any more; what is due on no day stands behind everything that is.
ALTER TABLE referrals
    ADD COLUMN is_over boolean NOT NULL GENERATED ALWAYS AS (waiting_for IS NULL) STORED,
    ADD COLUMN sort_on date NOT NULL GENERATED ALWAYS AS (coalesce(due_on, '9999-12-31')) STORED;

CREATE INDEX referrals_tracked ON referrals (site, sender_id, is_over, sort_on, id);
CREATE INDEX referrals_by_status ON referrals (site, sender_id, status, is_over, sort_on, id);
CREATE INDEX referrals_at_partner ON referrals (site, sender_id, organization_id, is_over, sort_on, id);
CREATE INDEX referrals_drafted_by ON referrals (site, sender_id, drafted_by, is_over, sort_on, id);
-- With the status beside it all counters above the list are read from this one, too.
CREATE INDEX referrals_waiting ON referrals (site, sender_id, waiting_for, sort_on, id) INCLUDE (status)
    WHERE NOT is_over;
-- The six letters of a number, from the first on.
CREATE INDEX referrals_by_letters ON referrals (substr(reference, 6) text_pattern_ops);
