"""The realm Keycloak takes in, held to what the services ask of an issuer. Keycloak itself was not run."""

import pytest

from contracts.codes import StaffRole
from contracts.identity import PARTNER_SCOPE
from deploy.stack.keycloak import ATTRIBUTES, AUDIENCE, REALM, realm
from services.chassis.config import Settings
from services.chassis.oidc import Issuer
from services.chassis.tokens import ACCESS_TOKEN_TYPES, ALGORITHMS
from tests.stack.composed import SERVICES

ORIGIN = "https://lotsen.example"
SECRETS = {name: f"secret-of-{name}" for name in (*(f"lotsennetz-{one}" for one in SERVICES), "lotse", "lotse-lead")}
MADE = realm(ORIGIN, SECRETS)
CLIENTS = {one["clientId"]: one for one in MADE["clients"]}


def test_every_role_a_service_knows_can_be_given() -> None:
    assert {one["name"] for one in MADE["roles"]["realm"]} == {role.value for role in StaffRole}


@pytest.mark.parametrize("service", SERVICES)
def test_staff_come_back_to_the_page_the_service_names_and_to_no_other(service: str) -> None:
    settings = Settings({}, service=service, public_url=ORIGIN, oidc_client_id=f"lotsennetz-{service}")
    one = CLIENTS[settings.oidc_client_id]
    assert one["redirectUris"] == [Issuer(settings, None, None).redirect_uri]  # type: ignore[arg-type]
    assert one["attributes"]["pkce.code.challenge.method"] == "S256"
    assert not (one["publicClient"] or one["implicitFlowEnabled"] or one["directAccessGrantsEnabled"])
    assert one["secret"] == f"secret-of-lotsennetz-{service}"


def test_tokens_are_of_the_kind_and_the_algorithm_services_take() -> None:
    assert MADE["defaultSignatureAlgorithm"] in ALGORITHMS
    assert "at+jwt" in ACCESS_TOKEN_TYPES
    assert all(one["attributes"]["access.token.header.type.rfc9068"] == "true" for one in MADE["clients"])


def test_tokens_say_for_whom_they_are_which_roles_somebody_has_and_where_she_belongs() -> None:
    scope = next(one for one in MADE["clientScopes"] if one["name"] == REALM)
    mappers = {one["name"]: one["config"] for one in scope["protocolMappers"]}
    assert mappers["audience"]["included.custom.audience"] == AUDIENCE == Settings({}).token_audience
    assert mappers["roles"]["claim.name"] == "roles" and mappers["roles"]["multivalued"] == "true"
    for name in ATTRIBUTES:
        assert mappers[name]["claim.name"] == name
    assert all(REALM in one["defaultClientScopes"] for one in MADE["clients"])


def test_no_client_is_a_partners_system_by_itself() -> None:
    assert any(one["name"] == PARTNER_SCOPE for one in MADE["clientScopes"])
    assert not any(PARTNER_SCOPE in one["defaultClientScopes"] for one in MADE["clients"])
