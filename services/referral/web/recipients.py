"""Whom a consent may name: the bodies that fit a need, best first, and on demand the others with why they do not."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from contracts.codes import BackLevel, DataCategory, EnquirerKind, Purpose, Topic
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.commands import matching
from services.referral.domain.matching import Exclusion, Ranking, Suggestion
from services.referral.store import directory
from services.referral.store.directory import Listing
from services.referral.store.enquiries import Enquiry
from services.referral.web.callers import house
from services.referral.web.names import Names, in_words

#: What the check for duplicate care is made of.
CHECKED = (DataCategory.IDENTITY, DataCategory.CONTACT)
#: Of a topic that thousands offer nobody reads more.
MOST_SHOWN = 200
#: Each of those that are found by name is a form of its own: who wants another one looks for it more closely.
MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class Offered:
    """A body that could be named in a consent: what its terms take, what they need at least, what may come back."""

    purpose: Purpose
    service_id: UUID
    organization_id: UUID
    organization: str
    service: str
    accepts: tuple[DataCategory, ...]
    minimum: tuple[DataCategory, ...]
    levels: tuple[BackLevel, ...]
    level: BackLevel
    #: Why it fits, and what is still to be asked.
    fits: tuple[str, ...] = ()
    to_clarify: tuple[str, ...] = ()
    #: Why it is not offered: keys of the catalogue.
    because: tuple[str, ...] = ()

    @property
    def title(self) -> tuple[str, str]:
        """What it is called, for whoever looks for it in a list."""
        return self.organization, self.service

    @property
    def name(self) -> str:
        """What its fields are called in the form."""
        return f"{self.purpose.value}/{self.service_id}"


@dataclass(slots=True)
class Recipients:
    """What the form shows: whom it offers, whom not and why, and how many more there are elsewhere."""

    fitting: dict[str, Offered] = field(default_factory=dict)
    others: dict[str, Offered] = field(default_factory=dict)
    elsewhere: int = 0
    #: The others may be ticked, too: those found by name, of as many as there are under it.
    shows_all: bool = False
    words: str = ""
    many: int = 0
    most_found: int = MOST_FOUND

    @property
    def to_tick(self) -> list[Offered]:
        return [*self.fitting.values(), *(self.others.values() if self.shows_all else ())]


def recipients_for(
    work: Work, enquiry: Enquiry, names: Names, ticked: Collection[str], *, everything: bool, words: str = ""
) -> Recipients:
    """Ranked as matching does. The others are found by name if asked for; who was ticked before stays in any case."""
    found = _ranked(work, enquiry, names)
    if everything or not set(ticked) <= set(found.fitting):
        topics = dict.fromkeys(need.topic for need in enquiry.needs)
        hits = {topic: directory.found_on_topic(work.tx, topic, words, MOST_FOUND) for topic in topics}
        found = _ranked(work, enquiry, names, {topic: {*ids, *_ids_in(ticked)} for topic, (ids, _) in hits.items()})
        found.shows_all, found.words, found.many = True, words, sum(many for _, many in hits.values())
    found.others = dict(sorted(found.others.items(), key=lambda other: (*other[1].title, other[0])))
    return found


def _ranked(
    work: Work, enquiry: Enquiry, names: Names, every: Mapping[Topic, Collection[UUID]] = matching.NO_NAMES
) -> Recipients:
    found = Recipients()
    for need, ranking in matching.rankings(work, house().keys.vault, enquiry, every):
        _sort_in(found, Purpose(need.topic.value), ranking, names, every.get(need.topic))
    for check in checks_offered(work.tx, enquiry, names):
        found.fitting.setdefault(check.name, check)
    return found


def _sort_in(
    found: Recipients, purpose: Purpose, ranking: Ranking, names: Names, only: Collection[UUID] | None
) -> None:
    """One need's bodies; who fits another person's need of the same topic is offered, whatever is said for this one. Of
    the others `only` those that were looked for, if any were."""

    def is_shown(one: Suggestion | Exclusion) -> bool:
        return only is None or one.service_id in only or not why_not_offered(one)

    told: list[Suggestion | Exclusion] = [
        *[one for one in ranking.suggestions if is_shown(one)][:MOST_SHOWN],
        *[one for one in ranking.exclusions if is_shown(one)][:MOST_SHOWN],
    ]
    for one in told:
        listing = names.listing(one.service_id)
        if listing is None:
            continue
        offered = replace(offered_of(purpose, listing, names), because=why_not_offered(one))
        if isinstance(one, Suggestion) and not offered.because:
            found.others.pop(offered.name, None)
            found.fitting.setdefault(offered.name, replace(offered, fits=one.fits, to_clarify=one.to_clarify))
        elif offered.name not in found.fitting:
            found.others.setdefault(offered.name, offered)
    found.elsewhere += ranking.elsewhere


def why_not_offered(one: Suggestion | Exclusion) -> tuple[str, ...]:
    """Keys of the catalogue; nothing for a body that is offered."""
    if isinstance(one, Exclusion):
        return tuple(f"excluded:{code}" for code in one.because)
    if one.blocked_because:
        return (f"blocked:{one.blocked_because}",)
    return ("excluded:declined",) if one.declined else ()


def named(connection: Connection, enquiry: Enquiry, names: Names, ticked: Iterable[str]) -> list[Offered]:
    """Of what was ticked, whoever may be named: bodies on a topic of the enquiry, fitting or not, and checks."""
    checks = {one.name: one for one in checks_offered(connection, enquiry, names)}
    bodies = {
        offered.name: offered
        for need in enquiry.needs
        for service_id in _ids_in(ticked)
        if (listing := names.listing(service_id)) and need.topic in listing.service.topics and not listing.retired
        for offered in [offered_of(Purpose(need.topic.value), listing, names)]
    }
    every = {**bodies, **checks}
    return [every[name] for name in dict.fromkeys(ticked) if name in every]


def _ids_in(ticked: Iterable[str]) -> set[UUID]:
    """Ids out of the names of boxes; what is none was not offered."""
    found = set()
    for name in ticked:
        try:
            found.add(UUID(name.partition("/")[2]))
        except ValueError:
            continue
    return found


def checks_offered(connection: Connection, enquiry: Enquiry, names: Names) -> list[Offered]:
    """Where the configuration lets other controllers be asked, she is asked whether she agrees: one by one."""
    if enquiry.enquirer is not EnquirerKind.PERSON:
        return []
    others = house().asking.besides(enquiry.organization_id)
    first = {one.organization_id: one for one in reversed(directory.offered(connection))} if others else {}
    return [
        replace(
            offered_of(Purpose.DOPPELPRUEFUNG, first[one], names),
            accepts=CHECKED,
            minimum=CHECKED,
            levels=(BackLevel.NONE,),
            level=BackLevel.NONE,
        )
        for one in others
        if one in first and not first[one].organization.social_data_body
    ]


def offered_of(purpose: Purpose, listing: Listing, names: Names) -> Offered:
    terms = listing.terms
    levels = tuple(level for level in BackLevel if terms.back_level.covers(level))
    return Offered(
        purpose,
        listing.service.service_id,
        listing.organization_id,
        names.organization(listing.organization_id),
        in_words(listing.service.name.as_dict()),
        tuple(terms.categories_accepted),
        tuple(terms.minimum_categories),
        levels,
        terms.back_level,
    )
