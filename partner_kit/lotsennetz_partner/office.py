"""Between the network and a system that knows folders: dossiers go in as files, answer files come out.

    inbox/R-26-ABCDEF.referral_requested.<notice>.json    notice, how the referral stands, the opened dossier
    inbox/R-26-ABCDEF.paper.<id>.pdf                      a paper the dossier names
    outbox/anything.json                                  {"referral": "R-26-ABCDEF", "action": "accept", ...}
    outbox/done/anything.json                             taken; what became of it in anything.result.json beside it

Files appear whole or not at all. What was heard is handed over at least once, what is said is said exactly once.
"""

import hashlib
import json
import logging
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lotsennetz_partner import keys, receipts
from lotsennetz_partner.client import Client, Event, Page
from lotsennetz_partner.errors import (
    AwayError,
    CommandError,
    PartnerKitError,
    RefusedError,
    StaleError,
    UnreadableError,
)
from lotsennetz_partner.files import lay_papers, papers_of, write_whole
from lotsennetz_partner.journal import Answer, Journal, KeptReceipt, Notice
from lotsennetz_partner.queue import Queue, event_in
from lotsennetz_partner.settings import Settings

log = logging.getLogger("lotsennetz_partner")

NOTICE = "partner.notice.v1"
#: What we hear, and what each must say to be of use.
SAYS = {NOTICE: ("referral_id", "kind"), "partner.command_result.v1": ("command_id", "result")}
#: What brings a dossier, or a new one.
BRINGS_DOSSIER = frozenset({"referral_requested", "question_answered", "data_corrected"})
#: After these nothing of the dossier may be left in our folder.
STOPS = frozenset({"referral_stopped", "duty_opened"})
#: Sent by an operator to see whether we hear; it is about a referral nobody has.
TRIAL = "test"
#: How the network says that it never gave out our cursor.
AHEAD = "feed.cursor-ahead"
COMMAND_SECONDS = 600
FIRST_PUT_OFF, LONGEST_PUT_OFF = 5.0, 600.0
LARGEST_ANSWER_FILE = 1_000_000


class Office:
    """One partner's desk, worked in turns."""

    def __init__(
        self,
        settings: Settings,
        client: Client,
        journal: Journal,
        *,
        via_queue: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.client, self.journal = settings, client, journal
        self._via_queue, self._clock = via_queue, clock
        self._said_at: dict[str, float] = {}
        self._queue: Queue | None = None
        self._pauses: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        for folder in (settings.inbox, settings.outbox, settings.outbox / "done"):
            folder.mkdir(parents=True, exist_ok=True)
        # sent just before we died: no result may have come, and saying it again under its key is harmless
        for answer in journal.unsaid("sent"):
            journal.mark(answer.id, "open")

    def turn(self, wait: int = 0) -> int:
        """Hear (and wait for it so many seconds), hand over, read answers, say them; returns how much there was."""
        heard = self.hear(wait)
        handed = sum(self.hand_over(notice) for notice in self.journal.waiting())
        planned = self.read_outbox()
        said = self._say_what_is_open()
        return heard + handed + planned + said + self.confirm_receipts()

    def _say_what_is_open(self) -> int:
        """Of each referral one answer at a time: the next is about the version that this one makes."""
        self._open_what_nobody_answered()
        said, unsettled = 0, {answer.referral_id for answer in self.journal.unsaid("sent")}
        for answer in self.journal.unsaid():
            if answer.referral_id in unsettled:
                continue
            is_said = self.say(answer)
            said += is_said
            if self._via_queue or not is_said:
                unsettled.add(answer.referral_id)
        return said

    def _open_what_nobody_answered(self) -> None:
        """A result can be lost on its way, as with a queue that was emptied; nothing else would ever ask for it."""
        now = self._clock()
        for answer in self.journal.unsaid("sent"):
            if now - self._said_at.setdefault(answer.id, now) >= self.settings.answered_within:
                log.warning("%s %s: no result came; said again", answer.action, answer.referral_id)
                self.journal.mark(answer.id, "open")

    # --- hearing ---------------------------------------------------------------------------------------------------

    def hear(self, wait: int = 0) -> int:
        return self._hear_queue() if self._via_queue else self._hear_feed(wait)

    def _hear_feed(self, wait: int) -> int:
        cursor = int(self.journal.place("cursor") or 0)
        page = self._page(cursor, wait)
        for event in page.events:
            self.take(event)
        if page.events:
            self.client.acknowledge(page.cursor)
            self.journal.keep_place("cursor", str(page.cursor))
        return len(page.events)

    def _hear_queue(self) -> int:
        try:
            self._queue = self._queue or Queue(self.settings)
            heard = 0
            while (found := self._queue.next()) is not None:
                body, tag = found
                self._take_message(body)
                self._queue.done(tag)
                heard += 1
        except AwayError:
            self._queue = None
            raise
        return heard

    def _take_message(self, body: bytes | str) -> None:
        try:
            self.take(event_in(body))
        except UnreadableError as unreadable:
            log.warning("passed over: %s", unreadable)

    def take(self, event: Event) -> None:
        """Write down what we are told; what is of an unknown kind, or says nothing, is passed over."""
        wanted = SAYS.get(event.type)
        if wanted is None:
            return
        if not all(isinstance(event.data.get(name), str) for name in wanted):
            log.warning("passed over: %s without %s", event.type, " and ".join(wanted))
        elif event.type == NOTICE:
            self.journal.take(event.id, event.data)
        else:
            for token in event.data.get("receipts") or ():
                self.journal.keep_receipt(str(token))
            self.settle(event.data["command_id"], event.data["result"], event.data)

    # --- handing over ----------------------------------------------------------------------------------------------

    def hand_over(self, notice: Notice) -> bool:
        """Put it into the inbox and, if a command is set, run it; only then is it handled.

        A file that lies there from an attempt before is handed over as it is: fetching once more would be one more
        disclosure.
        """
        if notice.kind == TRIAL:
            log.info("a test notice came in: the way to us works")
            self.journal.handled(notice.id)
            return True
        if self._clock() < self._not_before.get(notice.id, 0.0):
            return False
        file = self.settings.inbox / f"{name_of(notice)}.{notice.kind}.{notice.id}.json"
        try:
            if not file.exists():
                self._lay_down(notice, file)
            if self.settings.command:
                self._run(file)
        except (UnreadableError, CommandError) as error:
            return self._put_off(notice, error)
        self.journal.handled(notice.id)
        log.info("%s %s -> %s", notice.kind, name_of(notice), file.name)
        return True

    def _lay_down(self, notice: Notice, file: Path) -> None:
        """The notice, how its referral stands and, where it brings one, the opened dossier; or why there is none."""
        content: dict[str, Any] = {"notice": {"id": notice.id, **notice.data}}
        try:
            content["referral"] = self.client.referral(notice.referral_id).data
            if notice.kind in BRINGS_DOSSIER:
                content["dossier"] = self.client.dossier(notice.referral_id)
                content["papers"] = self._lay_papers(notice, content["dossier"])
        except RefusedError as refused:
            content["refused"] = {"slug": refused.slug, "title": refused.title, "number": refused.number}
        if notice.kind in STOPS:
            self.remove_dossiers(notice)
        write_whole(file, content)

    def _lay_papers(self, notice: Notice, dossier: Mapping[str, Any]) -> list[dict[str, str]]:
        name, papers = name_of(notice), papers_of(dossier)
        return lay_papers(self.client, self.settings.inbox, name, notice.referral_id, papers)

    def _page(self, cursor: int, wait: int) -> Page:
        """From the beginning where the network does not know our place: another sandbox, or a restored backup."""
        try:
            return self.client.events(after=cursor, wait=wait)
        except RefusedError as refusal:
            if refusal.slug != AHEAD:
                raise
            log.warning("the network never gave out cursor %s: beginning anew", cursor)
            return self.client.events(after=0, wait=wait)

    def _put_off(self, notice: Notice, why: PartnerKitError) -> bool:
        """What does not open, or what our own system does not take, is tried later, less and less often."""
        pause = min(LONGEST_PUT_OFF, self._pauses.get(notice.id, FIRST_PUT_OFF / 2) * 2)
        self._pauses[notice.id], self._not_before[notice.id] = pause, self._clock() + pause
        log.error("%s %s: %s; tried again in %.0f s", notice.kind, name_of(notice), why, pause)
        return False

    def remove_dossiers(self, notice: Notice) -> None:
        """What is still in our folder goes at once; what your system imported is yours to delete and to state."""
        for kind in (*BRINGS_DOSSIER, "paper"):
            for begun in ("", "."):  # what was being written when we were killed is hidden
                for file in self.settings.inbox.glob(f"{begun}{name_of(notice)}.{kind}.*"):
                    file.unlink(missing_ok=True)

    def _run(self, file: Path) -> None:
        words = [*shlex.split(self.settings.command or ""), str(file)]
        try:
            # the partner's own program, named in its own settings
            done = subprocess.run(  # noqa: S603
                words, check=False, timeout=COMMAND_SECONDS, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CommandError(f"command did not run for {file.name} ({type(error).__name__})") from error
        if done.returncode != 0:
            raise CommandError(f"command ended with {done.returncode} for {file.name}")

    # --- answering -------------------------------------------------------------------------------------------------

    def read_outbox(self) -> int:
        """Plan every answer file; one that cannot be understood gets its result beside it and harms no other."""
        return sum(self.read_answer(file) for file in sorted(self.settings.outbox.glob("*.json")))

    def read_answer(self, file: Path) -> bool:
        try:
            raw = file.read_bytes()
        except OSError:
            return False  # still being written, or gone again
        source = f"{file.name}:{hashlib.sha256(raw).hexdigest()}"
        key = self.journal.key_for(source)
        if before := self.journal.answer(key):
            self._read_again(before, file.name)
        else:
            try:
                self.journal.plan(self.answer_of(raw, source, key))
            except (ValueError, KeyError, TypeError) as error:
                self._result(file.name, {"result": "unreadable", "expected": str(error)})
        file.replace(self.settings.outbox / "done" / file.name)
        return True

    def _read_again(self, before: Answer, name: str) -> None:
        """The same words in a file of the same name: refused, they may go well now; done, they count already."""
        if before.state == "refused":
            self.journal.mark(before.id, "open")
        elif before.state == "done":
            self._result(name, {"result": "said-before", "first": self.journal.result_of(before.id)})

    def answer_of(self, raw: bytes, source: str, key: str) -> Answer:
        """An answer file; `comment` and `appointment` are sealed here and now, once: said again they say the same."""
        if len(raw) > LARGEST_ANSWER_FILE:
            raise ValueError("a smaller file")
        content = json.loads(raw)
        if not isinstance(content, dict):
            raise TypeError("an object with referral and action")
        name, action = str(content.pop("referral", "")), str(content.pop("action", ""))
        referral_id = self.journal.referral_of(name)
        if referral_id is None:
            raise ValueError("referral: its id, or a number we have heard of")
        if not action:
            raise ValueError("action: such as accept, ask or reject")
        if comment := content.pop("comment", None):
            content["sealed_comment"] = self.client.seal(str(comment))
        if appointment := content.pop("appointment", None):
            content["sealed_appointment"] = self.client.seal(json.dumps(appointment))
        return Answer(key, source, referral_id, action, content)

    def say(self, answer: Answer) -> bool:
        """Say it; the network being away leaves it open for the next turn."""
        try:
            if self._via_queue and self._queue is not None:
                self._queue.say(answer, self.client.referral(answer.referral_id).version)
                self.journal.mark(answer.id, "sent")
                self._said_at[answer.id] = self._clock()
                return True
            referral = self.client.act_now(answer.referral_id, answer.action, answer.body, answer.id)
        except StaleError:
            return False
        except RefusedError as refused:
            problem = {"slug": refused.slug, "title": refused.title, "fields": dict(refused.fields)}
            self.settle(answer.id, "refused", {**problem, "number": refused.number})
        else:
            self.settle(answer.id, "done", {"status": referral.status, "version": referral.version})
        return True

    def settle(self, answer_id: str, result: str, data: Mapping[str, Any]) -> None:
        """Note the network's word; stale means it is said once more on what is true now."""
        if result == "stale":
            self.journal.mark(answer_id, "open")
            return
        settled = self.journal.answer(answer_id)
        if settled is None:
            return
        # the file first: killed in between, it is said once more under its key and the same file is written again
        self._result(settled.source.rpartition(":")[0], {"result": result, **data})
        self.journal.mark(answer_id, result, data)
        log.info("%s %s: %s", settled.action, settled.referral_id, result)

    def _result(self, name: str, content: Mapping[str, Any]) -> None:
        if name.endswith(".json"):
            write_whole(self.settings.outbox / "done" / f"{name.removesuffix('.json')}.result.json", content)

    # --- receipts --------------------------------------------------------------------------------------------------

    def confirm_receipts(self) -> int:
        """Check what the network signed for us and, if we have a signing key, sign in return that we have it."""
        todo = self.journal.receipts("kept", "signed")
        if not todo:
            return 0
        key_set = self.client.network_keys()
        signing = self.settings.signing_key_file
        key = keys.read([signing])[0] if signing else None
        return sum(self._confirm(receipt, key_set, key) for receipt in todo)

    def _confirm(self, kept: KeptReceipt, key_set: Mapping[str, Any], key: Any) -> bool:
        ours = kept.ours
        if ours is None:
            network, us = self.settings.network_url, self.settings.organization_id
            try:
                receipt = receipts.verify(kept.token, key_set, network, us)
                if kept.sha256 is not None and receipt.sha256 not in (None, kept.sha256):
                    raise UnreadableError("receipt: names other bytes than we got")
            except UnreadableError as error:
                log.error("%s; kept, and not confirmed", error)
                self.journal.mark_receipt(kept.token, "wrong")
                return True
            if key is None:
                self.journal.mark_receipt(kept.token, "checked")
                return True
            # written down before it leaves: killed in between, the same word is said again, under the same number
            ours = receipts.confirm(receipt, key, network, us)
            self.journal.mark_receipt(kept.token, "signed", ours)
        try:
            self.client.hand_in(ours)
        except RefusedError as refused:
            log.error("our receipt was refused: %s", refused.slug)
            self.journal.mark_receipt(kept.token, "refused")
        else:
            self.journal.mark_receipt(kept.token, "confirmed")
        return True


def name_of(notice: Notice) -> str:
    return notice.reference or notice.referral_id


def check(settings: Settings) -> list[tuple[str, str]]:
    """Try everything once, change nothing: what was tried, and `ok` or what is wrong."""
    found: list[tuple[str, str]] = []

    def attempt(what: str, deed: Any) -> Any:
        try:
            result = deed()
        except (PartnerKitError, OSError) as error:
            found.append((what, str(error)))
            return None
        found.append((what, "ok"))
        return result

    client = attempt("settings and private keys", lambda: Client(settings))
    if client is not None:
        attempt("the network's public keys", client.network_keys)
        attempt("sign-in and own events", lambda: client.events(limit=1))
        if settings.amqp_uri:
            attempt("own queue", lambda: Queue(settings).close())
    for folder in (settings.inbox, settings.outbox):
        attempt(f"folder {folder.name}", lambda folder=folder: folder.mkdir(parents=True, exist_ok=True))
    return found
