"""`lotse`: the operator's command. Exit codes: 0 all is well, 1 a problem was found, 2 wrong use, 3 nobody answers."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lotse import showing
from lotse.backups.postgres import BackupError
from lotse.broker import BrokerError
from lotse.commands import (
    audit,
    backup,
    certify,
    channel,
    deliveries,
    desk,
    directory,
    letters,
    parked,
    participation,
    partner,
    referral,
    rights,
    sessions,
    status,
    subject_access,
    topology,
    unit,
)
from lotse.config import ConfigError
from lotse.network import ProblemError, UnreachableError
from lotse.session import Session

OK, PROBLEM, USAGE, UNREACHABLE = 0, 1, 2, 3
EXAMPLES = """
\b
Examples:
  lotse status                           how the four services are doing
  lotse referral show R-2026-7K3F        where one referral stands
  lotse parked list                      what could not be handled, and why
  lotse parked retry referral 17         try it again
  lotse deliveries list --state parked   notices that did not arrive
  lotse letters list                     what the broker could not deliver, and why
  lotse audit verify                     check the log independently
  lotse audit check receipt.txt          check a receipt, extract or proof somebody has
  lotse partner onboard hwk-aachen       let a partner's system in
  lotse partner suspend hwk-aachen       let its part in the network rest, until resume
  lotse partner certify testpartner      try a partner's system, in a sandbox
  lotse channel ping ihk-aachen          does a notice arrive there?
  lotse desk code vuv-aachen --way phone a code for a unit that works by mail
  lotse subject-access <enquiry>         everything recorded about a person, with proof
  lotse rectify <enquiry> --from x.json  correct what is recorded of a person
  lotse sessions end <account>           what is still open of somebody who left
  lotse erase <enquiry> --dry-run        what erasing a person would do; --yes does it
  lotse backup --out A --keys-out B      put everything aside, the persons' keys apart
  lotse restore A --keys B --verify      put it back into empty databases

Exit codes: 0 all is well, 1 a problem was found, 2 wrong use, 3 nobody answers.
"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help=f"Operate the network: look, repair, verify, let partners in and out.\n{EXAMPLES}",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="status")(status.status)
app.command(name="backup")(backup.backup)
app.command(name="restore")(backup.restore)
app.command(name="subject-access")(subject_access.subject_access)
app.command(name="rectify")(rights.rectify)
app.command(name="erase")(rights.erase)
partner.app.command(name="suspend")(participation.suspend)
partner.app.command(name="resume")(participation.resume)
partner.app.command(name="offboard")(participation.offboard)
partner.app.command(name="certify")(certify.certify)
partner.app.command(name="rehearse")(certify.rehearse)
partner.app.command(name="verify-report")(certify.verify_report)
for name, group in (
    ("referral", referral.app),
    ("parked", parked.app),
    ("sessions", sessions.app),
    ("deliveries", deliveries.app),
    ("letters", letters.app),
    ("audit", audit.app),
    ("directory", directory.app),
    ("topology", topology.app),
    ("unit", unit.app),
    ("partner", partner.app),
    ("channel", channel.app),
    ("desk", desk.app),
):
    app.add_typer(group, name=name)


@app.callback()
def begin(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="Addresses and credentials (JSON, as .dev/state.json).")] = None,
) -> None:
    """Find out where the network is."""
    context.obj = Session(config)


def main() -> None:
    """Run one command; whatever goes wrong is told with what to do about it."""
    try:
        app(standalone_mode=True)
    except ConfigError as error:
        showing.complain(str(error))
        sys.exit(USAGE)
    except UnreachableError as error:
        showing.complain(str(error), "Is it running? In the demo: make demo. Otherwise look at its logs and address.")
        sys.exit(UNREACHABLE)
    except ProblemError as error:
        showing.complain(str(error), error.advice, error.problem)
        sys.exit(PROBLEM)
    except BackupError as error:
        showing.complain(str(error), error.advice)
        sys.exit(PROBLEM)
    except BrokerError as error:
        showing.complain(f"The broker's management says no: {error}")
        sys.exit(PROBLEM if error.status else UNREACHABLE)


if __name__ == "__main__":
    main()
