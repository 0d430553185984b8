"""A delivery that was parked needs a person: the lead gets a mail that says which, and where to look."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.chassis import mail
from services.chassis.logging import get_logger
from services.notifications.channels.mail import LANGUAGES, MailSender, say
from services.notifications.store import Delivery


@dataclass(frozen=True)
class LeadMail:
    """Tells the lead about parked deliveries; ids and a link, nothing else."""

    mails: MailSender
    mailbox: str
    public_url: str

    def tell(self, delivery: Delivery, cause: str) -> None:
        """One mail; if it cannot be sent, the delivery is still on the page for everybody to see."""
        link = f"{self.public_url}/notifications/referrals/{delivery.referral_id}"
        parts = (f"{say(language, 'parked-mail:text').format(cause=cause)}\n{link}" for language in LANGUAGES)
        message = mail.compose(
            self.mails.sender,
            self.mailbox,
            say("de", "parked-mail:subject"),
            "\n\n".join(parts),
            languages=LANGUAGES,
            now=datetime.now(UTC),
        )
        result = self.mails.hand_in(message)
        if result.cause is not None:
            get_logger().warning("parked-mail", outcome=result.cause, id=str(delivery.delivery_id))
