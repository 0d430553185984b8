"""The generated part of the page on receipts: every fact that is signed."""

from contracts.event import REGISTRY
from contracts.partner.receipts import EVENT, SIGNED
from deploy.dev.markdown import table


def receipts() -> str:
    """Every fact that is signed, with the fields the receipt names."""
    rows = []
    for name, members in SIGNED.items():
        told = [*members, "sha256"] if "decision_id" in members else members
        rows.append((f"`{name}`", ", ".join(f"`{one}`" for one in told) or "–", meaning(name)))
    return table((f"event, after `{EVENT}`", "fields beside `referral_id`", "what it says"), rows)


def meaning(name: str) -> str:
    return str(REGISTRY[name].__doc__).partition("\n")[0]
