"""Pages for the data-protection officer: search, one case as a timeline, one entry, and how sound the log is."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from apiflask import APIBlueprint
from flask import render_template, request

from contracts.codes import StaffRole
from contracts.event import REGISTRY
from services.audit.domain.merkle import inclusion_proof
from services.audit.queries import health, owners, retention, tree
from services.audit.queries.disclosures import with_consents
from services.audit.queries.findings import anchored_at
from services.audit.queries.search import CASES, Search, entry_at, of_case, of_staff, search, with_referrals
from services.audit.queries.staff_rules import in_force
from services.audit.queries.streams import never_heard, streams
from services.audit.queries.withdrawals import withdrawals
from services.audit.web.looking import look, own_controller
from services.audit.web.operator import outside
from services.audit.web.said import said
from services.audit.web.wanted import search_of
from services.chassis.access import current_caller, staff
from services.chassis.errors import NotFoundError
from services.chassis.web import room

blueprint = APIBlueprint(
    "audit_pages", __name__, url_prefix="/audit", template_folder="templates", enable_openapi=False
)
blueprint.add_app_template_filter(said, "said")
readers = staff(StaffRole.DPO, StaffRole.AUDITOR)
#: Entries of a case on one page.
CASE_PAGE = 200
FILTERS = ("type", "subject", "actor", "from", "until", "enquiry_id", "referral_id", "person_id", "organization_id")


@blueprint.get("/")
@readers
def listing() -> str:
    """Search the log; the newest entries first."""
    wanted = search_of(request.args)
    look("search", wanted)
    with room().unit.db.read() as connection:
        page = search(connection, wanted, request.args.get("cursor"))
    return render_template(
        "audit/listing.html",
        page=page,
        wanted={name: request.args.get(name, "") for name in FILTERS},
        types=sorted(name for name in REGISTRY if not name.startswith("partner.")),
        next_page=_address(cursor=page.cursor) if page.cursor else "",
        first_page=_address() if "cursor" in request.args else "",
        narrowed=_address().removeprefix("?") if wanted.named() else "",
    )


@blueprint.get("/mine")
@staff()
def mine() -> str:
    """What the log holds under the caller's own pseudonym, and about her (GDPR Art. 15)."""
    who = current_caller().actor
    look("mine", Search(actor=who))
    with room().unit.db.read() as connection:
        page = of_staff(connection, who, request.args.get("cursor"))
        rules = in_force(connection)
    return render_template(
        "audit/mine.html",
        agreement=rules[-1] if rules else None,
        page=page,
        who=who,
        next_page=_address(cursor=page.cursor) if page.cursor else "",
        first_page=_address() if "cursor" in request.args else "",
    )


@blueprint.get("/cases/<kind>/<uuid:identity>")
@readers
def case(kind: str, identity: UUID) -> str:
    """Everything that happened to one case: disclosures beside their consent, withdrawals with what followed."""
    if kind not in CASES:
        raise NotFoundError("audit.entry-unknown")
    controller = own_controller()
    wanted = of_case(kind, identity, controller)
    look("case", wanted)
    here = room()
    with here.unit.db.read() as connection:
        page = search(connection, with_referrals(connection, wanted), request.args.get("cursor"), CASE_PAGE)
        steps = with_consents(connection, list(reversed(page.entries)))
        withdrawn = withdrawals(connection, kind, identity, controller, page.entries)
    if not steps:
        raise NotFoundError("audit.entry-unknown")
    return render_template(
        "audit/case.html",
        kind=kind,
        identity=identity,
        steps=steps,
        withdrawals=withdrawn,
        today=here.unit.clock.today(),
        earlier=_address(cursor=page.cursor) if page.cursor else "",
        newest=_address() if "cursor" in request.args else "",
    )


@blueprint.get("/entries/<int:position>")
@readers
def entry(position: int) -> str:
    """One entry with all it says, and its proof under the newest signed head."""
    controller = own_controller()
    look("entry", entry=position)
    with room().unit.db.read() as connection:
        found = entry_at(connection, position, controller)
        signed = tree.latest_checkpoint(connection)
        covered = signed is not None and position < signed.size
        proof = inclusion_proof(position, signed.size, tree.node_reader(connection)) if signed and covered else []
        noticed = anchored_at(connection, position, controller)
    return render_template(
        "audit/entry.html", entry=found, signed=signed if covered else None, proof=proof, findings=noticed
    )


@blueprint.get("/integrity")
@staff(StaffRole.DPO, StaffRole.OPERATIONS)
def integrity() -> str:
    """How far the log reaches, how far it is signed, and what never arrived."""
    here = room().unit
    now = here.clock.now()
    with here.db.read() as connection:
        standing = health.standing(connection)
        found = streams(connection)
        expiring, owned = retention.waiting(connection), owners.standing(connection)
        signed, witnesses = tree.latest_checkpoint(connection), tree.witnesses(connection)
        published = health.published(connection, outside())
    return render_template(
        "audit/integrity.html",
        standing=standing,
        streams=[(one, one.is_silent(now)) for one in found],
        never_heard=never_heard(found),
        expiring=expiring if expiring.is_stuck(now) else None,
        owners=owned,
        signed=signed,
        witnesses=witnesses,
        published=published,
    )


def _address(**more: Any) -> str:
    kept = {name: value for name, value in request.args.items() if name != "cursor" and value}
    return f"?{urlencode({**kept, **more})}"
