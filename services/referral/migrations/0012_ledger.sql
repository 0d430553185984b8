-- What partners owe about data they fetched (GDPR Art. 7(3), 16, 17, 19): a referral's row holds its duties, open and
-- settled, so that an answer stays one statement; the ledger, which is asked across referrals, follows by a trigger.

ALTER TABLE referrals ADD COLUMN settled jsonb NOT NULL DEFAULT '[]';  -- [{id, duty, ..., state, settled_at, ground}]

CREATE TABLE ledger (
    id               uuid PRIMARY KEY,
    referral_id      uuid NOT NULL REFERENCES referrals,
    organization_id  uuid NOT NULL,             -- the partner that owes
    sender_id        uuid NOT NULL,             -- the member organization it is owed to, and its site
    site             text NOT NULL,
    duty             text NOT NULL,
    cause            text NOT NULL,
    category         text,                      -- null: about everything that was fetched
    opened_at        timestamptz NOT NULL,
    due_on           date NOT NULL,
    state            text NOT NULL,
    ground           text,                      -- on what legal ground the data are kept
    by_hand          text,                      -- the way it was told, where a navigator wrote it down
    settled_at       timestamptz,
    CHECK ((state = 'open') = (settled_at IS NULL)),
    CHECK ((state = 'retained') = (ground IS NOT NULL))
);
CREATE INDEX ledger_by_due ON ledger (due_on, id);
CREATE INDEX ledger_open ON ledger (organization_id, due_on) WHERE state = 'open';
CREATE INDEX ledger_of_referral ON ledger (referral_id, opened_at);

CREATE FUNCTION ledger_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger (id, referral_id, organization_id, sender_id, site, duty, cause, category, opened_at, due_on,
                        state, ground, by_hand, settled_at)
        SELECT (d ->> 'id')::uuid, NEW.id, NEW.organization_id, NEW.sender_id, NEW.site, d ->> 'duty', d ->> 'cause',
               d ->> 'category', (d ->> 'opened_at')::timestamptz, (d ->> 'due_on')::date,
               coalesce(d ->> 'state', 'open'), d ->> 'ground', d ->> 'by_hand', (d ->> 'settled_at')::timestamptz
        FROM jsonb_array_elements(NEW.duties || NEW.settled) d
        ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state, ground = EXCLUDED.ground, by_hand = EXCLUDED.by_hand,
               settled_at = EXCLUDED.settled_at WHERE ledger.state <> EXCLUDED.state;
    RETURN NULL;
END $$;

CREATE TRIGGER referrals_owe AFTER UPDATE OF duties, settled ON referrals
    FOR EACH ROW WHEN (OLD.duties IS DISTINCT FROM NEW.duties OR OLD.settled IS DISTINCT FROM NEW.settled)
    EXECUTE FUNCTION ledger_follows();

-- Who withdrew an employer's request and how it was told; what is left of it is a request of its own.
ALTER TABLE enterprise_requests ADD COLUMN withdrawn_by text;
ALTER TABLE enterprise_requests ADD COLUMN withdrawn_channel text;
ALTER TABLE enterprise_requests ADD COLUMN followed_by uuid;
