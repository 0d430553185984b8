"""The page of keys that wait: a second person types the thumbprint the partner told her, and the key is used."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from services.chassis.access import current_caller
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.pages import language
from services.chassis.web import request_work, room
from services.directory.commands import participation
from services.directory.domain import key_life
from services.directory.domain.key_life import KeyName
from services.directory.store import key_confirmations
from services.directory.web.operator import confirmers

PAGE = "/directory/keys"
Answer = tuple[str, int] | Response

blueprint = APIBlueprint("directory_keys", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False)


@blueprint.get("")
@confirmers
def show() -> str:
    """Every key that waits, the oldest first."""
    return _page(done=request.args.get("done") == "1")


@blueprint.post("/<uuid:organization_id>")
@confirmers
def confirm(organization_id: UUID) -> Answer:
    """Confirm one key; what does not fit is said beside it."""
    typed = "".join(request.form.get("thumbprint", "").split())
    try:
        with request_work() as work:
            participation.confirm_key(work, str(organization_id), typed)
    except InvalidError:
        return _page(wrong=str(organization_id)), 422
    except RefusedError:
        return _page(own=str(organization_id)), 409
    return redirect(f"{PAGE}?done=1", 303)


def _page(*, done: bool = False, wrong: str | None = None, own: str | None = None) -> str:
    with room().unit.db.read() as connection:
        rows = key_confirmations.unconfirmed(connection)
    waiting = [one for one in map(_waiting, rows) if one is not None]
    return render_template("directory/keys.html", keys=waiting, done=done, wrong=wrong, own=own)


def _waiting(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """One key as the page shows it: never its fingerprint. None once it stands in the participation no more."""
    wanted = KeyName(row["thumbprint"], row["use"])
    found = next((one for one in key_life.listed(row["participation"]) if key_life.name_of(one) == wanted), None)
    if found is None or "revoked_at" in found:
        return None
    return {
        "organization_id": str(row["organization_id"]),
        "organization": row["name"].get(language(), row["name"]["de"]),
        "kid": found["key"]["kid"] if found["key"]["kid"] != row["thumbprint"] else "",
        "use": row["use"],
        "kty": found["key"]["kty"],
        "since": row["handed_in_at"],
        "is_mine": current_caller().actor in row["touched_by"],
    }
