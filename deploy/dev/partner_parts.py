"""``python -m deploy.dev.partner_parts [--check]``: the generated parts of pages under `docs/partners/`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from contracts.event import REGISTRY
from contracts.partner.receipts import EVENT, SIGNED
from deploy.dev.document import PART, table

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "partners"


def receipts() -> str:
    """Every fact that is signed, with the fields the receipt names."""
    rows = []
    for name, members in SIGNED.items():
        told = [*members, "sha256"] if "decision_id" in members else members
        rows.append((f"`{name}`", ", ".join(f"`{one}`" for one in told) or "–", meaning(name)))
    return table((f"event, after `{EVENT}`", "fields beside `referral_id`", "what it says"), rows)


def meaning(name: str) -> str:
    return str(REGISTRY[name].__doc__).partition("\n")[0]


PARTS: dict[str, Callable[[], str]] = {"signed-facts": receipts}


def renewed(text: str) -> str:
    """A page with its generated parts as they are now."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[4]}" if found[2] in PARTS else found[0], text)


def differing() -> list[Path]:
    """Pages that say other than what the code does."""
    pages = sorted(FOLDER.glob("*.md"))
    return [page for page in pages if (text := page.read_text(encoding="utf-8")) != renewed(text)]


def main(arguments: Sequence[str]) -> int:
    found = differing()
    for page in found:
        if "--check" in arguments:
            sys.stdout.write(f"{page.name} differs from the code: run `make docs`\n")
        else:
            page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 1 if found and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
