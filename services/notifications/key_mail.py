"""A partner's key or channel is not used before a second person confirms it: the lead is told that one waits.

The mail names partners and numbers, never a thumbprint: who confirms types the one the partner told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from services.chassis import mail
from services.chassis.logging import get_logger
from services.chassis.work import Unit
from services.notifications.channels.mail import LANGUAGES, MailSender, say
from services.notifications.store import keys

ACTOR = "system:dispatcher"
#: A mail is to be read at a glance; the page has all of it.
LINES = 20


@dataclass(frozen=True)
class WaitingKeyMail:
    """Tells the lead once of each key, of many in one mail; a mail server that is away only delays it."""

    unit: Unit
    mails: MailSender
    mailbox: str
    public_url: str
    #: So long the first waits for the others.
    gather: timedelta

    def tell(self) -> None:
        with self.unit.db.read() as connection:
            rows = keys.untold(connection)
        if not rows or rows[0]["since"] + self.gather > self.unit.clock.now():
            return
        result = self.mails.hand_in(self._letter(rows))
        if result.cause is not None:
            get_logger().warning("key-mail", outcome=result.cause)
        if result.cause is None or result.final:
            with self.unit.work(actor=ACTOR) as work:
                keys.told(work.tx, max(row["until"] for row in rows), work.now)

    def _letter(self, rows: Sequence[Mapping[str, Any]]) -> EmailMessage:
        link, count = f"{self.public_url}/directory/keys", sum(row["count"] for row in rows)
        parts = []
        for language in LANGUAGES:
            names = [row["name"].get(language) or row["name"].get("de") or str(row["organization_id"]) for row in rows]
            told = "\n".join([f"- {name}" for name in names[:LINES]] + (["- …"] if len(names) > LINES else []))
            parts.append(f"{say(language, 'key-mail:text').format(count=count)}\n{told}\n{link}")
        return mail.compose(
            self.mails.sender,
            self.mailbox,
            say("de", "key-mail:subject"),
            "\n\n".join(parts),
            languages=LANGUAGES,
            now=self.unit.clock.now(),
        )
