"""Play a state machine over one database, and count what happened: a search that met nothing has shown nothing."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from joserfc.jwk import ECKey

from tests.integration.referral.scene import Scene

#: How many lives the long search tries; docs/results/disclosure-sequences.md says how many it was last time.
MANY = int(os.environ.get("LOTSENNETZ_SEQUENCES", "200"))
#: Fewer than these are the same ones every time.
FEW = 50
#: How often the long search goes on where a rule was not met yet.
MOST_BATCHES = 8


def new_key() -> dict[str, Any]:
    """A body's private key; it opens with it what it was sent."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    return {**key.as_dict(private=True), "kid": key.kid}


def own_key(private: dict[str, Any]) -> dict[str, Any]:
    """What it publishes of it."""
    return {**ECKey.import_key(private).as_dict(private=False), "kid": private["kid"]}


def play(machine: type[RuleBasedStateMachine], scene: Scene, sequences: int, steps: int, **shared: Any) -> Counter[str]:
    """Try so many lives of so many steps; all of them share the scene, the counts and whatever else is named.

    A few are the same every time, so that what has to happen in them does; many are others every time.
    """
    counts: Counter[str] = Counter()
    for name, value in {"scene": scene, "counts": counts, **shared}.items():
        setattr(machine, name, value)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=sequences, stateful_step_count=steps, deadline=None, derandomize=sequences < FEW
        ),
    )
    print("\n".join(f"{count:>7} {what}" for what, count in sorted(counts.items())))
    return counts


def lived_through(batch: Callable[[int], Counter[str]], rules: Iterable[str]) -> Counter[str]:
    """Many lives, and as many more as it takes until each rule was met: chance passes over a rare one. Not for ever."""
    wanted = tuple(rules)
    counts = batch(MANY)
    assert counts["sequences"] >= MANY
    for _ in range(MOST_BATCHES):
        if all(counts[one] for one in wanted):
            break
        counts += batch(max(MANY // 2, FEW))
    print("in all\n" + "\n".join(f"{count:>7} {what}" for what, count in sorted(counts.items())))
    assert [one for one in wanted if not counts[one]] == []
    return counts
