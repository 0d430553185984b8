"""What was tried for a figure that was missed: told only where it is missed."""

#: By the beginning of a figure's name.
TRIED: dict[str, tuple[str, ...]] = {}


def about(name: str) -> tuple[str, ...]:
    return next((told for begins, told in TRIED.items() if name.startswith(begins)), ())
