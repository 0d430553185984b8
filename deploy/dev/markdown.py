"""Tables in Markdown, and marked parts: what stands between ``<!-- generated: name -->`` and ``<!-- end -->``."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
Parts = Mapping[str, Callable[[], str]]


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines) + "\n"


def codes(values: Iterable[object]) -> str:
    """Codes one after the other, each set as code."""
    return ", ".join(f"`{one}`" for one in values)


def renewed(text: str, parts: Parts) -> str:
    """The page with its generated parts as they are now."""
    return PART.sub(lambda found: f"{found[1]}{parts[found[2]]()}{found[4]}", text)
