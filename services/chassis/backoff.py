"""How long to wait before trying again: longer each time, never in step with others."""

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Doubles from ``first`` to ``most`` seconds, with up to a quarter of chance; `reset` after a success."""

    first: float = 0.1
    most: float = 5.0
    attempt: int = 0

    def next(self) -> float:
        base = min(self.most, self.first * 2.0 ** min(self.attempt, 16))
        self.attempt += 1
        return base * random.uniform(0.75, 1.0)  # noqa: S311 - spreads retries, guards nothing

    def reset(self) -> None:
        self.attempt = 0
