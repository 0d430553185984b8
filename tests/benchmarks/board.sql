-- One piece of the desk, from a first to a last number; what the domain computes is given as it would.
WITH made AS (
    SELECT n, md5('referral' || n)::uuid AS id, md5('enquiry' || n)::uuid AS enquiry_id, md5('need' || n)::uuid AS need_id,
        md5('person' || n)::uuid AS person_id, ('00000000-0000-4000-b000-' || lpad(to_hex(n %% %(partners)s), 12, '0'))::uuid
            AS organization_id,
        CASE WHEN n %% 3 = 2 THEN (ARRAY['completed', 'rejected', 'cancelled', 'expired'])[1 + n / 3 %% 4]
            ELSE (ARRAY['requested', 'received', 'clarification', 'waitlisted', 'accepted', 'in_progress', 'in_progress',
                'in_progress', 'awaiting_consent', 'draft'])[1 + (n / 3 + n %% 3 * 5) %% 10] END AS status,
        %(today)s::date - (n * 31 %% 90)::int AS drafted_on,
        CASE WHEN n %% %(colleagues)s = 0 THEN %(actor)s ELSE 'staff:' || lpad(to_hex(n %% %(colleagues)s), 32, '0') END
            AS staff
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
), persons_made AS (
    INSERT INTO persons (id, kind, recorded_at, changed_at) SELECT person_id, 'person', %(now)s, %(now)s FROM made
), enquiries_made AS (
    INSERT INTO enquiries (id, enquirer, person_id, site, organization_id, recorded_by, recorded_at, last_contact_at)
    SELECT enquiry_id, 'person', person_id, 'aachen', %(sender)s, staff, drafted_on, drafted_on FROM made
), needs_made AS (
    INSERT INTO needs (id, enquiry_id, person_id, topic, urgency, recorded_at)
    SELECT need_id, enquiry_id, person_id, 'ANERKENNUNG', 'normal', drafted_on FROM made
), referrals_made AS (
    INSERT INTO referrals (id, reference, version, status, enquiry_id, need_id, person_id, enquirer, site, sender_id,
        organization_id, service_id, topic, urgency, back_level, drafted_by, drafted_on, own_employer,
        duplicates_checked, questions, duties, obstacles, sender_staff, partner_staff, changed_at, waiting_for, due_on)
    SELECT id, 'R-26-' || upper(substr(md5('number' || n), 1, 6)) || n, 1, status, enquiry_id, need_id, person_id,
        'person', 'aachen', %(sender)s, organization_id, organization_id, 'ANERKENNUNG',
        CASE WHEN n %% 20 = 0 THEN 'urgent' ELSE 'normal' END, 'outcome', staff, drafted_on, false, true, '[]', '[]',
        '{}', ARRAY[staff], '{}', drafted_on,
        CASE WHEN n %% 3 = 2 THEN NULL WHEN status IN ('draft', 'clarification') THEN 'navigator'
            WHEN status = 'awaiting_consent' THEN 'person' ELSE 'partner' END,
        CASE WHEN status IN ('requested', 'received', 'clarification', 'accepted') THEN drafted_on + 40 END
    FROM made
), told AS (
    INSERT INTO timeline (event_id, referral_id, type, at, actor, data)
    SELECT md5('event' || n || step)::uuid, id, (ARRAY['referral.drafted.v1', 'referral.received.v1',
            'referral.reminder_due.v1'])[step], drafted_on + step * interval '1 day', staff,
        (ARRAY[jsonb_build_object('referral_id', id, 'reference', 'R-26-ABCDEF', 'enquiry_id', enquiry_id, 'need_id', need_id,
                'organization_id', organization_id, 'service_id', organization_id, 'topic', 'ANERKENNUNG', 'site', 'aachen',
                'enquirer', 'person', 'person_id', person_id, 'urgency', 'normal', 'own_employer', false, 'based_on', NULL),
            jsonb_build_object('referral_id', id, 'organization_id', organization_id, 'by_hand', NULL),
            jsonb_build_object('referral_id', id, 'organization_id', organization_id, 'reminder', 'first',
                'waiting_for', 'partner')])[step]
    FROM made, generate_series(1, 3) AS step
)
INSERT INTO tasks (id, kind, referral_id, enquiry_id, organization_id, site, role, due_on, opened_at, closed_at, closed_by,
    snoozed_until, snoozed_by, snoozed_at)
SELECT md5('task' || n)::uuid, (ARRAY['answer_missing', 'question_open', 'referral_rejected', 'answer_still_missing'])
        [1 + n / 3 %% 4], id, enquiry_id, %(sender)s, 'aachen', CASE n / 3 %% 4 WHEN 3 THEN 'lead' ELSE 'navigator' END,
    drafted_on + 42, drafted_on + 40, CASE WHEN n %% 2 = 0 THEN %(now)s::timestamptz END,
    CASE WHEN n %% 2 = 0 THEN staff END,
    CASE WHEN n %% 30 = 3 THEN %(today)s::date + 5 END, CASE WHEN n %% 30 = 3 THEN staff END,
    CASE WHEN n %% 30 = 3 THEN %(now)s::timestamptz END
FROM made WHERE n %% 3 = 0
