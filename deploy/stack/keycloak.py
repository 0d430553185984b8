"""A realm for Keycloak, as its import takes it: roles, one client per service, what the tokens say.

Made by the first container with this stack's secrets in it. People are none of it: whoever administers the realm makes
them, with their roles, and with `site`, `employer` and `organization_id` as attributes where they belong to one.
"""

from collections.abc import Mapping
from typing import Any

from contracts.codes import StaffRole
from contracts.identity import PARTNER_SCOPE
from deploy.demo.databases import SERVICES

REALM = "lotsennetz"
AUDIENCE = "lotsennetz"
#: What a member of staff or a program belongs to, kept as an attribute and told as a claim of the same name.
ATTRIBUTES = ("site", "employer", "organization_id")
TOKEN_SECONDS = 300
JSON = dict[str, Any]


def realm(origin: str, secrets: Mapping[str, str]) -> JSON:
    """The whole document; `secrets` by client id."""
    return {
        "realm": REALM,
        "displayName": "Lotsennetz",
        "enabled": True,
        "sslRequired": "all",
        "registrationAllowed": False,
        "rememberMe": False,
        "bruteForceProtected": True,
        "revokeRefreshToken": True,
        "accessTokenLifespan": TOKEN_SECONDS,
        "ssoSessionIdleTimeout": 1800,
        "ssoSessionMaxLifespan": 36_000,
        "defaultSignatureAlgorithm": "ES256",
        "roles": {"realm": [{"name": role.value} for role in StaffRole]},
        "clientScopes": [_told_of_everybody(), _partner_scope()],
        "clients": [*(_sign_in(service, origin, secrets) for service in SERVICES), *_programs(secrets)],
        "eventsEnabled": True,
        "adminEventsEnabled": True,
    }


def _told_of_everybody() -> JSON:
    """Audience, roles, and where somebody belongs; in ID tokens too, so that a sign-in needs no second question."""
    return {
        "name": REALM,
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": "false", "display.on.consent.screen": "false"},
        "protocolMappers": [
            _mapper("audience", "oidc-audience-mapper", {"included.custom.audience": AUDIENCE}, in_id_token=False),
            _mapper("roles", "oidc-usermodel-realm-role-mapper", {"claim.name": "roles", "multivalued": "true"}),
            *(
                _mapper(name, "oidc-usermodel-attribute-mapper", {"claim.name": name, "user.attribute": name})
                for name in ATTRIBUTES
            ),
        ],
    }


def _partner_scope() -> JSON:
    """Given to a partner's program and to nothing else: without it nobody speaks as one."""
    attributes = {"include.in.token.scope": "true", "display.on.consent.screen": "false"}
    return {"name": PARTNER_SCOPE, "protocol": "openid-connect", "attributes": attributes}


def _mapper(name: str, kind: str, config: Mapping[str, str], *, in_id_token: bool = True) -> JSON:
    places = {"access.token.claim": "true", "id.token.claim": str(in_id_token).lower(), "jsonType.label": "String"}
    return {
        "name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": {**places, **config},
    }  # fmt: skip


def _sign_in(service: str, origin: str, secrets: Mapping[str, str]) -> JSON:
    """Staff, by code with PKCE, back to the one page that takes it."""
    return {
        **_client(f"lotsennetz-{service}", secrets),
        "standardFlowEnabled": True,
        "serviceAccountsEnabled": False,
        "redirectUris": [f"{origin}/{service}/sign-in/callback"],
        "attributes": {
            **_headers(),
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": f"{origin}/{service}/*",
        },
    }


def _programs(secrets: Mapping[str, str]) -> list[JSON]:
    """`lotse`, once as operations and once as the lead; their roles are given to their service accounts."""
    return [
        {
            **_client(name, secrets),
            "standardFlowEnabled": False,
            "serviceAccountsEnabled": True,
            "attributes": _headers(),
        }
        for name in ("lotse", "lotse-lead")
    ]


def _client(name: str, secrets: Mapping[str, str]) -> JSON:
    return {
        "clientId": name,
        "protocol": "openid-connect",
        "enabled": True,
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        "secret": secrets[name],
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "frontchannelLogout": False,
        "defaultClientScopes": ["basic", "profile", "acr", REALM],
        "optionalClientScopes": [],
    }


def _headers() -> dict[str, str]:
    """Access tokens call themselves `at+jwt` (RFC 9068): no other kind is taken."""
    return {"access.token.header.type.rfc9068": "true"}
