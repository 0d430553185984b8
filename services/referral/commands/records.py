"""A person's record changes, on whatever occasion: what follows from it is the same."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import DataCategory, EnquirerKind
from contracts.partner import dossier as contract
from services.chassis.work import Work
from services.referral.commands import cascade, majority
from services.referral.config import Keys
from services.referral.store import persons

EMPTY: tuple[Any, ...] = (None, "", [])


def rectify(work: Work, keys: Keys, kind: EnquirerKind, person_id: UUID, changes: Mapping[str, Any]) -> None:
    """Correct or complete it; whoever fetched such data takes over what is right (GDPR Art. 16, 19)."""
    before, after = _replace(work, keys, person_id, changes)
    _follow(work, keys, kind, person_id, before, after, _differing(before, after))


def supplement(work: Work, keys: Keys, kind: EnquirerKind, person_id: UUID, told: Mapping[str, Any]) -> None:
    """Write down what a body asked for. What was empty until now was wrong nowhere, so nobody has to correct it."""
    before, after = _replace(work, keys, person_id, told)
    wrong = {name for name in _differing(before, after) if before.get(name) not in EMPTY}
    _follow(work, keys, kind, person_id, before, after, wrong)


def _replace(
    work: Work, keys: Keys, person_id: UUID, changes: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    before = persons.record_of(work.tx, keys.vault, person_id)
    after = {name: value for name, value in {**before, **changes}.items() if value not in EMPTY}
    persons.replace(work, keys.vault, person_id, after)
    return before, after


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def _follow(
    work: Work,
    keys: Keys,
    kind: EnquirerKind,
    person_id: UUID,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    wrong: set[str],
) -> None:
    """Her consents follow her birth date, every dossier that waits her record, and whoever fetched what was wrong."""
    if wrong:
        persons.mark_rectified(work, person_id)
    if after.get("birth_date") and after["birth_date"] != before.get("birth_date"):
        majority.follow_birth_date(work, keys, person_id, date.fromisoformat(after["birth_date"]))
    cascade.reseal_all(work, keys, person_id)
    cascade.pass_on_rectification(work, person_id, _categories(kind, wrong))


def _categories(kind: EnquirerKind, names: set[str]) -> frozenset[DataCategory]:
    found = (contract.category_of(kind, name) for name in names)
    return frozenset(category for category in found if category is not None)
