-- Figures of a period read referrals by the day they were sent, and how long acceptance took from the fact itself.
CREATE INDEX referrals_sent ON referrals (requested_on) WHERE requested_on IS NOT NULL;
CREATE INDEX timeline_accepted ON timeline (referral_id) INCLUDE (at) WHERE type = 'referral.accepted.v1';
CREATE INDEX referrals_with_obstacles ON referrals (ended_on) WHERE obstacles <> '{}';
CREATE INDEX referrals_declined ON referrals (ended_on) WHERE status = 'rejected';
