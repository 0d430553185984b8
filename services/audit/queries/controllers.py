"""Whose a case is: its controller's who recorded the enquiry; so is what is about a person whom no other knows.

Asked of each entry on the way, a controller with few cases would have the whole log read for her. So what is hers is
collected first, and then her entries are found by their own indexes.
"""

from uuid import UUID

from services.chassis.db import Connection

#: `OFFSET 0` keeps each question with its case or person: otherwise all that others recorded may be read to answer it.
HERS = """
WITH own AS MATERIALIZED (
    SELECT enquiry_id, person_id FROM entries
    WHERE organization_id = %s AND type = 'referral.enquiry_recorded.v1'
)
SELECT ARRAY(SELECT DISTINCT enquiry_id FROM own WHERE enquiry_id IS NOT NULL)::text AS enquiries,
    ARRAY(
        SELECT DISTINCT drafted.referral_id FROM (SELECT DISTINCT enquiry_id FROM own) AS cases CROSS JOIN LATERAL (
            SELECT referral_id FROM entries
            WHERE enquiry_id = cases.enquiry_id AND type = 'referral.drafted.v1' OFFSET 0
        ) AS drafted WHERE drafted.referral_id IS NOT NULL
    )::text AS referrals,
    ARRAY(
        SELECT person_id FROM (SELECT DISTINCT person_id FROM own WHERE person_id IS NOT NULL) AS known
        WHERE NOT EXISTS (
            SELECT 1 FROM entries AS other WHERE other.person_id = known.person_id
                AND other.type = 'referral.enquiry_recorded.v1' AND other.organization_id <> %s OFFSET 0
        )
    )::text AS persons
"""
#: As a condition on `entries`; its values are what `held_by` answers.
OF_CONTROLLER = """(
    entries.enquiry_id = ANY(%s::uuid[]) OR entries.referral_id = ANY(%s::uuid[])
    OR (entries.person_id = ANY(%s::uuid[]) AND entries.enquiry_id IS NULL AND entries.referral_id IS NULL)
)"""


def held_by(connection: Connection, controller: UUID) -> list[str]:
    """The enquiries, referrals and persons that are a controller's, as the database writes them: nobody reads them."""
    row = connection.execute(HERS, (controller, controller), prepare=False).fetchone()
    assert row is not None
    return [row["enquiries"], row["referrals"], row["persons"]]
