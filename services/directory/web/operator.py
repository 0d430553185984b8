"""What editors and operators do by program: set how an organization takes part, look into histories."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import request

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.web import request_work, room
from services.directory import queries
from services.directory.commands import channels
from services.directory.commands import participation as participations
from services.directory.domain.formats import as_id
from services.directory.domain.objects import Kind
from services.directory.domain.reading import UnreadableError, parse
from services.directory.store import standings

Json = dict[str, Any]

blueprint = APIBlueprint("operator_directory", __name__, url_prefix="/directory/operator")
editors = staff(StaffRole.DIRECTORY_EDITOR, StaffRole.OPERATIONS)
confirmers = staff(StaffRole.DIRECTORY_EDITOR, StaffRole.OPERATIONS, StaffRole.LEAD)


@blueprint.get("/organizations/<organization>/participation")
@editors
def participation(organization: str) -> Json:
    """Channel, agreement, public key and terms of an organization."""
    with room().unit.db.read() as connection:
        return queries.participation(connection, organization_id(organization))


@blueprint.put("/organizations/<organization>/participation")
@editors
def change_participation(organization: str) -> Json:
    """Set channel, agreement and terms; the public key stays unless one is given."""
    with request_work() as work:
        return participations.change_participation(work, organization_id(organization), body())


@blueprint.get("/organizations/<organization>/standing")
@editors
def standing(organization: str) -> Json:
    """Whether an organization takes part, rests or has left."""
    with room().unit.db.read() as connection:
        return {"participation": standings.of(connection, organization_id(organization))}


@blueprint.put("/organizations/<organization>/standing")
@editors
def change_standing(organization: str) -> Json:
    """Let it rest, leave, or take part again (`participation`); every service hears of it."""
    wanted = body().get("participation")
    with request_work() as work:
        return {"participation": participations.change_standing(work, organization_id(organization), wanted)}


@blueprint.put("/organizations/<organization>/public-key")
@editors
def change_public_key(organization: str) -> Json:
    """Set the key dossiers are sealed to, and compare its fingerprint with the one told by another way."""
    given = body()
    with request_work() as work:
        return participations.change_public_key(
            work, organization_id(organization), given.get("public_key"), given.get("thumbprint")
        )


@blueprint.get("/organizations/<organization>/keys")
@editors
def keys(organization: str) -> Json:
    """Every key of an organization: for what, from when until when, how it stands, its fingerprint."""
    with request_work() as work:
        return {"keys": participations.keys_of(work, organization_id(organization))}


@blueprint.post("/organizations/<organization>/keys")
@editors
def add_key(organization: str) -> Json:
    """Take in one more key with its life; with `old_until` it follows those of its use."""
    with request_work() as work:
        return {"keys": participations.add_key(work, organization_id(organization), body())}


@blueprint.post("/organizations/<organization>/keys/<kid>/revocation")
@editors
def revoke_key(organization: str, kid: str) -> Json:
    """From now on this key counts no more."""
    with request_work() as work:
        return {"keys": participations.revoke_key(work, organization_id(organization), kid)}


@blueprint.post("/organizations/<organization>/keys/confirmations")
@confirmers
def confirm_key(organization: str) -> Json:
    """A second person confirms a key by the fingerprint told another way; before, it is used for nothing."""
    with request_work() as work:
        found = participations.confirm_key(work, organization_id(organization), body().get("thumbprint"))
    return {"keys": found}


@blueprint.get("/organizations/<organization>/channel")
@confirmers
def channel(organization: str) -> Json:
    """By which channel an organization is reached, and which waits for a second person."""
    with request_work() as work:
        return channels.channel_of(work, organization_id(organization))


@blueprint.post("/organizations/<organization>/channel/confirmations")
@confirmers
def confirm_channel(organization: str) -> Json:
    """A second person puts the channel in force that she looked at (`thumbprint`); before, the former one is."""
    with request_work() as work:
        return channels.confirm_channel(work, organization_id(organization), body().get("thumbprint"))


@blueprint.post("/organizations/<organization>/channel/refusals")
@confirmers
def refuse_channel(organization: str) -> Json:
    """The channel that waits (`thumbprint`) is not used, for a `reason`; the one in force is on file again."""
    given = body()
    with request_work() as work:
        return channels.refuse_channel(
            work, organization_id(organization), given.get("thumbprint"), given.get("reason")
        )


@blueprint.get("/history/<kind>/<name>")
@editors
def history(kind: str, name: str) -> Json:
    """Every state an object had, the newest first, with who brought it about."""
    found = as_id(kind, name)
    with room().unit.db.read() as connection:
        states = queries.history(connection, kind, str(found or name))
    if not states:
        raise NotFoundError("directory.object-unknown")
    return {"states": [{**state, "changed_at": state["changed_at"].isoformat()} for state in states]}


def organization_id(value: str) -> str:
    """The id in an address, which may be the slug people know."""
    found: UUID | None = as_id(Kind.ORGANIZATION, value)
    if found is None:
        raise NotFoundError("directory.organization-unknown")
    return str(found)


def body() -> Json:
    """The JSON object of a request, read with the same suspicion as a file."""
    try:
        return parse(request.get_data(cache=False))
    except UnreadableError as error:
        raise InvalidError("request.invalid", {"": str(error)}) from error
