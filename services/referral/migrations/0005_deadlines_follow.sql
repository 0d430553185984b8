-- A referral is written by one statement, its deadlines with it: the row says what falls due, the table follows.

ALTER TABLE referrals ADD COLUMN deadlines jsonb NOT NULL DEFAULT '[]';  -- [[kind, due_at], ...]

CREATE FUNCTION deadlines_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM deadlines d WHERE d.referral_id = NEW.id AND d.done_at IS NULL AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(NEW.deadlines) w
        WHERE w ->> 0 = d.kind AND (w ->> 1)::timestamptz = d.due_at);
    INSERT INTO deadlines (referral_id, kind, due_at)
        SELECT NEW.id, w ->> 0, (w ->> 1)::timestamptz FROM jsonb_array_elements(NEW.deadlines) w
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER referrals_begin AFTER INSERT ON referrals FOR EACH ROW EXECUTE FUNCTION deadlines_follow();
CREATE TRIGGER referrals_move AFTER UPDATE OF deadlines ON referrals
    FOR EACH ROW WHEN (OLD.deadlines IS DISTINCT FROM NEW.deadlines) EXECUTE FUNCTION deadlines_follow();
