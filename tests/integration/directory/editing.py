"""Who knocks at the editors' pages: an editor, the clerk of the chamber, the clerk of a stranger, a navigator."""

from typing import Any

from flask.testing import FlaskClient

from contracts.identity import id_of
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_directory, a_service, an_organization

CHAMBER, STRANGER = id_of("organization", "a-chamber"), id_of("organization", "a-stranger")
SERVICE, PLACE = id_of("service", "a-recognition"), id_of("location", "a-house")
LINK = id_of("service_at_location", "a-recognition-at-a-house")
ISSUER = TestIssuer()
EDITOR = bearer(ISSUER.token(sub="edda", roles=["directory_editor"]))
CLERK = bearer(ISSUER.token(sub="cleo", roles=["partner_clerk"], employer=str(CHAMBER)))
STRANGERS_CLERK = bearer(ISSUER.token(sub="sam", roles=["partner_clerk"], employer=str(STRANGER)))
NAVIGATOR = bearer(ISSUER.token(sub="nora", roles=["navigator"]))


def rows() -> list[dict[str, Any]]:
    """A chamber with one service at one place, and a stranger with a service of its own."""
    stranger = an_organization(id="a-stranger", name={"de": "Fremder Verein"})
    theirs = a_service(id="a-course", organization_id="a-stranger", name={"de": "Sprachkurs"}, topics=["SPRACHE"])
    return [*a_directory(), stranger, theirs]


def client_of(directory: Directory) -> FlaskClient:
    return create_app(settings(), directory.unit, issuer_keys=ISSUER.keys()).test_client()
