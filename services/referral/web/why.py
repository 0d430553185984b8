"""Why this body and not another, for the person's own pages: the decision that was kept, with names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from flask import Flask

from services.chassis.i18n import label, translations
from services.chassis.pages import language
from services.referral.domain.explaining import Beside, Decision, Explanation, RuledOut, explained
from services.referral.domain.person_view import PersonState, as_she_may_see
from services.referral.domain.referral import Referral
from services.referral.web.names import Names

#: On a telephone nobody reads about more of them; what was left out is said to exist.
MOST_TOLD = 4


Reason = TypeVar("Reason", Beside, RuledOut)


@dataclass(frozen=True, slots=True)
class Named(Generic[Reason]):
    """Another service by name, and why it was not this one."""

    organization: str
    service: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Why:
    """What her page tells of one choice."""

    chosen: Explanation
    beside: list[Named[Beside]]
    ruled_out: list[Named[RuledOut]]
    is_cut: bool


def why_of(decision: Decision, told: Mapping[UUID, PersonState], names: Names) -> Why:
    """The choice in codes, with names; a service nobody knows any more is left out."""
    chosen = explained(decision, told)
    return Why(
        chosen,
        [one for other in chosen.beside[:MOST_TOLD] if (one := _named(other, names))],
        [ruled for out in chosen.ruled_out[:MOST_TOLD] if (ruled := _named(out, names))],
        max(len(chosen.beside), len(chosen.ruled_out)) > MOST_TOLD,
    )


def _named(reason: Reason, names: Names) -> Named[Reason] | None:
    listing = names.listing(reason.service_id)
    if listing is None:
        return None
    return Named(names.organization(listing.organization_id), names.service(reason.service_id), reason)


def told_answers(decision: Decision, referrals: Iterable[Referral]) -> dict[UUID, PersonState]:
    """How other services stand on the same need, cut to what her page may say of each."""
    return {one.service_id: as_she_may_see(one).state for one in referrals if one.need_id == decision.need_id}


def prepare(app: Flask) -> None:
    """Give the templates the two families of words, in the reader's language or in one that is named."""
    words = app.jinja_env.globals
    words["why_fits"] = lambda codes, tag=None: sentences(tag or language(), codes)
    words["why_about"] = lambda facts, tag=None: about(tag or language(), facts)


def about(tag: str, facts: Iterable[str]) -> str:
    """Facts by name; a question that only one body asks has no word of its own."""
    known = (f"about:{fact}" for fact in facts)
    said = translations("referral", tag).gettext
    return ", ".join(dict.fromkeys(said(key) if said(key) != key else said("about:other") for key in known))


def sentences(tag: str, codes: Iterable[str]) -> str:
    """A sentence for each reason to fit, one after the other."""
    return " ".join(label("referral", tag, f"why_fits:{code}") for code in codes)
