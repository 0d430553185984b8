"""Letters to persons: a link and no word about her, tried again when they fail, given up with somebody told."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest

from contracts.codes import PersonLinkPurpose, TaskKind
from contracts.referral import PersonLetterFailed, PersonLetterSent, TaskOpened
from services.chassis.i18n import PERSON_LANGUAGES
from services.referral.commands import enquiries, person_links
from services.referral.domain.letters import STEPS
from services.referral.store import letters
from services.referral.store import person_links as links
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.guests import deliver, everything, links_in, press
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NAVIGATOR, RECORD
from tests.mailing import Mailbox, smtp_server


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[tuple[str, int]]:
    with smtp_server(mailbox) as address:
        yield address


@pytest.fixture
def enquiry(network: Network) -> Enquiry:
    return network.scene.an_enquiry(family_name="Quastenberg-Merz", email="planted.address@example.org")


def posted(network: Network, enquiry: Enquiry, language: str = "de") -> UUID:
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        return person_links.send(
            work,
            network.scene.keys,
            enquiry.person_id,
            enquiry.id,
            PersonLinkPurpose.SELF_SERVICE,
            language=language,
        )


def text_of(mail: EmailMessage) -> str:
    return f"{mail['Subject']}\n{mail.get_content()}"


@pytest.mark.parametrize("language", PERSON_LANGUAGES)
def test_a_letter_speaks_her_language_and_says_nothing_about_her(
    network: Network, enquiry: Enquiry, mailbox: Mailbox, smtp: tuple[str, int], language: str
):
    posted(network, enquiry, language)
    assert deliver(network, smtp) == 1
    [mail] = mailbox.mails
    text = text_of(mail)
    assert mail["To"] == "planted.address@example.org"
    planted = [*(str(value) for value in RECORD.values() if isinstance(value, str)), "Quastenberg", "planted"]
    assert [word for word in planted if word in text] == []
    assert not any(word in text for word in ("Handwerkskammer", "Anerkennung", "ANERKENNUNG", "Jobcenter"))
    assert "nur für Sie" in text, "the German stands below"
    own = {
        "ar": "مخصصة لك وحدك",
        "uk": "призначену лише для вас",
        "tr": "size özel",
        "fr": "destinée qu’à vous",
        "en": "you alone",
    }
    assert own.get(language, "Guten Tag") in text
    [link] = links_in(mailbox)
    assert press(network.app.test_client(), link).status_code == 303


def test_what_is_told_of_a_letter_are_ids_and_codes(
    network: Network, enquiry: Enquiry, smtp: tuple[str, int], capfd: pytest.CaptureFixture[str]
):
    link_id = posted(network, enquiry)
    deliver(network, smtp)
    [sent] = network.scene.said(PersonLetterSent)
    assert (sent.link_id, sent.attempt, sent.purpose) == (link_id, 1, PersonLinkPurpose.SELF_SERVICE)
    for place in (str(everything(network)), "".join(capfd.readouterr())):
        assert "planted" not in place and "Quastenberg" not in place


def test_a_letter_that_does_not_leave_is_tried_again_and_then_somebody_is_told(network: Network, enquiry: Enquiry):
    posted(network, enquiry)
    for wait in (timedelta(0), *STEPS):
        network.scene.clock.instant += wait - timedelta(seconds=1)
        assert deliver(network) == 0, wait
        network.scene.clock.instant += timedelta(seconds=1)
        assert deliver(network) == 1
    failed = network.scene.said(PersonLetterFailed)
    assert [(one.attempt, one.parked) for one in failed] == [(n, n == 7) for n in range(1, 8)]
    assert {one.cause for one in failed} == {"connection-failed"}
    [task] = network.scene.said(TaskOpened)
    assert (task.kind, task.enquiry_id) == (TaskKind.LETTER_UNDELIVERED, enquiry.id)
    network.scene.clock.instant += timedelta(days=9)
    assert deliver(network) == 0


def test_an_address_that_does_not_exist_is_not_tried_twice(
    network: Network, enquiry: Enquiry, mailbox: Mailbox, smtp: tuple[str, int]
):
    mailbox.says = "550 no such user"
    posted(network, enquiry)
    assert (deliver(network, smtp), deliver(network, smtp)) == (1, 0)
    [failed] = network.scene.said(PersonLetterFailed)
    assert (failed.cause, failed.parked) == ("smtp-550", True)


def test_a_letter_nobody_needs_any_more_stays_here(
    network: Network, enquiry: Enquiry, mailbox: Mailbox, smtp: tuple[str, int]
):
    taken_back = posted(network, enquiry)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        person_links.void(work, links.load(work.tx, taken_back))
    other = network.scene.an_enquiry()
    posted(network, other)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, other.id)
    assert deliver(network, smtp) == 2
    assert mailbox.mails == []
    assert {row["state"] for row in network.scene.rows("SELECT state FROM person_letters")} == {"withdrawn"}


def test_who_died_with_a_letter_in_hand_leaves_it_to_the_next(
    network: Network, enquiry: Enquiry, mailbox: Mailbox, smtp: tuple[str, int]
):
    posted(network, enquiry)
    now = network.scene.clock.instant
    with network.scene.db.transaction() as tx:
        assert letters.claim(tx, now, now + timedelta(seconds=90)) is not None
    assert deliver(network, smtp) == 0, "somebody has it in hand"
    network.scene.clock.instant += timedelta(seconds=91)
    assert deliver(network, smtp) == 1
    assert len(mailbox.mails) == 1
