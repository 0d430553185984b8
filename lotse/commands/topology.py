"""`lotse topology`: the broker's exchanges, queues and bindings, as the contracts describe them."""

from typing import Annotated

import typer

from contracts.topology import core
from lotse import showing, topology
from lotse.session import broker_of, config_of
from lotse.showing import AsJson

HELP = "The broker's exchanges, queues and bindings, as the contracts describe them."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)


@app.command()
def apply(context: typer.Context, as_json: AsJson = False) -> None:
    """Create what is missing; before any relay starts, and again whenever in doubt.

    \b
    lotse topology apply
    """
    broker = broker_of(context)
    broker.ensure_vhost()
    made = topology.apply_to(broker, partitions=config_of(context).inbox_partitions)
    if as_json:
        showing.as_json({"made": made})
        return
    for item in made:
        showing.say(f"made {item}")
    showing.say(f"{len(made)} made." if made else "Nothing was missing.")


@app.command()
def check(
    context: typer.Context,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the exit code.")] = False,
) -> None:
    """Name what is missing or differs and change nothing; exit 1 if anything does.

    \b
    lotse topology check
    """
    broker, partitions = broker_of(context), config_of(context).inbox_partitions
    missing, differs = broker.missing(core(partitions)), topology.differences(broker, partitions)
    if as_json:
        showing.as_json({"missing": missing, "differs": differs})
    elif not quiet:
        for item in [*missing, *(f"differs: {one}" for one in differs)] or ["Nothing is missing."]:
            showing.say(item)
    raise typer.Exit(1 if missing or differs else 0)
