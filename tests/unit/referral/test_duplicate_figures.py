"""How well people are found again, measured on a made-up population and held to thresholds.

`python -m tests.unit.referral.test_duplicate_figures` writes docs/results/duplicate-care.md.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.chassis.clock import SystemClock
from services.referral.domain.pseudonyms import Identity, facets, may_be_one
from services.referral.vault import normalized
from tests.unit.referral.duplicate_people import Pair, Population

ROOT = Path(__file__).resolve().parents[3]
EACH = 150
#: At the desk of the report: persons in care, and how many of them come again.
REGISTER, AGAIN = 3_000, 600


def by_pseudonyms(first: Identity, second: Identity) -> bool:
    return may_be_one(facets(second), facets(first))


def by_plain_hash(first: Identity, second: Identity) -> bool:
    """What is usual: one hash over normalized name and birth date."""
    one, other = (
        hashlib.sha256(f"{normalized(who.family_name)}|{normalized(who.given_name)}|{who.birth_date}".encode()).digest()
        for who in (first, second)
    )
    return one == other


Matcher = Callable[[Identity, Identity], bool]


def pairs() -> list[Pair]:
    people = Population()
    return [*people.duplicates(EACH), *people.near_duplicates(EACH)]


def figures(matches: Matcher) -> tuple[float, float, dict[str, tuple[int, int]]]:
    """Precision, recall, and per kind how many of how many were taken for one person."""
    kinds: dict[str, list[bool]] = defaultdict(list)
    right = wrong = missed = 0
    for pair in pairs():
        found = matches(pair.first, pair.second)
        kinds[pair.kind].append(found)
        right += found and pair.is_one
        wrong += found and not pair.is_one
        missed += pair.is_one and not found
    return right / (right + wrong), right / (right + missed), {k: (sum(v), len(v)) for k, v in kinds.items()}


@dataclass(frozen=True, slots=True)
class Desk:
    """What a desk heard of those who came: of how many it was right, and of whom it was wrong."""

    kept: int
    coming: int
    found: int
    missed: int
    newcomers_taken_for_others: int

    @property
    def recall(self) -> float:
        return self.found / (self.found + self.missed)

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.newcomers_taken_for_others)


def at_the_desk(many: int, again: int) -> Desk:
    """Everybody who comes is asked about in one controller's register, as the answer is given: yes or no."""
    kept, coming = Population(11).register(many, again)
    by_facet: dict[str, set[int]] = defaultdict(set)
    for number, identity in enumerate(kept):
        for facet in facets(identity).kept:
            by_facet[facet].add(number)
    hits = [(set().union(*(by_facet.get(one, set()) for one in facets(who).asked)), known) for who, known in coming]
    return Desk(
        kept=many,
        coming=len(coming),
        found=sum(known in hit for hit, known in hits if known is not None),
        missed=sum(known not in hit for hit, known in hits if known is not None),
        newcomers_taken_for_others=sum(bool(hit) for hit, known in hits if known is None),
    )


def test_at_a_desk_with_many_in_care_a_yes_is_mostly_right() -> None:
    desk = at_the_desk(600, 120)
    assert desk.recall >= 0.85, desk
    assert desk.precision >= 0.95, desk


def test_most_people_are_found_again_and_few_are_taken_for_others() -> None:
    precision, recall, kinds = figures(by_pseudonyms)
    assert precision >= 0.96, kinds
    assert recall >= 0.85, kinds


def test_it_finds_far_more_than_a_plain_hash() -> None:
    _, plain, _ = figures(by_plain_hash)
    _, ours, _ = figures(by_pseudonyms)
    assert ours >= plain + 0.4


def test_who_is_written_the_same_is_always_found() -> None:
    _, _, kinds = figures(by_pseudonyms)
    found, many = kinds["the same spelling"]
    assert found == many == EACH


def paper(on: date) -> str:
    lines = []
    desk = at_the_desk(REGISTER, AGAIN)
    ours, plain = figures(by_pseudonyms), figures(by_plain_hash)
    for kind, (found, many) in ours[2].items():
        one = next(pair for pair in pairs() if pair.kind == kind).is_one
        lines.append(f"| {kind} | {'yes' if one else 'no'} | {found} of {many} | {plain[2][kind][0]} of {many} |")
    table = "\n".join(lines)
    return f"""# Duplicate care, measured

Measured on {on.isoformat()} by `python -m tests.unit.referral.test_duplicate_figures`: made-up people,
{len(pairs())} pairs, {EACH} of each kind, seed 7.
The usual way is one hash over normalized name and birth date.

| | pseudonyms | one plain hash |
|---|---:|---:|
| precision (of those taken for one person, how many are) | {ours[0]:.3f} | {plain[0]:.3f} |
| recall (of those who are one person, how many are found) | {ours[1]:.3f} | {plain[1]:.3f} |

| pair | one person? | taken for one: pseudonyms | plain hash |
|---|---|---:|---:|
{table}

## At a desk

One controller has {desk.kept:,} persons in care; {desk.coming:,} come, half of them a second time, in turn by each of
the differences above, half for the first time; of every seventh nobody knows the birth day. Found is who is found
herself, not another one in her place (seed 11). With some eight hundred names for all of them, namesakes are far more
frequent than in any town.

| | |
|---|---:|
| who is in care already and is found | {desk.found} of {desk.found + desk.missed} |
| who is new and is taken for somebody else | {desk.newcomers_taken_for_others} of {desk.coming // 2} |
| precision of a yes | {desk.precision:.3f} |
| recall | {desk.recall:.3f} |

## What that means

What is still missed: who married and has another telephone, rare names that no table holds written in two scripts, and
a letter more or less in a short name. What is wrongly taken for one: twins whose names differ by one letter inside a
long name (Mariana, Marina), or whose names sound alike to the codes, and namesakes of one year where an office does not
know the birth day of one of them. An answer is therefore never more than "possibly".
The population is generated, its proportions are not those of any real office: compare the columns, not the totals.
"""


if __name__ == "__main__":
    (ROOT / "docs" / "results" / "duplicate-care.md").write_text(paper(SystemClock().today()), encoding="utf-8")
