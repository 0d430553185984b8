"""Who comes and goes at a service's own pages is a fact of that service, whichever it is."""

from importlib import import_module
from pathlib import Path
from uuid import UUID

import pytest

from contracts.codes import SessionEnd, StaffRole
from contracts.event import type_of
from deploy.demo.clocks import FixedClock
from services.audit.keys import make_signer, save_signer
from services.chassis.access import Caller, Kind
from services.chassis.config import load
from services.chassis.db import Database
from services.chassis.room import room
from services.chassis.work import Unit
from tests.chassis.web_rig import SETTINGS, TestIssuer
from tests.integration.audit.conftest import START

ANNA = Caller(Kind.STAFF, "staff:" + "ab" * 16, role=StaffRole.LEAD, session_id=UUID(int=5))


@pytest.mark.parametrize("service", ["directory", "notifications", "audit"])
def test_a_service_says_who_signed_in_and_out(service: str, make_database, tmp_path: Path) -> None:
    save_signer(make_signer("lotsennetz.example/audit"), tmp_path / "log.key")
    own = {"CHECKPOINT_KEY_FILE": str(tmp_path / "log.key"), "CHECKPOINT_DIR": str(tmp_path)}
    dsn = make_database(service).app_dsn
    settings = load(service, {**SETTINGS, **own, "DATABASE_URL": dsn})
    with Database(dsn) as database:
        unit = Unit(database, FixedClock(START), service)
        app = import_module(f"services.{service}.web.app").create_app(settings, unit, issuer_keys=TestIssuer().keys())
        with app.app_context():
            facts = room().facts
    assert facts.signed_in is not None and facts.signed_out is not None
    came, went = facts.signed_in(UUID(int=5), ANNA), facts.signed_out(UUID(int=5))
    assert [type_of(came), type_of(went)] == [f"{service}.signed_in.v1", f"{service}.signed_out.v1"]
    assert came.role is StaffRole.LEAD and came.session_id == went.session_id == UUID(int=5)
    assert facts.session_ended is not None
    assert type_of(facts.session_ended(UUID(int=5), SessionEnd.BY_RESPONSIBLE)) == f"{service}.session_ended.v1"
