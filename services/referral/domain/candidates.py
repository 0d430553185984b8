"""What matching looks at: services as the directory describes them, and what may be known about who asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import Audience, Capacity, EnquirerKind, LegalSphere, ServiceRole, Topic
from services.referral.domain.eligibility import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A service as the local copy of the directory knows it, with what counts of its organization."""

    service_id: UUID
    organization_id: UUID
    topics: frozenset[Topic]
    audience: Audience
    areas: tuple[str, ...] = ()
    eligibility: Mapping[str, Any] = field(default_factory=dict)
    profession_codes: tuple[str, ...] = ()
    profession_independent: bool = True
    residence_independent: bool = True
    legal_spheres: frozenset[LegalSphere] = frozenset()
    role: ServiceRole = ServiceRole.ADVISES
    own_measure: bool = False
    languages: tuple[str, ...] = ("de",)
    interpreters: bool = False
    capacity: Capacity = Capacity.UNKNOWN
    capacity_reported_on: date | None = None
    assured_on: date | None = None
    answer_days: int | None = None
    better_bodies: tuple[UUID, ...] = ()
    funder: str | None = None
    excludes_funders: tuple[str, ...] = ()
    #: The period of its funding; open where nothing is said.
    funded_from: date | None = None
    funded_until: date | None = None
    #: What `footing.lacking` says; anything in it makes the service not referable.
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeker:
    """What matching may know about who asks: never a name, and what was not asked is not known."""

    enquirer: EnquirerKind
    area: str | None = None
    languages: tuple[str, ...] = ()
    facts: Facts = field(default_factory=dict)
