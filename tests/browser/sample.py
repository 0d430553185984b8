"""A tiny application with one page that uses every part of the shell."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Flask, render_template

from contracts.codes import Site, StaffRole
from deploy.demo.clocks import FixedClock
from services.chassis.access import Caller, Kind, public, staff
from services.chassis.i18n import for_persons
from services.chassis.room import NavigationItem
from services.chassis.sessions import Session
from services.chassis.web import create_app
from tests.chassis.web_rig import settings

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
ANNA = Caller(
    Kind.STAFF,
    "staff:0123",
    roles=frozenset({StaffRole.NAVIGATOR}),
    role=StaffRole.NAVIGATOR,
    site=Site.AACHEN,
    session_id=UUID(int=1),
    by_session=True,
)


@dataclass(frozen=True)
class Entry:
    at: datetime
    text: str
    who: str = ""
    by_hand: bool = False


class NoDatabase:
    """The sample reads nothing."""

    db: Any = None
    clock = FixedClock(NOW)


def make_sample() -> Flask:
    blueprint = APIBlueprint(
        "sample", __name__, url_prefix="/sample", template_folder="templates", enable_openapi=False
    )

    @blueprint.get("/")
    @staff()
    def parts() -> str:
        entries = [Entry(NOW, "Die IHK Aachen hat den Verweis angenommen.", "Partner", True), Entry(NOW, "Gesendet.")]
        return render_template("sample/parts.html", entries=entries)

    @blueprint.get("/controls")
    @staff()
    def controls() -> str:
        return render_template("sample/controls.html")

    @blueprint.get("/person")
    @public
    @for_persons
    def person() -> str:
        return render_template("sample/person.html")

    @blueprint.get("/role")
    @public
    def role() -> str:
        return render_template("chassis/choose_role.html", roles=sorted(StaffRole), state="state")

    @blueprint.get("/out")
    @public
    def out() -> str:
        return render_template("chassis/signed_out.html", issuer_url="http://localhost/sign-out")

    @blueprint.get("/mine")
    @staff()
    def mine() -> str:
        own = {"session_id": ANNA.session_id, "began_at": NOW, "seen_at": NOW, "role": ANNA.role, "site": ANNA.site}
        found = [own, own | {"session_id": UUID(int=2)}]
        return render_template("chassis/sessions.html", sessions=found, this=ANNA.session_id, may_end_accounts=True)

    @blueprint.get("/bug")
    @public
    @for_persons
    def bug() -> str:
        raise ValueError("secret: Max Mustermann")

    navigation = [NavigationItem("Show", "/sample/"), NavigationItem("Pages", "/sample/person")]
    app = create_app(
        "sample",
        settings(),
        NoDatabase(),
        blueprints=[blueprint],
        navigation=navigation,  # type: ignore[arg-type]
    )
    room = app.extensions["lotsennetz"]
    room.sessions.find = lambda request: Session(ANNA, "form-token", "cookie")
    return app
