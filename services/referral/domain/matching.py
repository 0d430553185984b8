"""Which services could help with a need: a suggestion with its reasons, and a person decides.

Hard filters first, then the eligibility rule in three values, then an explained score. Reasons are codes, the pages
have the sentences. Existing structures come before the welcome center's own measures.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from contracts.codes import PASS_ON_SPHERES, Assertion, Audience, ServiceRole, Topic
from services.referral.domain.candidates import Candidate, Seeker
from services.referral.domain.eligibility import Verdict, evaluate, with_profession_group
from services.referral.domain.footing import OURS_TO_MEND
from services.referral.domain.scoring import area_match, reasons, score


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A service that could help: why it fits, what is still to be asked, and whether it may be chosen now."""

    service_id: UUID
    organization_id: UUID
    score: int
    fits: tuple[str, ...]
    to_clarify: tuple[str, ...]
    own_measure: bool = False
    #: A body with case management of its own takes over: the network passes on and does not accompany.
    pass_on: bool = False
    #: Why it may not be chosen although it fits; None is the rule.
    blocked_because: str | None = None
    #: It has said no to this need already, or never answered.
    declined: bool = False


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A service on this topic that cannot help here, why, and who could."""

    service_id: UUID
    organization_id: UUID
    because: tuple[str, ...]
    better_bodies: tuple[UUID, ...] = ()
    own_measure: bool = False
    #: It has said no to this need already, or never answered.
    declined: bool = False
    #: She was given its contact card for this need.
    card_given: bool = False
    #: As of a suggestion, where only what is ours to mend stands between; otherwise nothing.
    fits: tuple[str, ...] = ()
    to_clarify: tuple[str, ...] = ()
    score: int = 0

    @property
    def fits_unreferred(self) -> bool:
        """An existing body that fits; only what a referral over the network needs is missing between it and us."""
        return not self.own_measure and OURS_TO_MEND.issuperset(self.because)

    @property
    def could_help(self) -> bool:
        """It fits and has not said no: she can go there herself."""
        return self.fits_unreferred and not self.declined


class OwnMeasureReason(StrEnum):
    """Why an own measure of the welcome center was chosen: nobody else fitted, all who did have declined, or she was
    shown the way to one that does fit, and to which nothing can be referred over the network."""

    NOBODY_FITS = "nobody_fits"
    ALL_DECLINED = "all_declined"
    EXISTING_NOT_REFERABLE = "existing_not_referable"


#: Whether a hundred services or thousands are for other places makes no difference to anybody.
MOST_COUNTED = 100
#: While nobody knows where she lives, so many services are looked at. Of more, only those that are there wherever she
#: lives: a whole country's list helps nobody, and the place is asked for first.
MOST_WITHOUT_PLACE = 300


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is suggested, what is not and why; what is for other places or people is counted, up to `MOST_COUNTED`."""

    suggestions: tuple[Suggestion, ...]
    exclusions: tuple[Exclusion, ...]
    elsewhere: int = 0
    #: Too many services are possible as long as the place is not known (`MOST_WITHOUT_PLACE`).
    place_needed: bool = False


def rank(
    candidates: Iterable[Candidate],
    seeker: Seeker,
    topic: Topic,
    on: date,
    *,
    declined: Collection[UUID] = (),
    cards: Collection[UUID] = (),
    named: Collection[UUID] = (),
    place_needed: bool | None = None,
) -> Ranking:
    """Suggest services for one need, best first; `declined` are those that already said no to it, of `cards` she was
    given the contact.

    Of a whole country's services nearly all are for other places: they are counted, and told one by one if `named`.
    Whether the place is needed first shows in the candidates, unless somebody knows it who left out most of them.
    """
    seeker = replace(seeker, facts=with_profession_group(seeker.facts))
    suggestions: list[Suggestion] = []
    exclusions: list[Exclusion] = []
    on_topic = [one for one in candidates if topic in one.topics]
    reached = [one for one in on_topic if is_in_reach(one, seeker)]
    if place_needed is None:
        place_needed = seeker.area is None and len(reached) > MOST_WITHOUT_PLACE
    near = {one.service_id for one in reached if not (place_needed and one.areas)}
    looked_at = [one for one in on_topic if one.service_id in near or one.service_id in named]
    for candidate in looked_at:
        found = consider(candidate, seeker, on)
        if isinstance(found, Suggestion):
            suggestions.append(found)
        else:
            exclusions.append(_marked(found, declined, cards))
    suggestions = _existing_structures_first(suggestions, exclusions, declined, place_needed=place_needed)
    suggestions.sort(key=_order)
    return Ranking(
        tuple(suggestions),
        tuple(_with_better(one, suggestions) for one in sorted(exclusions, key=lambda one: one.service_id)),
        min(len(on_topic) - len(looked_at), MOST_COUNTED),
        place_needed,
    )


def is_in_reach(candidate: Candidate, seeker: Seeker) -> bool:
    """For people like this, and here or possibly here; the database asks the same of an index."""
    return _is_for(candidate, seeker) and _area(candidate, seeker) is not Assertion.FALSE


def consider(candidate: Candidate, seeker: Seeker, on: date) -> Suggestion | Exclusion:
    """One service: out for a stated reason, or in with the reasons for and the questions left."""
    verdict = evaluate(candidate.eligibility, seeker.facts)
    because = [*_filters(candidate, seeker), *sorted(verdict.failed)]
    excluded = Exclusion(
        candidate.service_id, candidate.organization_id, tuple(because), candidate.better_bodies, candidate.own_measure
    )
    if not OURS_TO_MEND.issuperset(because):
        return excluded
    suggested = _suggested(candidate, seeker, on, verdict)
    if not because:
        return suggested
    return replace(excluded, fits=suggested.fits, to_clarify=suggested.to_clarify, score=suggested.score)


def _suggested(candidate: Candidate, seeker: Seeker, on: date, verdict: Verdict) -> Suggestion:
    """Nothing about her stands against it."""
    questions = sorted({*verdict.questions, *_questions(candidate, seeker)})
    eligible = ["eligible"] if candidate.eligibility and verdict.assertion is Assertion.TRUE else []
    independent = [
        code
        for code, holds in (
            ("residence_independent", candidate.residence_independent),
            ("profession_independent", candidate.profession_independent),
        )
        if holds
    ]
    return Suggestion(
        candidate.service_id,
        candidate.organization_id,
        sum(score(candidate, seeker, on).values()),
        ("topic", *eligible, *independent, *reasons(candidate, seeker, on)),
        tuple(questions),
        candidate.own_measure,
        accompanies_itself(candidate),
    )


def accompanies_itself(candidate: Candidate) -> bool:
    """Another's case management, by its legal sphere, or an existing structure that accompanies (JMD, MBE): pass on."""
    has_own = candidate.legal_spheres & PASS_ON_SPHERES or candidate.role is ServiceRole.ACCOMPANIES
    return bool(has_own) and not candidate.own_measure


def _filters(candidate: Candidate, seeker: Seeker) -> list[str]:
    """The hard reasons why not, in the order a person would give them."""
    out = {
        "audience": not _is_for(candidate, seeker),
        "area": _area(candidate, seeker) is Assertion.FALSE,
        "profession": _profession(candidate, seeker) is Assertion.FALSE,
        **dict.fromkeys(candidate.lacking, True),
    }
    return [code for code, is_out in out.items() if is_out]


def _is_for(candidate: Candidate, seeker: Seeker) -> bool:
    return candidate.audience in (Audience.BOTH, Audience(seeker.enquirer.value))


def _questions(candidate: Candidate, seeker: Seeker) -> list[str]:
    gates = {"area": _area(candidate, seeker), "profession": _profession(candidate, seeker)}
    return [code for code, assertion in gates.items() if assertion is Assertion.UNKNOWN]


def _area(candidate: Candidate, seeker: Seeker) -> Assertion:
    """Inside, outside, or not known closely enough: a district says nothing about which of its towns."""
    if not candidate.areas or area_match(candidate, seeker):
        return Assertion.TRUE
    could_be = seeker.area is None or any(area.startswith(seeker.area) for area in candidate.areas)
    return Assertion.UNKNOWN if could_be else Assertion.FALSE


def _profession(candidate: Candidate, seeker: Seeker) -> Assertion:
    """The legal gate of bodies that are competent for listed professions only (BQFG, HwO)."""
    if candidate.profession_independent or not candidate.profession_codes:
        return Assertion.TRUE
    return evaluate({"fact": "profession", "in": candidate.profession_codes}, seeker.facts).assertion


def _existing_structures_first(
    suggestions: list[Suggestion],
    exclusions: Iterable[Exclusion],
    declined: Collection[UUID],
    *,
    place_needed: bool,
) -> list[Suggestion]:
    """An own measure may be chosen only where no existing service fits, or all that do have declined."""
    suggestions = [replace(one, declined=one.service_id in declined) for one in suggestions]
    reason = _what_stands_before(suggestions, exclusions, place_needed=place_needed)
    return [replace(one, blocked_because=reason) if one.own_measure else one for one in suggestions]


def _what_stands_before(
    suggestions: Iterable[Suggestion], exclusions: Iterable[Exclusion], *, place_needed: bool
) -> str | None:
    """Why no own measure may be chosen now; where nothing can be referred she is first shown the way to one of them.

    One that only could fit is no way past one that does; where each has a question open, she is shown the way to all.
    As long as most of the possible services were not even looked at, they stand before it all the same.
    """
    existing = [one for one in suggestions if not one.own_measure and not one.declined]
    if existing:
        return "own_case_management" if any(one.pass_on for one in existing) else "existing_structure_first"
    if place_needed:
        return "existing_structure_first"
    could_help = [one for one in exclusions if one.could_help]
    sure = [one.card_given for one in could_help if not one.to_clarify]
    was_shown_the_way = any(sure) if sure else all(one.card_given for one in could_help)
    return None if was_shown_the_way else OwnMeasureReason.EXISTING_NOT_REFERABLE.value


def why_not(found: Ranking, service_id: UUID) -> str | None:
    """Why this service may not be chosen; an own measure that does not even fit is no way past the existing ones."""
    if not _is_own(found, service_id):
        return None
    return _what_stands_before(found.suggestions, found.exclusions, place_needed=found.place_needed)


def stand_before(found: Ranking) -> list[UUID]:
    """The existing services that come before an own measure: that can be referred to, or else the others that fit, or
    else those that could."""
    referable = [one.service_id for one in found.suggestions if not (one.own_measure or one.declined)]
    could_help = [one for one in found.exclusions if one.could_help]
    sure = [one.service_id for one in could_help if not one.to_clarify]
    return referable or sure or [one.service_id for one in could_help]


def why_own(found: Ranking, service_id: UUID) -> OwnMeasureReason | None:
    """On which ground an own measure is chosen; None for everything else."""
    if not _is_own(found, service_id):
        return None
    if any(one.could_help for one in found.exclusions):
        return OwnMeasureReason.EXISTING_NOT_REFERABLE
    fitting = [not one.own_measure for one in found.suggestions] + [one.fits_unreferred for one in found.exclusions]
    return OwnMeasureReason.ALL_DECLINED if any(fitting) else OwnMeasureReason.NOBODY_FITS


def _is_own(found: Ranking, service_id: UUID) -> bool:
    told: list[Suggestion | Exclusion] = [*found.suggestions, *found.exclusions]
    return any(one.own_measure and one.service_id == service_id for one in told)


def _order(suggestion: Suggestion) -> tuple[bool, int, int, str]:
    return suggestion.own_measure, -suggestion.score, len(suggestion.to_clarify), str(suggestion.service_id)


def _marked(exclusion: Exclusion, declined: Collection[UUID], cards: Collection[UUID]) -> Exclusion:
    """Nearly none has said no or is on a card, and what is not changed is not made anew."""
    said_no, card_given = exclusion.service_id in declined, exclusion.service_id in cards
    return replace(exclusion, declined=said_no, card_given=card_given) if said_no or card_given else exclusion


def _with_better(exclusion: Exclusion, suggestions: list[Suggestion]) -> Exclusion:
    """Who could help instead: what the directory names and fits here, otherwise the best with nothing left to ask."""
    choosable = [one for one in suggestions if one.blocked_because is None]
    named = [one.service_id for one in choosable if one.service_id in exclusion.better_bodies]
    sure = [one.service_id for one in choosable if not one.to_clarify]
    return replace(exclusion, better_bodies=tuple(named or sure[:1]))
