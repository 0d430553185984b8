"""`lotse letters`: what the broker could not deliver and keeps; look at envelopes, put back, or drop with a reason."""

from typing import Annotated, Any

import typer

from contracts.codes import DiscardReason, LetterPlace
from lotse import showing
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "What the broker could not deliver and keeps: look at envelopes, put back, or drop with a reason."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
GROUPS = ("place", "cause", "home", "count", "since")
PLACE = "operator/letters"

Id = Annotated[str | None, typer.Option("--letter", help="This one (id, from `lotse letters list --each`).")]
Place = Annotated[LetterPlace | None, typer.Option(help="Only what lies in this queue.")]
Cause = Annotated[str | None, typer.Option(help="Only what lies there for this cause.")]
Home = Annotated[str | None, typer.Option(help="Only what belongs into this queue, in quotes as listed.")]


@app.command("list")
def list_letters(
    context: typer.Context,
    place: Place = None,
    cause: Cause = None,
    each: Annotated[bool, typer.Option("--each", help="Every letter, not only groups.")] = False,
    as_json: AsJson = False,
) -> None:
    """What lies in which queue, grouped by cause; exit 1 if anything does.

    \b
    lotse letters list
    lotse letters list --place partners.dead --each
    """
    seen = network_of(context).get("notifications", PLACE, place=place.value if place else None, cause=cause)
    if as_json:
        showing.as_json(seen)
    elif each:
        showing.table(seen["letters"], ("letter_id", "place", "cause", "home", "type", "time"), empty="No letters.")
    else:
        showing.table(seen["groups"], GROUPS, empty="No letter lies there.")
    raise typer.Exit(1 if any(seen["lying"].values()) else 0)


@app.command()
def show(
    context: typer.Context, letter: Annotated[str, typer.Argument(help="Its id.")], as_json: AsJson = False
) -> None:
    """What stands on one letter; never what is in it.

    \b
    lotse letters show 0197c0de-…
    """
    row = network_of(context).get("notifications", f"{PLACE}/{letter}")
    showing.as_json(row) if as_json else showing.details(row)


@app.command("return")
def put_back(
    context: typer.Context,
    letter: Id = None,
    place: Place = None,
    cause: Cause = None,
    home: Home = None,
    everything: Annotated[bool, typer.Option("--all", help="Whatever lies anywhere.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put back where it belongs; what the broker does not confirm stays where it lies (exit 1).

    \b
    lotse letters return --letter 0197c0de-…
    lotse letters return --place dead --cause taken-too-often
    lotse letters return --all
    """
    which = _which(letter, place, cause, home)
    if not which and not everything:
        raise typer.BadParameter("name a letter, a queue, a cause or a home, or say --all")
    told = network_of(context).post("notifications", f"{PLACE}/returns", which)
    if as_json:
        showing.as_json(told)
    else:
        showing.say(f"{told['handled']} put back where they belong.")
        if told["unconfirmed"]:
            showing.say(f"{told['unconfirmed']} stay: the broker did not confirm. Is their queue there? Onboard again.")
        if told["without_home"]:
            showing.say(f"{told['without_home']} cannot be put back: commands of partners, or letters of strangers.")
    raise typer.Exit(1 if told["unconfirmed"] or told["without_home"] else 0)


@app.command()
def drop(
    context: typer.Context,
    reason: Annotated[DiscardReason, typer.Option(help="Why; kept in the audit log.")],
    letter: Id = None,
    place: Place = None,
    cause: Cause = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Give up one letter, or a queue's that lie there for one cause. They are gone for good.

    \b
    lotse letters drop --letter 0197c0de-… --reason DUPLICATE
    lotse letters drop --place partners.dead --cause expired --reason OUTDATED
    """
    if not letter and not (place and cause):
        raise typer.BadParameter("name --letter, or --place and --cause")
    body = {**_which(letter, place, cause, home), "reason": reason.value}
    told = network_of(context).post("notifications", f"{PLACE}/drops", body)
    showing.as_json(told) if as_json else showing.say(f"{told['handled']} dropped.")


def _which(letter: str | None, place: LetterPlace | None, cause: str | None, home: str | None) -> dict[str, Any]:
    named = {"letter_id": letter, "place": place.value if place else None, "cause": cause, "home": home}
    return {name: value for name, value in named.items() if value}
