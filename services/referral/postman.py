"""The role `postman`: letters to persons.

It claims in one transaction, talks to the mail server in none, and records in another. Only referral knows where a
person can be written to, so referral writes. A letter holds a link and no word about her: no name, no body, no topic;
to whoever wants neutral notices only it does not even say that it is meant for her.
Who dies between handing in and recording leaves the letter due again when its claim runs out; she may then find the
same link in her mailbox twice.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from threading import Event

from services.chassis import beats, i18n, mail
from services.chassis.backoff import Backoff
from services.chassis.config import Environment, Settings
from services.chassis.db import Connection
from services.chassis.leader import lead
from services.chassis.logging import get_logger
from services.chassis.mail import HandedIn, MailServer
from services.chassis.work import Unit
from services.referral import config
from services.referral.commands import letters
from services.referral.commands.letters import Ready
from services.referral.config import Keys
from services.referral.store import letters as box

ACTOR = "system:postman"
LOCK = 7_303_001
CLAIM = timedelta(seconds=90)
IDLE_SECONDS = 1.0
GERMAN = "de"
IT_HOLDS = "It works once, until %(moment)s."


@dataclass
class Postman:
    """One per network, under a leader lock; letters are few, so one goes after the other."""

    unit: Unit
    keys: Keys = field(repr=False)
    server: MailServer
    sender: str
    scale: float = 1.0
    done: int = 0

    def run(self, session: Connection, stop: Event) -> None:
        """Until told to stop. Ends with an error when the session is gone: then somebody else may lead already."""
        beaten = 0.0
        while not stop.is_set():
            session.execute("SELECT 1")
            beaten = beats.due(beaten, session, "postman", {"done": self.done})
            if not self.deliver_next():
                stop.wait(IDLE_SECONDS)

    def deliver_next(self) -> bool:
        """Take one letter that is due and try it; False if there is none."""
        now = self.unit.clock.now()
        with self.unit.db.transaction() as tx:
            letter = box.claim(tx, now, now + CLAIM)
        if letter is None:
            return False
        with self.unit.db.read() as connection:
            ready = letters.open_letter(connection, self.keys, letter, now)
        if ready is None:
            with self.unit.work(actor=ACTOR) as work:
                letters.withdraw(work, letter)
            return True
        handed = self.hand_in(ready)
        with self.unit.work(actor=ACTOR) as work:
            state = letters.record(work, self.keys, letter, ready.link, handed, scale=self.scale)
        self.done += 1
        get_logger().info("letter", id=str(letter.id), outcome=state, slug=handed.cause)
        return True

    def hand_in(self, ready: Ready) -> HandedIn:
        try:
            message = written(self.sender, ready, self.unit)
        except ValueError:  # what cannot stand in a header
            return HandedIn("address-malformed", final=True)
        return mail.hand_in(self.server, message)


def written(sender: str, ready: Ready, unit: Unit) -> EmailMessage:
    """The letter in her language, with the German below for whoever helps her."""
    languages = tuple(dict.fromkeys((ready.link.language, GERMAN)))
    body = "\n\n-- \n\n".join(part(language, ready) for language in languages)
    tags = [i18n.locale_of(language).language for language in languages]
    subject = say(languages[0], "Information" if ready.is_neutral else "A link for you")
    return mail.compose(sender, ready.mailbox, subject, body, languages=list(dict.fromkeys(tags)), now=unit.clock.now())


def part(language: str, ready: Ready) -> str:
    until = i18n.format_moment(ready.issued.expires_at, language)
    if ready.is_neutral:
        return "\n\n".join((say(language, "Good day,"), ready.issued.url, say(language, IT_HOLDS) % {"moment": until}))
    lines = (
        say(language, "Good day,"),
        say(language, "this link leads to a page that is meant for you alone:"),
        ready.issued.url,
        say(language, IT_HOLDS) % {"moment": until},
        say(language, "Please do not pass it on. If you do not know what it is about, you need not do anything."),
    )
    return "\n\n".join(lines)


def say(language: str, sentence: str) -> str:
    return i18n.translations("referral", language).gettext(sentence)


def run(settings: Settings, unit: Unit, stop: Event) -> None:
    """Leads when it may, stands by when another does, outlives the database going away."""
    postman = make_postman(settings, unit)

    def turn(session: Connection, backoff: Backoff) -> None:
        backoff.reset()
        postman.run(session, stop)

    lead("referral.postman", unit.db.dsn, LOCK, stop, turn)


def make_postman(settings: Environment, unit: Unit) -> Postman:
    """The postman with what it alone is told: the mail server, and in whose name letters leave."""
    return Postman(unit, config.load(settings).keys, *told(settings))


def told(settings: Environment) -> tuple[MailServer, str, float]:
    """Where letters are handed in, from whom they are, how hurried their attempts."""
    scale = settings.text("LADDER_SCALE", "a factor such as 0.01", "1", matches=r"\d{1,3}(\.\d{1,6})?")
    return (
        MailServer.at(settings.url("SMTP_URL", ("smtp", "smtps"))),
        settings.text("MAIL_FROM", "a mailbox", matches=r"[^@\s]+@[^@\s]+"),
        float(scale),
    )
