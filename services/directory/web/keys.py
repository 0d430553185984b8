"""The page of keys and channels that wait for a second person.

She types the thumbprint of a key, which the partner told her; of a channel she sees the new one beside the former.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import CHANNEL_REFUSALS, ChannelKind
from services.chassis.access import current_caller
from services.chassis.errors import InvalidError, NotFoundError, RefusedError, StaleError
from services.chassis.pages import label, language
from services.chassis.web import request_work, room
from services.directory.commands import channels, participation
from services.directory.domain import channel_life, key_life
from services.directory.domain.key_life import KeyName
from services.directory.store import channel_confirmations, key_confirmations
from services.directory.web.operator import confirmers

PAGE = "/directory/keys"
Answer = tuple[str, int] | Response

blueprint = APIBlueprint("directory_keys", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False)


@blueprint.get("")
@confirmers
def show() -> str:
    """Every key and every channel that waits, the oldest first."""
    return _page(done=request.args.get("done"))


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
    return redirect(f"{PAGE}?done=key", 303)


@blueprint.post("/<uuid:organization_id>/channel")
@confirmers
def decide(organization_id: UUID) -> Answer:
    """Put a channel in force or say why not; if another one waits by now, that one is shown."""
    body, refused = str(organization_id), request.form.get("decision") == "refuse"
    seen, reason = request.form.get("thumbprint", ""), request.form.get("reason", "")
    if refused and not reason:
        return _page(reasonless=body), 422
    try:
        with request_work() as work:
            if refused:
                channels.refuse_channel(work, body, seen, reason)
            else:
                channels.confirm_channel(work, body, seen)
    except RefusedError:
        return _page(own=body), 409
    except StaleError:
        return _page(changed=body), 412
    except NotFoundError:
        return _page(changed=body), 404
    return redirect(f"{PAGE}?done={'refused' if refused else 'channel'}", 303)


#: What is said about one of those that wait: by the organization.
SAID = dict.fromkeys(("done", "wrong", "own", "changed", "reasonless"))


def _page(**said: str | None) -> str:
    with room().unit.db.read() as connection:
        rows = key_confirmations.unconfirmed(connection)
        reached = channel_confirmations.unconfirmed(connection)
    waiting = [one for one in map(_waiting, rows) if one is not None]
    return render_template(
        "directory/keys.html",
        keys=waiting,
        channels=list(map(_channel, reached)),
        refusals=[(one.value, label(one)) for one in CHANNEL_REFUSALS],
        **(SAID | said),
    )


def _channel(row: Mapping[str, Any]) -> dict[str, Any]:
    """A channel as the page shows it, beside the one in force."""
    return {
        "organization_id": str(row["organization_id"]),
        "organization": row["name"].get(language(), row["name"]["de"]),
        "thumbprint": channel_life.thumbprint(row["waiting"]),
        "wanted": _places(row["waiting"]),
        "in_force": _places(row["in_force"] or channel_life.NOWHERE),
        "since": row["handed_in_at"],
        "is_mine": current_caller().actor in row["touched_by"],
    }


def _places(reached_by: Mapping[str, Any]) -> tuple[ChannelKind, str, str]:
    """The kind, the address that goes with it, and the mailbox of the agreement."""
    channel = reached_by["channel"]
    address = channel.get("webhook_url") or channel.get("unit_mailbox") or ""
    return ChannelKind(channel["kind"]), address, reached_by.get("contact", "")


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
