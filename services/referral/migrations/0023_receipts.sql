-- Receipts (RFC 8417): what the network signed for a partner, and what the partner signed in return. A token holds ids,
-- codes and times; it is kept whole, because only the whole can be checked.

CREATE TABLE receipts (
    organization_id  uuid NOT NULL,
    issuer           text NOT NULL CHECK (issuer IN ('network', 'partner')),
    number           text NOT NULL,              -- its jti; of the network's, the id of the fact in the outbox and the log
    referral_id      uuid NOT NULL REFERENCES referrals,
    event            text NOT NULL,
    sha256           text,                       -- of the sealed bytes that were handed out
    key_id           text NOT NULL,
    token            text NOT NULL,
    signed_at        timestamptz NOT NULL,       -- of a partner's: when it was handed in
    PRIMARY KEY (organization_id, issuer, number)
);
CREATE INDEX receipts_of_referral ON receipts (referral_id, signed_at);
