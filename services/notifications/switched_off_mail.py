"""A webhook that was switched off is news for two: the lead, and whoever the partner named in its agreement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.chassis import mail
from services.chassis.logging import get_logger
from services.chassis.work import Unit
from services.notifications.channels.mail import LANGUAGES, MailSender, is_mailbox, say
from services.notifications.store import endpoints

ACTOR = "system:dispatcher"


@dataclass(frozen=True)
class SwitchedOffMail:
    """Tells whoever has not been told; a mail server that is away for a while only delays it."""

    unit: Unit
    mails: MailSender
    lead: str | None
    public_url: str

    def tell(self) -> None:
        """Each is written to once; if this process ends in between, perhaps twice."""
        with self.unit.db.read() as connection:
            rows = endpoints.untold(connection)
        for row in rows:
            lead = row["lead_told_at"] is not None or self._to_lead(row)
            contact = row["contact_told_at"] is not None or self._hand_in(row["contact"], "to-contact")
            with self.unit.work(actor=ACTOR) as work:
                endpoints.told(work.tx, row["organization_id"], lead=lead, contact=contact, now=work.now)

    def _to_lead(self, row: Mapping[str, Any]) -> bool:
        name = row["name"].get("de") or str(row["organization_id"])
        return self._hand_in(
            self.lead, "to-lead", name=name, cause=row["cause"], link=f"{self.public_url}/notifications/deliveries"
        )

    def _hand_in(self, mailbox: str | None, text: str, **facts: str) -> bool:
        """Whether there is nothing left to do: handed in, or nobody there who could be told."""
        if not is_mailbox(mailbox):
            get_logger().warning("switched-off-mail", outcome="mailbox-missing")
            return True
        parts = (say(language, f"switched-off-mail:{text}").format(**facts) for language in LANGUAGES)
        message = mail.compose(
            self.mails.sender,
            mailbox,
            say("de", "switched-off-mail:subject"),
            "\n\n".join(parts),
            languages=LANGUAGES,
            now=datetime.now(UTC),
        )
        result = self.mails.hand_in(message)
        if result.cause is not None:
            get_logger().warning("switched-off-mail", outcome=result.cause)
        return result.cause is None or result.final
