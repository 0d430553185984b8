"""What matching looks at, out of the local copy of the directory: by an index, and without the texts nobody compares.

What the events said was checked when it was kept, so it is not checked again here.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import (
    AgreementKind,
    Audience,
    Capacity,
    ChannelKind,
    DataProtectionLaw,
    KeyUse,
    LegalSphere,
    Participation,
    ServiceRole,
    Topic,
)
from contracts.directory import Agreement, PartnerKey
from contracts.event import PublicJwk
from contracts.fields import parse_instant
from services.chassis.db import Connection
from services.referral.domain import matching
from services.referral.domain.candidates import Candidate, Seeker
from services.referral.domain.footing import OWN_KEY_CHANNELS, Footing, lacking

Json = Mapping[str, Any]

ON_TOPIC: LiteralString = "FROM services WHERE topics @> ARRAY[%(topic)s] AND NOT retired"
FOR_THEM: LiteralString = " AND audience = ANY(%(audiences)s)"
#: The same as `matching.is_in_reach`: around here, a part of it, or without limits (migration 0036).
AROUND: LiteralString = " AND reach && %(keys)s"
#: Wherever she lives: without limits.
EVERYWHERE = ("*",)
READ: LiteralString = "SELECT id, organization_id, retired, facts "
NAMED: LiteralString = READ + "FROM services WHERE id = ANY(%(named)s)"

#: Counting all would touch every page of the table; more than so many are not told apart.
COUNTED: LiteralString = """
    SELECT count(*) AS n FROM (
        SELECT FROM services WHERE topics @> ARRAY[%(topic)s] AND NOT retired LIMIT %(most)s) AS counted"""

BODIES: LiteralString = """
    SELECT id, jsonb_build_object('channel', snapshot -> 'channel', 'agreement', snapshot -> 'agreement',
        'public_key', snapshot -> 'public_key', 'keys', snapshot -> 'keys', 'own_measure', snapshot -> 'own_measure',
        'participation', snapshot -> 'participation'
    ) AS body FROM organizations WHERE id = ANY(%s)"""


@dataclass(frozen=True, slots=True)
class Reached:
    """What matching looks at, how many more there are, and whether the place has to be known for more of them."""

    candidates: list[Candidate]
    elsewhere: int
    place_needed: bool


def in_reach(connection: Connection, topic: Topic, seeker: Seeker, on: date, named: Collection[UUID] = ()) -> Reached:
    """Everything offered on a topic to people like this here, and what is named; without a place no whole country."""
    params: dict[str, Any] = {
        "topic": topic,
        "audiences": [Audience(seeker.enquirer.value), Audience.BOTH],
        "keys": keys_around(seeker.area) if seeker.area else list(EVERYWHERE),
        "named": list(named),
    }
    place_needed = seeker.area is None and _are_too_many(connection, params)
    around = AROUND if seeker.area or place_needed else ""
    rows = connection.execute(READ + ON_TOPIC + FOR_THEM + around, params).fetchall()
    if named:
        near = {row["id"] for row in rows}
        found = connection.execute(READ + ON_TOPIC + " AND id = ANY(%(named)s)", params).fetchall()
        rows += [row for row in found if row["id"] not in near]
    counted = connection.execute(COUNTED, {**params, "most": len(rows) + matching.MOST_COUNTED}).fetchone()
    return Reached(_built(connection, rows, on), (counted["n"] if counted else 0) - len(rows), place_needed)


def _are_too_many(connection: Connection, params: Mapping[str, Any]) -> bool:
    """Whether more are possible than anybody looks at as long as the place is not known; counted only so far."""
    most = matching.MOST_WITHOUT_PLACE
    found = connection.execute("SELECT " + ON_TOPIC + FOR_THEM + " LIMIT %(limit)s", {**params, "limit": most + 1})
    return found.rowcount > most


def of(connection: Connection, service_ids: Iterable[UUID], on: date) -> dict[UUID, Candidate]:
    """These services, retired ones too."""
    rows = connection.execute(NAMED, {"named": list(service_ids)}).fetchall()
    return {one.service_id: one for one in _built(connection, rows, on)}


def keys_around(area: str) -> list[str]:
    """What a service may name for somebody who lives here: this key, one around it, or a part of it."""
    return [*(area[:end] for end in range(2, len(area) + 1)), f"<{area}", "*"]


@dataclass(frozen=True, slots=True)
class Body:
    """What counts of an organization for each of its services."""

    channel: ChannelKind
    agreement: Agreement | None
    keys: tuple[PartnerKey, ...]
    own_measure: bool
    participation: Participation = Participation.TAKING_PART


def body_of(organization: Json) -> Body:
    """Out of the data of `directory.organization_published`."""
    channel = ChannelKind(organization["channel"]["kind"])
    return Body(
        channel,
        _agreement(organization.get("agreement")),
        _keys(organization) if channel in OWN_KEY_CHANNELS else (),
        organization["own_measure"],
        Participation(organization.get("participation") or Participation.TAKING_PART),
    )


def candidate_of(facts: Json, body: Body, on: date, *, retired: bool = False) -> Candidate:
    """Out of the data of `directory.service_published`, with or without its texts."""
    assured_on, terms = _day(facts.get("assured_on")), facts["terms"]
    footing = Footing(
        channel=body.channel,
        agreement=body.agreement,
        has_terms=bool(terms["categories_accepted"]),
        keys=body.keys,
        assured_on=assured_on,
        retired=retired,
        participation=body.participation,
    )
    return Candidate(
        service_id=UUID(facts["service_id"]),
        organization_id=UUID(facts["organization_id"]),
        topics=frozenset(map(Topic, facts["topics"])),
        audience=Audience(facts["audience"]),
        areas=tuple(facts["areas"]),
        eligibility=facts["eligibility"],
        profession_codes=tuple(facts["profession_codes"]),
        profession_independent=facts["profession_independent"],
        residence_independent=facts["residence_independent"],
        legal_spheres=frozenset(map(LegalSphere, facts["legal_spheres"])),
        role=ServiceRole(facts["role"]),
        own_measure=facts["own_measure"] or body.own_measure,
        languages=tuple(facts["languages"]),
        interpreters=facts["interpreters"],
        capacity=Capacity(facts["capacity"]),
        capacity_reported_on=_day(facts.get("capacity_reported_on")),
        assured_on=assured_on,
        answer_days=terms.get("answer_days"),
        better_bodies=tuple(map(UUID, facts["better_bodies"])),
        funder=facts.get("funder"),
        excludes_funders=tuple(facts["excludes_funders"]),
        funded_from=_day(facts.get("funded_from")),
        funded_until=_day(facts.get("funded_until")),
        lacking=lacking(footing, on),
    )


def _built(connection: Connection, rows: Collection[Json], on: date) -> list[Candidate]:
    wanted = list({row["organization_id"] for row in rows})
    bodies = {row["id"]: body_of(row["body"]) for row in connection.execute(BODIES, (wanted,)).fetchall()}
    return [
        candidate_of(row["facts"], bodies[row["organization_id"]], on, retired=row["retired"])
        for row in rows
        if row["organization_id"] in bodies
    ]


def _agreement(given: Json | None) -> Agreement | None:
    if given is None:
        return None
    return Agreement(
        kind=AgreementKind(given["kind"]),
        law=DataProtectionLaw(given["law"]),
        signed_on=date.fromisoformat(given["signed_on"]),
        valid_until=_day(given.get("valid_until")),
    )


def _keys(body: Json) -> tuple[PartnerKey, ...]:
    """Keys a dossier may be sealed to; the one without a life of its own has no end (`partner_keys.life`)."""
    listed, plain = body.get("keys") or (), body.get("public_key")
    keys = [
        PartnerKey(
            key=PublicJwk(one["key"]),
            use=KeyUse.ENC,
            not_before=_instant(one.get("not_before")),
            not_after=_instant(one.get("not_after")),
            revoked_at=_instant(one.get("revoked_at")),
        )
        for one in listed
        if one["use"] == KeyUse.ENC
    ]
    if plain is not None and not any(one["key"].get("kid") == plain.get("kid") for one in listed):
        keys.insert(0, PartnerKey(key=PublicJwk(plain), use=KeyUse.ENC))
    return tuple(keys)


def _day(given: str | None) -> date | None:
    return date.fromisoformat(given) if given else None


def _instant(given: str | None) -> Any:
    return parse_instant(given) if given else None
