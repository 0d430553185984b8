"""`lotse sessions`: what is still open for an account that is no more."""

from typing import Annotated

import typer

from lotse import showing
from lotse.config import SERVICES
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "Sign-ins at the services' pages: end those of an account that is no more."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)


@app.callback()
def sessions() -> None:
    """So that `end` stays a command of its own."""


@app.command()
def end(
    context: typer.Context,
    account: Annotated[
        str, typer.Argument(help="As the sign-in service calls it, or the pseudonym from the audit log.")
    ],
    as_json: AsJson = False,
) -> None:
    """End every open session of an account at all four services; close the account at the sign-in service first.

    A program's token goes on until it ends by itself, within minutes. Tell the log that the access has ended, too.

    \b
    lotse sessions end staff:0123456789abcdef0123456789abcdef
    """
    network = network_of(context)
    rows = [
        {"service": name, **network.post(name, "sessions/accounts/ends", {"account": account})} for name in SERVICES
    ]
    showing.as_json(rows) if as_json else showing.table(rows, ("service", "ended"), empty="No service.")
