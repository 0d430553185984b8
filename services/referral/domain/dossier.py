"""Which of a person's data goes into one recipient's dossier: exactly what one ground carries and the terms accept.

The categories are computed from the marks on the fields (`contracts.partner.dossier`), never declared by anybody.
Free text can say anything, so it is a category of its own that must be consented to by name; an employer's dossier
holds its business contact and nothing else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contracts.codes import DataCategory, EnquirerKind, Purpose, RefusalReason
from contracts.partner.dossier import SCHEMAS, categories_of, select
from services.referral.domain.consent import Allowed, Refused, may_disclose, refusal_of
from services.referral.domain.grounds import ENTERPRISE_CATEGORIES, Ground, Recipient

#: Least to most sensitive; pages show them and reports sort by them in this order.
SENSITIVITY = tuple(
    sorted(
        DataCategory,
        key=lambda one: (one is DataCategory.FREE_TEXT, one is DataCategory.HEALTH, list(DataCategory).index(one)),
    )
)

#: What a dossier about this enquirer can be about. One service may ask persons for one thing and companies for another.
MAY_HOLD: Mapping[EnquirerKind, frozenset[DataCategory]] = {
    EnquirerKind.PERSON: frozenset(DataCategory) - ENTERPRISE_CATEGORIES,
    EnquirerKind.EMPLOYER: ENTERPRISE_CATEGORIES,
}
#: That a person seeks help at all is about her, even where nothing is recorded; that a company does is about nobody.
BY_ITSELF: Mapping[EnquirerKind, frozenset[DataCategory]] = {
    EnquirerKind.PERSON: frozenset({DataCategory.IDENTITY}),
    EnquirerKind.EMPLOYER: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Composition:
    """What would leave, and the decision on precisely that; without a yes there is no content."""

    content: Mapping[str, Any]
    decision: Allowed | Refused
    #: The categories the decision was about, told with a no as well as with a yes.
    asked: frozenset[DataCategory]


def compose(
    kind: EnquirerKind,
    record: Mapping[str, Any],
    grounds: Iterable[Ground],
    recipient: Recipient,
    purpose: Purpose,
    *,
    accepted: Collection[DataCategory],
    minimum: Collection[DataCategory],
    at: datetime,
) -> Composition:
    """Cut a record down to what a single ground carries for this recipient, and decide on what is left.

    An employer's question may be about nobody; a person's never is.
    """
    grounds = tuple(grounds)
    record = understood(kind, record)
    present = offered(kind, record, accepted)
    carried = carried_categories(kind, grounds, recipient, purpose, present, minimum, at)
    decision = may_disclose(grounds, recipient, purpose, carried, at)
    content = select(kind, record, decision.categories & present) if isinstance(decision, Allowed) else {}
    return Composition(content, decision, carried)


def narrowed(decision: Allowed | Refused, told: frozenset[DataCategory]) -> Allowed | Refused:
    """The same decision about a part of what would leave: a yes only if all of the part leaves with the rest."""
    if isinstance(decision, Refused):
        return decision
    if not told <= decision.categories:
        return Refused(RefusalReason.CATEGORY_NOT_COVERED)
    return replace(decision, categories=told)


def understood(kind: EnquirerKind, record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields this version knows; one that another version recorded has no category here and goes to nobody."""
    known = SCHEMAS[kind].fields
    return {name: value for name, value in record.items() if name in known}


def with_papers(kind: EnquirerKind, record: Mapping[str, Any], papers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The record with the papers that go along, beside those she brings herself; an employer's dossier has none."""
    if kind is EnquirerKind.EMPLOYER or not papers:
        return dict(record)
    return {**record, "documents": [*record.get("documents", ()), *papers]}


def with_words(record: Mapping[str, Any], words: Iterable[str | None]) -> dict[str, Any]:
    """The record with what was answered to this partner's questions: free text, after what is noted about her."""
    note = "\n".join(part for part in (record.get("note"), *words) if part)
    return {**record, "note": note} if note else dict(record)


def offered(
    kind: EnquirerKind, record: Mapping[str, Any], accepted: Collection[DataCategory]
) -> frozenset[DataCategory]:
    """The categories that are recorded and that the partner's terms take."""
    return categories_of(kind, record) & frozenset(accepted) & MAY_HOLD[kind]


def carried_categories(
    kind: EnquirerKind,
    grounds: Iterable[Ground],
    recipient: Recipient,
    purpose: Purpose,
    present: frozenset[DataCategory],
    minimum: Collection[DataCategory],
    at: datetime,
) -> frozenset[DataCategory]:
    """The most that one ground carries. Where none carries the minimum, what would have to be asked for."""
    needed = frozenset(minimum) & MAY_HOLD[kind]
    best: frozenset[DataCategory] = frozenset()
    for ground in grounds:
        one_by_one = frozenset(
            category
            for category in present
            if refusal_of(ground, recipient, purpose, frozenset({category}), at) is None
        )
        if needed <= one_by_one and len(one_by_one) > len(best):
            best = one_by_one
    return best or needed or present or BY_ITSELF[kind]


def missing_minimum(
    kind: EnquirerKind, record: Mapping[str, Any], minimum: Collection[DataCategory]
) -> frozenset[DataCategory]:
    """What the partner's terms need and nobody has recorded yet."""
    return (frozenset(minimum) & MAY_HOLD[kind]) - categories_of(kind, record)
