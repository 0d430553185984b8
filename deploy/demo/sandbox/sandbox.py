"""`make sandbox`: a whole network to try a partner's system on, and a welcome center that plays every branch.

python -m deploy.demo.sandbox.sandbox [--organization SLUG] [--channel pull|amqp|webhook] [--webhook-url URL]
                                      [--public-key FILE] [--client-key FILE] [--quiet] [--dev FOLDER]

Stays up until Ctrl-C. Exit: 0 ended by Ctrl-C, 2 it did not start, 3 no RabbitMQ to be had.
"""

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from contracts.identity import id_of
from deploy.demo import stage
from deploy.demo.network import Network, StartError
from deploy.demo.places import DEV, read_state
from deploy.demo.rabbitmq_install import NoBrokerError
from deploy.demo.sandbox.handing_out import Wish
from deploy.demo.sandbox.instructions import instructions
from deploy.demo.sandbox.joining import join, open_sandbox
from deploy.demo.sandbox.opening import gate_settings, new_token, signing_keys
from lotse.certify.rehearsal import rehearse_all
from lotse.certify.setting import exam_of
from lotse.config import load
from lotse.network import ProblemError, UnreachableError

A_DAY = 86_400.0
QUIET = 5.0


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    chosen.dev = chosen.dev.resolve()
    console = Console(soft_wrap=True)
    signal.signal(signal.SIGTERM, _end)
    try:
        return up(chosen, console)
    except NoBrokerError as error:
        console.print(f"There is no RabbitMQ here. Type:\n\n  {escape(str(error))}\n")
        return 3
    except (StartError, ProblemError, UnreachableError) as error:
        console.print(f"[bold red]The sandbox did not start.[/] {escape(str(error))}")
        return 2
    except KeyboardInterrupt:
        return 0


def up(chosen: argparse.Namespace, console: Console) -> int:
    """Start everything, let the partner in, say what to do, play the branches, stay."""
    began, token = time.monotonic(), new_token()
    network = Network(
        chosen.dev,
        tell=lambda line: console.print(f"[dim]{time.monotonic() - began:5.1f} s[/] {line}"),
        door="deploy.demo.sandbox.gate",
        door_settings=lambda: {**gate_settings(read_state(chosen.dev), token), "MODE": "demo"},
    )
    ready = chosen.dev / "ready"
    ready.unlink(missing_ok=True)
    try:
        network.start()
        stage.furnish(network)
        network.watch()
        open_sandbox(chosen.dev, network.origin, token, signing_keys(network.keys))
        wish = wish_of(chosen)
        folder = join(chosen.dev, wish)
        console.print(instructions(chosen.dev, wish, folder), markup=False, highlight=False)
        ready.touch()
        if not chosen.quiet:
            play(chosen.dev, wish.slug, console)
        threading.Event().wait()
    finally:
        ready.unlink(missing_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        console.print("[dim]stopping everything[/]")
        network.stop()
    return 0


def play(dev: Path, slug: str, console: Console) -> None:
    """Every branch once; the first referral waits as long as it takes until somebody listens."""
    exam = exam_of(load(dev / "state.json"), str(id_of("organization", slug)), A_DAY, QUIET)
    try:
        rehearse_all(exam, lambda line: console.print(line, markup=False, highlight=False))
        told = "That was every branch."
    except (ProblemError, UnreachableError) as error:  # the welcome center stumbled; the network stands all the same
        told = f"[bold red]The welcome center could not go on:[/] {escape(str(error))} {escape(str(fields_of(error)))}"
    finally:
        exam.injector.close()
    console.print(f"\n{told} Once more: `lotse partner rehearse`; to be examined: `lotse partner certify`.")


def fields_of(error: ProblemError | UnreachableError) -> object:
    return error.problem.get("fields", "") if isinstance(error, ProblemError) else ""


def wish_of(chosen: argparse.Namespace) -> Wish:
    """What was asked for, with the channel that follows from it."""
    channel = chosen.channel or ("webhook" if chosen.webhook_url else "pull")
    if channel == "webhook" and not chosen.webhook_url:
        raise StartError("by webhook: say where, with --webhook-url http://127.0.0.1:PORT/PATH")
    return Wish(chosen.organization, channel, chosen.webhook_url, chosen.public_key, chosen.client_key)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--organization", default="testpartner", help="what the partner under test is called (a slug)")
    parser.add_argument("--channel", choices=("pull", "amqp", "webhook"), help="how it is told (default: pull)")
    parser.add_argument("--webhook-url", default="", help="where it is called; loopback only")
    parser.add_argument("--public-key", type=Path, help="its public JWK to seal dossiers to (else one is made)")
    parser.add_argument("--client-key", type=Path, help="its public JWK to sign in by (else a secret is made)")
    parser.add_argument("--quiet", action="store_true", help="send nothing; wait for `lotse partner certify`")
    parser.add_argument("--dev", type=Path, default=DEV / "sandbox", help="where it keeps its things")
    return parser


def _end(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
