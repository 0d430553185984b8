-- Each time a service was chosen whose funding excludes another one of the same person: refused, or justified.
-- The others are named as far as the desk that chose may see them.

CREATE TABLE funding_hints (
    id                 uuid PRIMARY KEY,
    enquiry_id         uuid NOT NULL REFERENCES enquiries,
    need_id            uuid NOT NULL REFERENCES needs,
    person_id          uuid NOT NULL REFERENCES persons,
    referral_id        uuid REFERENCES referrals,  -- of what was justified; what was refused left none
    service_id         uuid NOT NULL,
    other_service_ids  uuid[] NOT NULL,
    is_elsewhere       boolean NOT NULL,           -- another desk has one, too
    justification      text,
    hinted_by          text NOT NULL,
    hinted_at          timestamptz NOT NULL,
    CHECK ((referral_id IS NULL) = (justification IS NULL)),
    CHECK (is_elsewhere OR cardinality(other_service_ids) > 0)
);
CREATE INDEX funding_hints_of_person ON funding_hints (person_id);
CREATE INDEX funding_hints_of_enquiry ON funding_hints (enquiry_id, hinted_at);
-- What a partner declined for this reason is counted on the same page.
CREATE INDEX referrals_declined_as_double ON referrals (site, sender_id) WHERE rejection = 'DOUBLE_FUNDING';
