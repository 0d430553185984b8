"""Which consent texts there are: id, version, language, hash, how far reviewed, and how often each was agreed to."""

from apiflask import APIBlueprint
from flask import render_template

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.room import room
from services.referral.web.callers import house

USED = """
SELECT text_sha256, count(*) AS times FROM (
    SELECT signed ->> 'text_sha256' AS text_sha256 FROM consents, jsonb_array_elements(signatures) AS signed
    UNION ALL SELECT notice_sha256 FROM enterprise_requests WHERE notice_sha256 IS NOT NULL
    UNION ALL SELECT notice_sha256 FROM enquiries WHERE notice_sha256 IS NOT NULL) AS every
GROUP BY text_sha256"""


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("consent_texts", __name__, url_prefix="/referral/data-protection", enable_openapi=False)
    pages.get("/texts")(texts)
    return pages


@staff(StaffRole.LEAD, StaffRole.DPO)
def texts() -> str:
    """Counts only: nobody is seen here."""
    with room().unit.db.read() as connection:
        used = {row["text_sha256"]: row["times"] for row in connection.execute(USED).fetchall()}
    return render_template("referral/protection/texts.html", texts=house().texts.all(), used=used)
