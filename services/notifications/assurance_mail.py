"""Are your entries still true? One mail for all entries of an organization, with one link and no word about anybody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from contracts import assurance_link
from contracts.event import Code
from contracts.notifications import AssuranceMailed
from services.chassis import i18n, mail
from services.chassis.logging import get_logger
from services.chassis.work import Unit
from services.notifications.channels.mail import LANGUAGES, MailSender, is_mailbox, say
from services.notifications.channels.result import Result
from services.notifications.store import asked, units

ACTOR = "system:dispatcher"
AT_ONCE = 50
#: Until the reminder's link and some time beyond; the page itself takes only what still waits for a word.
LINK_LIFE = timedelta(days=45)


@dataclass(frozen=True)
class AssuranceMail:
    """Writes to whoever has not been written to; a mail server that is away for a while only delays it."""

    unit: Unit
    mails: MailSender
    public_url: str
    deployment_key: bytes = field(repr=False)

    def tell(self) -> None:
        """Each is written to once; if this process ends in between, perhaps twice. Nobody at an hour of rest."""
        with self.unit.db.read() as connection:
            rows = asked.untold(connection, self.unit.clock.today(), AT_ONCE)
            now = self.unit.clock.now()
            rows = [row for row in rows if not units.rests(connection, row["organization_id"], now)]
        for row in rows:
            result = self._hand_in(row)
            if result.cause is not None:
                get_logger().warning("assurance-mail", outcome=result.cause)
            with self.unit.work(actor=ACTOR) as work:
                is_over = result.cause is None or result.final
                if asked.tried(work.tx, row, result.cause, work.now if is_over else None) and is_over:
                    work.announce(_told(row, result))

    def _hand_in(self, row: Mapping[str, Any]) -> Result:
        mailbox = row["mailbox"]
        if not is_mailbox(mailbox):
            return Result("mailbox-missing", final=True)
        return self.mails.hand_in(self._letter(row, mailbox))

    def _letter(self, row: Mapping[str, Any], mailbox: str) -> EmailMessage:
        now = self.unit.clock.now()
        until = now + LINK_LIFE
        link = f"{self.public_url}/directory/confirm/{assurance_link.sign(self.deployment_key, row['ask_id'], until)}"
        parts = (
            say(language, "assurance-mail:text").format(
                count=row["services"], link=link, until=i18n.format_day(until, language)
            )
            for language in LANGUAGES
        )
        subject = say("de", "assurance-mail:reminder" if row["reminder"] else "assurance-mail:subject")
        return mail.compose(self.mails.sender, mailbox, subject, "\n\n".join(parts), languages=LANGUAGES, now=now)


def _told(row: Mapping[str, Any], result: Result) -> AssuranceMailed:
    return AssuranceMailed(
        ask_id=row["ask_id"],
        organization_id=row["organization_id"],
        reminder=row["reminder"],
        cause=Code(result.cause) if result.cause else None,
    )
