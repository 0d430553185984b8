"""How many examples a property is tried on: some in the gate, many in the long run.

`make test-long` sets LOTSENNETZ_LONG and runs every test that hypothesis has a hand in once more.
"""

import os

from hypothesis import settings

LONG = "LOTSENNETZ_LONG" in os.environ
#: The gate tries this part of them, and of quick ones never fewer than SOME.
PART, SOME = 6, 40
#: `make fuzz` asks the APIs so many times as often as the long run does.
TIMES = int(os.environ.get("LOTSENNETZ_TIMES", "1"))


def examples(many: int, some: int = SOME) -> int:
    """So many in the long run, a part of them in the gate, but `some` at least."""
    return TIMES * many if LONG else max(min(many, some), many // PART)


def tried(many: int, some: int = SOME) -> settings:
    """The settings of a property that is tried on so many examples."""
    return settings(max_examples=examples(many, some), deadline=None)
