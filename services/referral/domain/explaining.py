"""Why this service and why not another, for the person herself: read from the decision that was kept, as codes.

Her pages have a sentence for each code in each language. What stands between the welcome center and a body is not hers
to bear, and how she stands with another body is told elsewhere, as far as it may be: this says no more of either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.referral.domain.footing import OURS_TO_MEND
from services.referral.domain.matching import OwnMeasureReason
from services.referral.domain.person_view import PersonState

Kept = Mapping[str, Any]
#: What is no fact she told, and has a sentence of its own.
PLAIN = ("audience", "area", "service", "own_way")
#: Answers of a body that her page may show at another place, and the code for them here.
ANSWERS = {PersonState.REJECTED: "declined", PersonState.NO_ANSWER: "no_answer"}


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice as it was kept, with the ranking it was held against."""

    service_id: UUID
    need_id: UUID
    excluded_because: tuple[str, ...]
    is_own_measure: bool
    suggestions: Sequence[Kept]
    exclusions: Sequence[Kept]
    #: On which ground an own measure was chosen.
    own_measure_because: OwnMeasureReason | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """A service that would have fitted, too. `because` is empty where it may not be told."""

    service_id: UUID
    because: str
    #: In which the chosen one was ahead.
    behind: tuple[str, ...] = ()
    #: Facts that would have had to be clarified there.
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A service on the same matter that did not fit: sentences of their own, and facts she told that do not fit."""

    service_id: UUID
    because: tuple[str, ...]
    facts: tuple[str, ...]
    #: What would have to be clarified where she can go herself.
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is told of one choice."""

    fits: tuple[str, ...] = ()
    to_clarify: tuple[str, ...] = ()
    passes_on: bool = False
    is_own_measure: bool = False
    #: An own measure, although there are bodies that fit: nothing can be passed on to them.
    is_beside_existing: bool = False
    #: Chosen although by our comparison it does not fit.
    chosen_although: RuledOut | None = None
    beside: tuple[Beside, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()


def explained(decision: Decision, told: Mapping[UUID, PersonState]) -> Explanation:
    """Put a decision into codes; `told` is how other services stand on the same need, as far as she may see it.

    Of what was ruled out comes first where she can go herself: a page shows only a few.
    """
    chosen = next((one for one in decision.suggestions if _id(one) == decision.service_id), None)
    although = _ruled_out(decision.service_id, decision.excluded_because) if decision.excluded_because else None
    others = [one for one in decision.suggestions if one is not chosen]
    ruled_out = [
        _ruled_out(_id(one), one["because"], one.get("to_clarify", ()))
        for one in decision.exclusions
        if _id(one) != decision.service_id
    ]
    return Explanation(
        fits=tuple(chosen["fits"]) if chosen else (),
        to_clarify=tuple(chosen["to_clarify"]) if chosen else (),
        passes_on=bool(chosen and chosen.get("pass_on")),
        is_own_measure=decision.is_own_measure,
        is_beside_existing=decision.own_measure_because is OwnMeasureReason.EXISTING_NOT_REFERABLE,
        chosen_although=although,
        beside=tuple(_beside(one, chosen, told) for one in others),
        ruled_out=tuple(sorted(ruled_out, key=lambda one: (one.because, one.facts) != (("own_way",), ()))),
    )


def fit_of(told: Sequence[Kept], service_id: UUID) -> Explanation | None:
    """Why a service fits, before anything was chosen; None where it does not, or nobody has looked."""
    found = next((one for one in told if _id(one) == service_id), None)
    if found is None or "fits" not in found:
        return None
    return Explanation(tuple(found["fits"]), tuple(found["to_clarify"]), bool(found.get("pass_on")))


def _id(kept: Kept) -> UUID:
    return UUID(kept["service_id"])


def _beside(other: Kept, chosen: Kept | None, told: Mapping[UUID, PersonState]) -> Beside:
    service_id = _id(other)
    if other.get("declined"):
        return Beside(service_id, ANSWERS.get(told.get(service_id, PersonState.PREPARING), ""))
    if other.get("own_measure"):
        return Beside(service_id, "own_measure")
    if chosen is None or other["score"] > chosen["score"]:
        return Beside(service_id, "as_well")
    behind = tuple(code for code in chosen["fits"] if code not in other["fits"])
    if behind:
        return Beside(service_id, "behind", behind=behind)
    more = tuple(code for code in other["to_clarify"] if code not in chosen["to_clarify"])
    return Beside(service_id, "more_open", open=more) if more else Beside(service_id, "as_well")


def _ruled_out(service_id: UUID, because: Sequence[str], to_clarify: Sequence[str] = ()) -> RuledOut:
    codes = ["own_way" if code in OURS_TO_MEND else code for code in because]
    plain = tuple(code for code in PLAIN if code in codes)
    return RuledOut(service_id, plain, tuple(code for code in codes if code not in PLAIN), tuple(to_clarify))
