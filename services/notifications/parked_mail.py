"""Deliveries that were parked need a person: the lead gets one mail for all of them, with a line per cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.chassis import mail
from services.chassis.logging import get_logger
from services.chassis.work import Unit
from services.notifications.channels.mail import LANGUAGES, MailSender, say
from services.notifications.store import stuck

ACTOR = "system:dispatcher"
#: A mail is to be read at a glance; the page has all of it.
LINES = 20


@dataclass(frozen=True)
class LeadMail:
    """Tells the lead about parked deliveries; partners, causes and numbers, no referral and nobody's name."""

    unit: Unit
    mails: MailSender
    mailbox: str
    public_url: str
    #: So long the first waits for the others.
    gather: timedelta

    def tell(self) -> None:
        """What has not been told, in one mail. A mail server that is away for a while only delays it."""
        with self.unit.db.read() as connection:
            groups = stuck.untold(connection)
        if not groups or min(row["since"] for row in groups) + self.gather > self.unit.clock.now():
            return
        result = self.mails.hand_in(self._letter(groups))
        if result.cause is not None:
            get_logger().warning("parked-mail", outcome=result.cause)
        if result.cause is None or result.final:
            with self.unit.work(actor=ACTOR) as work:
                stuck.told(work.tx, [one for row in groups for one in row["delivery_ids"]], work.now)

    def _letter(self, groups: Sequence[Mapping[str, Any]]) -> Any:
        link = f"{self.public_url}/notifications/deliveries"
        count = sum(row["count"] for row in groups)
        parts = []
        for language in LANGUAGES:
            lines = [
                f"- {row['count']} × {row['name'].get(language) or row['name'].get('de') or row['organization_id']}"
                f" ({row['channel']}): {row['cause']}"
                for row in groups[:LINES]
            ]
            lines += ["- …"] if len(groups) > LINES else []
            told = "\n".join(lines)
            parts.append(f"{say(language, 'parked-mail:text').format(count=count)}\n{told}\n{link}")
        return mail.compose(
            self.mails.sender,
            self.mailbox,
            say("de", "parked-mail:subject"),
            "\n\n".join(parts),
            languages=LANGUAGES,
            now=datetime.now(UTC),
        )
