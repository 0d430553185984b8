"""`lotse partner certify | rehearse | verify-report`: try a partner's live system in a sandbox, sign what was seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from lotse import showing
from lotse.certify import checks, report
from lotse.certify.checks import UnknownCheckError
from lotse.certify.exam import Result, examine, now
from lotse.certify.rehearsal import rehearse_all
from lotse.certify.sandbox import NotASandboxError
from lotse.certify.setting import exam_of
from lotse.commands.partner import Organization, organization_id
from lotse.session import config_of
from lotse.showing import AsJson

WRONG_USE = 2
T = TypeVar("T")
Patience = Annotated[float, typer.Option(help="Seconds the partner may take for one step; for a clerk 900.")]


def certify(
    context: typer.Context,
    organization: Organization,
    only: Annotated[list[str] | None, typer.Option(help="Only these checks, by id or by their first part.")] = None,
    patience: Patience = 60,
    quiet: Annotated[float, typer.Option(help="Seconds it is watched where nothing must happen.")] = 5,
    out: Annotated[Path, typer.Option(help="Where the report is laid.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Examine a partner's live system in a sandbox. Exit 0: nothing that was tried failed; 1: something did; 2: no
    sandbox, or no such check; 3: nobody answers. With --only a 0 is no certificate, and verify-report says 1.

    Sends made-up persons, garbage and faults; refuses to run anywhere but in a sandbox (`make sandbox`).

    \b
    lotse --config .dev/sandbox/state.json partner certify testpartner
    lotse --config .dev/sandbox/state.json partner certify testpartner --only life --only message.twice
    """
    wanted = _or_wrong_use(lambda: checks.chosen(only or []))
    exam = _or_wrong_use(lambda: exam_of(config_of(context), str(organization_id(organization)), patience, quiet))
    sandbox, began = config_of(context).sandbox, now()
    try:
        results = examine(exam, wanted, _told_nobody if as_json else _tell)
    finally:
        exam.injector.close()
    found = report.Report(
        organization=organization,
        organization_id=exam.partner.organization_id,
        channel=exam.partner.channel.value,
        network=sandbox["gate"],
        run=exam.welcome.cast.run,
        began_at=began,
        ended_at=now(),
        complete=len(wanted) == len(checks.ALL),
        results=results,
    )
    document = found.document()
    file = report.write(document, report.sign(document, Path(sandbox["signing_key"])), out)
    if as_json:
        showing.as_json({**document, "signed": str(file)})
    else:
        showing.say(f"\n{report.verdict(document)}\nSigned: {file}\nCheck it with:")
        showing.say(f"  .venv/bin/lotse partner verify-report {file} --key {sandbox['verification_key']}")
    raise typer.Exit(1 if document["counts"]["failed"] else 0)


def rehearse(
    context: typer.Context,
    organization: Organization,
    patience: Patience = 900,
) -> None:
    """Play the welcome center once through every branch, one test referral each, and judge nothing.

    Says what comes and what is expected, waits for the partner, and goes on. Not while `certify` runs.

    \b
    lotse --config .dev/sandbox/state.json partner rehearse testpartner
    """
    exam = _or_wrong_use(lambda: exam_of(config_of(context), str(organization_id(organization)), patience, 5))
    try:
        rehearse_all(exam, showing.say)
    finally:
        exam.injector.close()


def verify_report(
    file: Annotated[Path, typer.Argument(help="The signed report (.jws).")],
    key: Annotated[Path, typer.Option(help="The sandbox's public key (JWK).")],
    as_json: AsJson = False,
) -> None:
    """Check a report's signature and show it. Exit 0: a certificate; 1: changed, another's, not passed, or only a part.

    \b
    lotse partner verify-report certification-testpartner-bcdfgh.jws --key certification.public.json
    """
    try:
        document = report.verify(file.read_text(encoding="ascii"), key)
    except (report.ReportError, OSError, UnicodeError) as refusal:
        showing.complain(f"{file.name}: {refusal}")
        raise typer.Exit(1) from refusal
    showing.as_json(document) if as_json else showing.say(report.in_words(document))
    raise typer.Exit(0 if document["passed"] else 1)


def _or_wrong_use(make: Callable[[], T]) -> T:
    try:
        return make()
    except (NotASandboxError, UnknownCheckError) as refusal:
        showing.complain(str(refusal))
        raise typer.Exit(WRONG_USE) from refusal


def _tell(result: Result) -> None:
    for line in report.told(result.as_row()):
        showing.say(line)


def _told_nobody(_: Result) -> None:
    """The answer is JSON: nothing else may stand on standard output."""
