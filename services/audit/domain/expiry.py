"""Which entries a run of the retention job is about: exactly those, written as few neighboring stretches."""

from collections.abc import Iterable

#: As (first, last), the last one included.
Span = tuple[int, int]


def spans_of(positions: Iterable[int], most: int) -> list[Span]:
    """Rising positions as stretches of neighbors; ends before there would be more than `most` of them."""
    spans: list[Span] = []
    for position in positions:
        if spans and position == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], position)
        elif len(spans) == most:
            break
        else:
            spans.append((position, position))
    return spans
