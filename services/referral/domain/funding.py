"""Double funding: which services already chosen for a person may not be paid for beside another one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from contracts.codes import Site
from services.referral.domain.candidates import Candidate


@dataclass(frozen=True, slots=True)
class Chosen:
    """A service that is busy with this person, or was, and the desk that chose it."""

    candidate: Candidate
    site: Site
    sender_id: UUID
    is_over: bool = False


def excluding_each_other(candidate: Candidate, chosen: Iterable[Chosen]) -> tuple[Chosen, ...]:
    """Of those chosen, the ones whose funding excludes this one's, or the other way round, at the same time.

    A funding without dates may be at any time. What has been completed counts only where its period is known: then the
    money was spent on her for all of it.
    """
    return tuple(one for one in chosen if _excludes(candidate, one.candidate) and _meets(candidate, one))


def _excludes(one: Candidate, other: Candidate) -> bool:
    return (other.funder is not None and other.funder in one.excludes_funders) or (
        one.funder is not None and one.funder in other.excludes_funders
    )


def _meets(candidate: Candidate, one: Chosen) -> bool:
    other = one.candidate
    if one.is_over and other.funded_until is None:
        return False
    begins_before = (candidate.funded_from or date.min) <= (other.funded_until or date.max)
    return begins_before and (other.funded_from or date.min) <= (candidate.funded_until or date.max)
