"""A form as it stands between two steps: which object it is about, what is typed, and which state was looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from flask import request

from contracts.identity import id_of
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.web import room
from services.directory import store
from services.directory.commands.editing import Wish
from services.directory.domain import forms
from services.directory.domain.differences import clashes, merged
from services.directory.domain.objects import Kind
from services.directory.queries import objects as queries
from services.directory.queries import proposals
from services.directory.store.proposals import Proposal
from services.directory.web import objects, words
from services.directory.web.reports import speaks_for

Json = dict[str, Any]
#: What an address of a new object may say already.
GIVEN = ("organization_id", "service_id", "location_id")
MOST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form."""

    kind: Kind
    held: Mapping[str, Any] | None
    value: Json
    seen: int
    #: Under which id it is kept if it becomes a proposal or a draft, or of which one it goes on.
    key: UUID
    is_continued: bool = False
    problems: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    clash: Mapping[str, Any] | None = None

    @property
    def wish(self) -> Wish:
        return Wish(self.kind, self.value, self.seen, self.why or None)


def offered(kind: str) -> Kind:
    """A kind this caller may make something of."""
    kinds = [one for one in objects.offered_kinds() if objects.is_editor() or one is not Kind.ORGANIZATION]
    found = next((one for one in kinds if one == kind), None)
    if found is None:
        raise NotFoundError("directory.object-unknown")
    return found


def empty(kind: Kind) -> Sheet:
    return Sheet(kind, None, {}, 0, room().unit.ids())


def begun(kind: Kind) -> Sheet:
    """Something new, with what the address says already."""
    given = {name: str(request.args[name]) for name in GIVEN if request.args.get(name)}
    return _continued(replace(empty(kind), value={"status": "inactive", **given}))


def held(kind: Kind, name: str) -> Sheet:
    """An object as it stands."""
    with room().unit.db.read() as connection:
        document = objects.visible(connection, kind, name)
        seen = store.last_number(connection, kind, str(document["id"]))
    return replace(empty(kind), held=document, value=document, seen=seen)


def opened(kind: Kind, name: str) -> Sheet:
    """An object to go on with: as it stands, or as it was proposed, if that is asked for or still waits."""
    return _continued(held(kind, name))


def _continued(sheet: Sheet) -> Sheet:
    own = speaks_for()
    with room().unit.db.read() as connection:
        proposal = _proposal(connection, sheet, own)
        if proposal is None:
            return sheet
        document = dict(proposal.document)
        if sheet.held is not None:
            base = store.state_at(connection, sheet.kind, proposal.object_id, proposal.seen)
            document = merged(base, sheet.held, document) if base else document
    # A partner goes on from what it proposed, and proposes anew; an editor goes on with the proposal itself.
    key = sheet.key if own else proposal.id
    return replace(sheet, value=document, key=key, is_continued=not own, why=proposal.why or "")


def _proposal(connection: Connection, sheet: Sheet, own: str | None) -> Proposal | None:
    asked = request.args.get("proposal", "")
    name = str(sheet.held["id"]) if sheet.held else ""
    if asked:
        found = proposals.one(connection, key_of(asked), own)
        if found.kind is not sheet.kind or not found.is_open or (name and found.object_id != name):
            raise NotFoundError("directory.proposal-unknown")
        return found
    return next(iter(proposals.about(connection, sheet.kind, name, own)), None) if own and name else None


def key_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError("directory.proposal-unknown") from None


def typed(sheet: Sheet) -> Sheet:
    """The form as it came back."""
    given = request.form
    inputs = forms.inputs_of(given.lists())
    made = replace(
        sheet,
        value=forms.typed(sheet.kind, inputs, sheet.held),
        seen=objects.state_number(given.get("_seen", "")) if sheet.held else 0,
        key=key_of(given.get("_key", "")) if given.get("_key") else sheet.key,
        is_continued=objects.is_editor() and given.get("_continued") == "1",
        why=given.get("_why", "").replace("\r\n", "\n").replace("\0", "").strip()[:MOST_WORDS],
    )
    return made if sheet.held else replace(made, value=_called(made))


def _called(sheet: Sheet) -> Json:
    """Something new gets its short name from whoever makes it, or else from its name; a link from what it links."""
    value = sheet.value
    if sheet.kind is Kind.SERVICE_AT_LOCATION:
        linked = f"{value.get('service_id')}-at-{value.get('location_id')}"
        return {"id": str(id_of(sheet.kind, linked)), **value}
    name = value.get("name", value.get("title", ""))
    german = name.get("de", "") if isinstance(name, dict) else name
    return {"id": request.form.get("_slug", "").strip() or forms.slug_from(str(german or "")) or "-", **value}


def with_both(sheet: Sheet) -> Sheet:
    """The form with what somebody else changed meanwhile, which is kept where it was not touched here."""
    now = sheet.held or {}
    name = str(now["id"])
    with room().unit.db.read() as connection:
        base = store.state_at(connection, sheet.kind, name, sheet.seen)
        seen = store.last_number(connection, sheet.kind, name)
        names = {
            **queries.names(connection, sheet.kind, base or now),
            **queries.names(connection, sheet.kind, now),
        }
    found = [
        {
            "where": words.field_word([one.field]),
            "base": words.at_path(sheet.kind, [one.field], one.base, names),
            "theirs": words.at_path(sheet.kind, [one.field], one.theirs, names),
            "mine": words.at_path(sheet.kind, [one.field], one.mine, names),
            "is_contested": one.is_contested,
        }
        for one in clashes(base, now, sheet.value)
    ]
    return replace(sheet, value=merged(base, now, sheet.value), seen=seen, clash={"rows": found})
