"""Partners' proposals about their entries: editors are told that some wait, the partner how they ended.

Both mails count and link; what was proposed, and why it was declined, is read on the directory's pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from services.chassis import mail
from services.chassis.logging import get_logger
from services.chassis.work import Unit
from services.notifications.channels.mail import LANGUAGES, MailSender, is_mailbox, say
from services.notifications.channels.result import Result
from services.notifications.store import proposals, units

ACTOR = "system:dispatcher"
#: A mail is to be read at a glance; the page has all of it.
LINES = 20
AT_ONCE = 50


@dataclass(frozen=True)
class ProposalMail:
    """Of many one mail each; a mail server that is away only delays it."""

    unit: Unit
    mails: MailSender
    #: Of the editors; without one only partners are told.
    mailbox: str | None
    public_url: str
    #: So long the first waits for the others.
    gather: timedelta

    def tell(self) -> None:
        if self.mailbox:
            self._tell_editors(self.mailbox)
        self._tell_partners()

    def _tell_editors(self, mailbox: str) -> None:
        with self.unit.db.read() as connection:
            rows = proposals.untold(connection)
        if not rows or rows[0]["since"] + self.gather > self.unit.clock.now():
            return
        parts = [_waiting(language, rows) for language in LANGUAGES]
        if self._is_over(self.mails.hand_in(self._letter(mailbox, "proposal-mail:subject", parts))):
            with self.unit.work(actor=ACTOR) as work:
                proposals.told(work.tx, max(row["until"] for row in rows), work.now)

    def _tell_partners(self) -> None:
        """Nobody at an hour of rest."""
        now = self.unit.clock.now()
        with self.unit.db.read() as connection:
            found = proposals.ended(connection, now - self.gather, self.unit.clock.today(), AT_ONCE)
            rows = [row for row in found if not units.rests(connection, row["organization_id"], now)]
        for row in rows:
            if self._is_over(self._tell_partner(row)):
                with self.unit.work(actor=ACTOR) as work:
                    proposals.ended_told(work.tx, row["organization_id"], row["until"])

    def _tell_partner(self, row: Mapping[str, Any]) -> Result:
        if not is_mailbox(row["mailbox"]):
            return Result("mailbox-missing", final=True)
        parts = [say(language, "outcome-mail:text").format(**row) for language in LANGUAGES]
        return self.mails.hand_in(self._letter(row["mailbox"], "outcome-mail:subject", parts))

    def _letter(self, mailbox: str, subject: str, parts: Sequence[str]) -> EmailMessage:
        link = f"{self.public_url}/directory/proposals"
        body = "\n\n".join(f"{part}\n{link}" for part in parts)
        now = self.unit.clock.now()
        return mail.compose(self.mails.sender, mailbox, say("de", subject), body, languages=LANGUAGES, now=now)

    @staticmethod
    def _is_over(result: Result) -> bool:
        if result.cause is not None:
            get_logger().warning("proposal-mail", outcome=result.cause)
        return result.cause is None or result.final


def _waiting(language: str, rows: Sequence[Mapping[str, Any]]) -> str:
    names = [row["name"].get(language) or row["name"].get("de") or str(row["organization_id"]) for row in rows]
    told = [f"- {name}" for name in names[:LINES]] + (["- …"] if len(names) > LINES else [])
    text = say(language, "proposal-mail:text").format(count=sum(row["count"] for row in rows))
    return "\n".join([text, *told])
