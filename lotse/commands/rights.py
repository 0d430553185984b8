"""`lotse rectify` and `lotse erase`: what a person may ask to be done to her data (GDPR Art. 16, 17), as the lead."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from lotse import showing
from lotse.network import JSON, Network
from lotse.session import config_of
from lotse.showing import AsJson

Enquiry = Annotated[UUID, typer.Argument(help="The enquiry.")]
Person = Annotated[
    UUID | None, typer.Option(help="Whose, by pseudonym; can be left out where the enquiry is about one person.")
]
Request = Annotated[UUID | None, typer.Option("--request", help="The request of hers that is answered by it.")]


def rectify(
    context: typer.Context,
    enquiry: Enquiry,
    changes: Annotated[
        str, typer.Option("--from", help="A JSON file with the fields as they should be; - reads standard input.")
    ],
    person: Person = None,
    request: Request = None,
    remove: Annotated[list[str] | None, typer.Option(help="A field that should not be there at all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Correct what is recorded of a person; who has the old data is told. What is right never stands on a command line.

    \b
    lotse rectify 0198c0de-... --from changes.json
    lotse rectify 0198c0de-... --from - --request 0198c0ff-... --remove health_note
    """
    fields, network = _fields_of(changes), Network(config_of(context).as_lead())
    seen = network.get("referral", f"api/v1/enquiries/{enquiry}")
    body = {
        seen["enquirer"]: fields,
        "remove": remove or [],
        "person_id": _whose(seen, person),
        "request_id": str(request) if request else None,
    }
    told = network.post("referral", f"api/v1/enquiries/{enquiry}/rectifications", body)
    showing.as_json(told) if as_json else showing.say("Corrected. Who has the old data has to take over the new ones.")


def erase(
    context: typer.Context,
    enquiry: Enquiry,
    person: Person = None,
    request: Request = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen now.")] = False,
    sure: Annotated[bool, typer.Option("--yes", help="Erase; it cannot be taken back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person for good: her key is destroyed, what runs ends, who fetched her data has to answer.

    \b
    lotse erase 0198c0de-... --dry-run
    lotse erase 0198c0de-... --person 0198c0aa-... --request 0198c0ff-... --yes
    """
    if dry_run == sure:
        raise typer.BadParameter("either --dry-run or --yes", param_hint="--dry-run / --yes")
    network = Network(config_of(context).as_lead())
    whose = _whose(network.get("referral", f"api/v1/enquiries/{enquiry}"), person)
    place = f"api/v1/enquiries/{enquiry}/persons/{whose}"
    if dry_run:
        told = network.get("referral", f"{place}/erasure")
        showing.as_json(told) if as_json else _show(told)
        return
    told = network.post("referral", f"{place}/erasures", {"request_id": str(request) if request else None})
    showing.as_json(told) if as_json else showing.say("Erased. Her key is destroyed within a minute.")


def _whose(seen: JSON, person: UUID | None) -> str:
    """The person named or, where there is only one left, that one; it is never guessed among several."""
    living = [str(one["person_id"]) for one in seen["persons"] if not one["erased"]]
    if person is not None:
        return str(person)
    if len(living) != 1:
        raise typer.BadParameter(f"one of {', '.join(living) or 'nobody: all are erased'}", param_hint="--person")
    return living[0]


def _fields_of(source: str) -> dict[str, Any]:
    try:
        read = json.loads(sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter("a JSON file that can be read", param_hint="--from") from error
    if not isinstance(read, dict):
        raise typer.BadParameter('an object such as {"city": "Stolberg"}', param_hint="--from")
    return read


def _show(told: JSON) -> None:
    showing.say(f"Nothing was changed. An erasure would destroy her record and {told['documents']} documents.")
    showing.table(
        told["referrals"],
        ("reference", "organization_id", "status", "becomes", "asked_to_delete"),
        empty="No referral of hers.",
    )
