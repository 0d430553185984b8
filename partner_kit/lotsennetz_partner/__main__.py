"""`lotsennetz-partner`: take part from a shell, a script, or a system that imports files from a folder."""

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lotsennetz_partner import files, keys, office, receipts, settings
from lotsennetz_partner.client import Client
from lotsennetz_partner.errors import AwayError, PartnerKitError, RefusedError, SettingsError
from lotsennetz_partner.journal import Journal
from lotsennetz_partner.office import Office

OK, WRONG_USE, REFUSED, AWAY = 0, 2, 3, 4
IDLE_SECONDS = 2.0
#: So long the network holds the line when there is nothing; answer files are looked for in between.
HOLD_SECONDS = 5
LONGEST_PAUSE = 60.0

#: An appointment is read from a file, so that it stands in no shell's history, and sealed before it leaves.
APPOINTMENT = ("appointment", "sealed_appointment")
#: The answers there are: option, field of the body, and whether it must be there.
ACTIONS: dict[str, tuple[str, tuple[tuple[str, str, bool], ...]]] = {
    "receive": ("we have it", ()),
    "ask": ("we need to know something first", (("question", "question", True),)),
    "accept": ("we take over", (("contact-by", "contact_by", False), (*APPOINTMENT, False))),
    "waitlist": ("yes in principle, later", (("estimated-on", "estimated_on", False),)),
    "reject": ("we decline", (("reason", "reason", True), ("better-service", "better_service_id", False))),
    "start": ("first contact was made", (("first-contact-on", "first_contact_on", True), (*APPOINTMENT, False))),
    "set-appointment": ("she has an appointment, or another time for it", ((*APPOINTMENT, True),)),
    "cancel-appointment": ("the appointment does not take place", ()),
    "pause": ("it waits for something outside", (("reason", "reason", True),)),
    "resume": ("work goes on", ()),
    "complete": ("done", (("outcome", "outcome", True), ("obstacle", "obstacles", False))),
    "end": ("it ended early", (("reason", "reason", True),)),
    "acknowledge-stop": ("we have stopped", ()),
    "state-deletion": (
        "deleted, or kept on a ground",
        (("deletion", "deletion", True), ("ground", "ground", False), ("category", "category", False)),
    ),
    "acknowledge-rectification": ("we have taken over what was corrected", (("category", "category", False),)),
    "dispute": ("what was recorded by hand for us is not so", ()),
}
SPEAKING = frozenset({"ask", "reject", "pause", "complete", "end", "dispute"})
SEVERAL = frozenset({"obstacles"})


def main(words: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(words)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    try:
        return int(arguments.run(arguments))
    except SettingsError as error:
        print(f"lotsennetz-partner: {error}", file=sys.stderr)
        return WRONG_USE
    except RefusedError as error:
        print(f"lotsennetz-partner: refused: {error} (number {error.number})", file=sys.stderr)
        for field, expected in error.fields.items():
            print(f"  {field}: expected {expected}", file=sys.stderr)
        return REFUSED
    except AwayError as error:
        print(f"lotsennetz-partner: {error}", file=sys.stderr)
        return AWAY
    except PartnerKitError as error:
        print(f"lotsennetz-partner: {error}", file=sys.stderr)
        return REFUSED


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="lotsennetz-partner", description=__doc__)
    top.add_argument("--settings", type=Path, help="a TOML file; LOTSENNETZ_... in the environment counts more")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    made = commands.add_parser("keygen", help="make a key pair; prints the public half to hand in")
    made.add_argument("file", type=Path, help="where the private half is kept (must not exist)")
    made.add_argument("--kind", choices=("EC", "RSA"), default="EC")
    made.add_argument("--use", choices=("enc", "sig"), default="enc", help="to open dossiers, or to sign receipts")
    made.set_defaults(run=keygen)

    proved = commands.add_parser("verify-receipt", help="check what the network signed; 3 if it does not hold")
    proved.add_argument("file", type=Path, help="the token, as it was kept")
    proved.add_argument("--keys", type=Path, help="the network's key set as a file, to check without the network")
    proved.set_defaults(run=verify_receipt)

    commands.add_parser("receipts", help="every receipt kept, and how it stands").set_defaults(run=list_receipts)

    commands.add_parser("check", help="try settings, sign-in, queue and folders").set_defaults(run=check)

    listening = commands.add_parser("listen", help="hear, hand over, answer, until Ctrl-C")
    listening.add_argument("--via", choices=("rest", "amqp"), default="rest")
    listening.add_argument("--once", action="store_true", help="end when there is nothing more to do")
    listening.set_defaults(run=listen)

    asked = commands.add_parser("events", help="own notices after a cursor, as JSON")
    asked.add_argument("--after", type=int, default=0)
    asked.add_argument("--limit", type=int, default=100)
    asked.set_defaults(run=events)

    for name, help_, run in (
        ("show", "how a referral stands, as JSON", show),
        ("fetch", "fetch the sealed dossier, as it is; a disclosure", fetch),
        ("open", "fetch the dossier and open it, as JSON; a disclosure", open_dossier),
    ):
        one = commands.add_parser(name, help=help_)
        one.add_argument("referral", help="its id, or a number heard of before")
        one.set_defaults(run=run)

    wanted = commands.add_parser("papers", help="fetch papers the dossier names into the inbox; each a disclosure")
    wanted.add_argument("referral", help="its id, or a number heard of before")
    wanted.add_argument("paper", nargs="*", help="ids of papers; without one the dossier is fetched for all it names")
    wanted.set_defaults(run=papers)

    for action, (help_, options) in ACTIONS.items():
        said = commands.add_parser(action, help=help_)
        said.add_argument("referral", help="its id, or a number heard of before")
        for option, field, required in options:
            extra: dict[str, Any] = {"action": "append"} if field in SEVERAL else {}
            if option == APPOINTMENT[0]:
                extra = {"type": Path, "metavar": "FILE", "help": "JSON with starts_at, minutes, place, bring"}
            said.add_argument(f"--{option}", dest=field, required=required, **extra)
        if action in SPEAKING:
            said.add_argument("--comment", help="words; sealed before they leave")
        said.add_argument("--key", help="idempotency key, to say the same again safely")
        said.set_defaults(run=act, action=action.replace("-", "_"), fields=[field for _, field, _ in options])
    return top


def keygen(arguments: argparse.Namespace) -> int:
    key = keys.generate(arguments.kind, arguments.use)
    try:
        keys.write(key, arguments.file)
    except OSError as error:
        raise SettingsError(f"{arguments.file}: cannot be written ({error.strerror})") from error
    print(json.dumps(keys.public(key), indent=2))
    return OK


def verify_receipt(arguments: argparse.Namespace) -> int:
    own = settings.load(arguments.settings)
    try:
        token = arguments.file.read_text(encoding="ascii").strip()
        key_set = json.loads(arguments.keys.read_text(encoding="utf-8")) if arguments.keys else None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{error}: expected a token and, with --keys, a JSON Web Key set") from error
    key_set = key_set or Client(own).network_keys()
    print(receipts.as_json(receipts.verify(token, key_set, own.network_url, own.organization_id)))
    return OK


def list_receipts(arguments: argparse.Namespace) -> int:
    own = settings.load(arguments.settings)
    for one in Journal(own.journal, own.organization_id).receipts():
        print(json.dumps({"state": one.state, "token": one.token, "ours": one.ours}))
    return OK


def check(arguments: argparse.Namespace) -> int:
    found = office.check(settings.load(arguments.settings))
    for what, outcome in found:
        print(f"{'ok  ' if outcome == 'ok' else 'WRONG'}  {what}{'' if outcome == 'ok' else ': ' + outcome}")
    return OK if all(outcome == "ok" for _, outcome in found) else REFUSED


def listen(arguments: argparse.Namespace) -> int:
    own = settings.load(arguments.settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    journal = Journal(own.journal, own.organization_id)
    desk = Office(own, Client(own, keep_receipt=journal.keep_receipt), journal, via_queue=arguments.via == "amqp")
    pause, hold = IDLE_SECONDS, 0
    while not stop.is_set():
        try:
            busy = desk.turn(hold)
            pause = IDLE_SECONDS
        except AwayError as away:
            if arguments.once:
                raise
            pause = max(pause, min(away.retry_after, LONGEST_PAUSE))
            logging.getLogger("lotsennetz_partner").warning("%s; again in %.0f s", away, pause)
            stop.wait(pause)
            busy, pause = 1, min(LONGEST_PAUSE, pause * 2)
        if not busy and arguments.once:
            return OK
        hold = 0 if busy or arguments.once or arguments.via == "amqp" else HOLD_SECONDS
        if not busy:
            stop.wait(pause)
    return OK


def events(arguments: argparse.Namespace) -> int:
    page = Client(settings.load(arguments.settings)).events(arguments.after, arguments.limit)
    shown = [{"id": one.id, "type": one.type, "data": one.data} for one in page.events]
    print(json.dumps({"events": shown, "cursor": page.cursor}, indent=2))
    return OK


def _named(arguments: argparse.Namespace) -> tuple[Client, str]:
    own = settings.load(arguments.settings)
    journal = Journal(own.journal, own.organization_id)
    referral_id = journal.referral_of(arguments.referral)
    if referral_id is None:
        raise SettingsError(f"{arguments.referral}: neither an id nor a number we have heard of")
    return Client(own, keep_receipt=journal.keep_receipt), referral_id


def _with_referral(deed: Callable[[Client, str], str]) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        print(deed(*_named(arguments)))
        return OK

    return run


show = _with_referral(lambda client, one: json.dumps(client.referral(one).data, indent=2))
fetch = _with_referral(lambda client, one: client.sealed_dossier(one))
open_dossier = _with_referral(lambda client, one: json.dumps(client.dossier(one), ensure_ascii=False, indent=2))


def papers(arguments: argparse.Namespace) -> int:
    client, referral_id = _named(arguments)
    name = client.referral(referral_id).reference
    wanted = arguments.paper or list(files.papers_of(client.dossier(referral_id)))
    folder = client.settings.inbox
    folder.mkdir(parents=True, exist_ok=True)
    laid = files.lay_papers(client, folder, name, referral_id, wanted)
    print(json.dumps(laid, indent=2))
    return OK if all("file" in one for one in laid) else REFUSED


def _words_in(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file}: cannot be read ({error})") from error


def act(arguments: argparse.Namespace) -> int:
    client, referral_id = _named(arguments)
    body = {name: value for name in arguments.fields if (value := getattr(arguments, name)) is not None}
    if file := body.pop(APPOINTMENT[1], None):
        body[APPOINTMENT[1]] = client.seal(_words_in(file))
    if comment := getattr(arguments, "comment", None):
        body["sealed_comment"] = client.seal(comment)
    referral = client.act_now(referral_id, arguments.action, body, arguments.key)
    print(json.dumps(referral.data, indent=2))
    return OK


if __name__ == "__main__":
    sys.exit(main())
