"""What is printed when a sandbox stands: where the network is, what the partner was given, and what will come."""

import tomllib
from pathlib import Path

from deploy.demo.places import read_state
from deploy.demo.sandbox.handing_out import Wish
from lotse.certify.cases import FAMILY_NAME, MEANING
from lotse.certify.checks import chosen
from lotse.certify.rehearsal import BRANCHES

HOW = {
    "pull": "ask GET {network_url}/partner/v1/events?after=0&wait=30, acknowledge, fetch, answer by REST",
    "amqp": "read your queue, answer to your exchange (amqp_uri below); dossiers are fetched by REST",
    "webhook": "you are called at the address you gave, signed; answer 2xx, fetch and answer by REST",
}


def instructions(dev: Path, wish: Wish, folder: Path) -> str:
    """Everything a partner's developer needs, on one page."""
    given = tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8"))
    lines = ["", f"The sandbox stands. Partner under test: {wish.slug}, by {wish.channel}", ""]
    lines += [f"  {name:<18}{value}" for name, value in given.items()]
    lines += [f"  {name:<18}{value}" for name, value in _beside(dev, wish, given).items()]
    lines += [f"  {'how':<18}{HOW[wish.channel].format(**given)}", "", "The same stands, for the partner kit, in", ""]
    lines += [f"  {folder / 'settings.toml'}", "", "and under the names of the partners' pages (docs/partners) in", ""]
    lines += [f"  {folder / 'partner.env'}", "", "What a test referral asks of you stands in its dossier, after the"]
    lines += [f"last hyphen of the family name ({FAMILY_NAME}-ACCEPT):", ""]
    lines += [f"  {word:<8}{meaning}" for word, meaning in MEANING.items()]
    lines += ["", "What comes now, one after another, each waiting for you:", ""]
    lines += [f"  {number}. {check.sent}" for number, check in enumerate(chosen(BRANCHES), start=1)]
    state = dev / "state.json"
    lines += ["", "In another window:", ""]
    lines += [f"  .venv/bin/lotse --config {state} channel ping {wish.slug}        does a notice arrive?"]
    lines += [f"  .venv/bin/lotse --config {state} partner rehearse {wish.slug}    all of that once more"]
    lines += [
        f"  .venv/bin/lotse --config {state} partner certify {wish.slug}     the examination, with a signed report"
    ]
    lines += ["", "What is required is written in docs/partners/certification.md. Ctrl-C ends everything.", ""]
    return "\n".join(lines)


def _beside(dev: Path, wish: Wish, given: dict[str, object]) -> dict[str, str]:
    """What is no setting of the kit."""
    found = {"openapi": f"{given['network_url']}/referral/openapi.json"}
    if wish.channel == "amqp":
        queue = f"partner.{wish.organization_id}"
        found |= {"reads": f"{queue}.notices", "writes": f"{queue}.commands"}
    if wish.channel == "webhook":
        row = read_state(dev)["sandbox"]["partners"][wish.slug]
        found |= {"called at": wish.webhook_url, "webhook secret": row["webhook_secret"]}
    return found
