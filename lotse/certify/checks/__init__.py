"""What a partner's system is required to do, in the order in which it is tried."""

from collections.abc import Sequence

from lotse.certify.checks import answering, by_queue, life, messages, seals, stopping
from lotse.certify.exam import Check

ALL: tuple[Check, ...] = (
    *life.CHECKS,
    *stopping.CHECKS,
    *messages.CHECKS,
    *answering.CHECKS,
    *by_queue.CHECKS,
    *seals.CHECKS,
    *life.LAST,
)


class UnknownCheckError(Exception):
    """Nothing is called so."""


def chosen(words: Sequence[str]) -> tuple[Check, ...]:
    """All checks, or those named: by id (`life.accept`) or by the part before the dot (`life`)."""
    unknown = [word for word in words if not any(one.id == word or one.id.startswith(f"{word}.") for one in ALL)]
    if unknown:
        raise UnknownCheckError(f"{', '.join(unknown)}: known are {', '.join(one.id for one in ALL)}")
    if not words:
        return ALL
    return tuple(one for one in ALL if any(one.id == word or one.id.startswith(f"{word}.") for word in words))
