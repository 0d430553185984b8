"""Every withdrawal as one block: what was withdrawn, who was told when, who answered what, and who is overdue."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from contracts.codes import (
    ChannelKind,
    DataCategory,
    Deletion,
    DisclosurePoint,
    Duty,
    DutyCause,
    DutyState,
    NoticeKind,
    RefusalReason,
    RetentionGround,
    Status,
    WithdrawalChannel,
)
from contracts.describe.examples import an_event
from contracts.notifications import NoticeConfirmed, NoticeSent
from contracts.referral import (
    ConsentWithdrawn,
    DeletionStated,
    DossierDestroyed,
    DutyEscalated,
    DutyOpened,
    EnterpriseRequestWithdrawn,
    ReferralRevoked,
    StopAcknowledged,
)
from services.audit.queries.search import of_case, search
from services.audit.queries.withdrawals import withdrawals
from tests.integration.audit.conftest import START, a_log, an_arrival
from tests.integration.audit.test_web import DPO, OWN, hear, serving
from tests.unit.audit.events import (
    CONSENT,
    ORGANIZATION,
    PERSON,
    REFERRAL,
    a_consent_given,
    a_disclosure_decided,
    a_referral_received,
)

ELSEWHERE, OTHER_REFERRAL, ENQUIRY = UUID(int=0xB2), UUID(int=0xA2), UUID(int=0x1A)
AT_ONCE, LATER = UUID(int=0x701), UUID(int=0x702)
DUE, AFTER = date(2026, 12, 7), date(2026, 12, 10)


@pytest.fixture(scope="module")
def log(make_database, postgres, tmp_path_factory):
    with a_log(make_database, postgres, tmp_path_factory.mktemp("withdrawals")) as made:
        yield made


class Story:
    """One person's events, each a second after the one before; what a withdrawal sets off shares its correlation."""

    #: Everybody is somebody else, so that one log serves all tests.
    number = 0

    def __init__(self, log):
        self.log = log
        Story.number += 1
        self.shift = Story.number << 64
        self.arrivals = []

    def id(self, known):
        return UUID(int=known.int + self.shift)

    def tell(self, event, cause=LATER, **attributes):
        number = len(self.arrivals) + 1
        ids = {"id": UUID(int=self.shift + number), "correlation_id": self.id(cause)}
        made = an_arrival(number, self.own(event), **ids, **attributes)
        self.arrivals.append(replace(made, position=None))
        return self

    def own(self, event):
        names = ("person_id", "referral_id", "consent_id", "enquiry_id", "ground_id", "duty_id", "delivery_id")
        found = {name: getattr(event, name, None) for name in names}
        return replace(event, **{name: self.id(value) for name, value in found.items() if value is not None})

    def end(self):
        hear(self.log, *self.arrivals)
        return self

    def blocks(self, kind="person", identity=PERSON):
        connection, own = self.log.connection, self.id(identity) if kind != "organization" else identity
        shown = search(connection, of_case(kind, own)).entries
        return withdrawals(connection, kind, own, None, shown)


def withdrawn(organization_id=None, category=None):
    return ConsentWithdrawn(
        consent_id=CONSENT,
        consent_version=2,
        person_id=PERSON,
        organization_id=organization_id,
        category=category,
        channel=WithdrawalChannel.ONLINE,
    )


def revoked(referral_id=REFERRAL, organization_id=ORGANIZATION):
    return ReferralRevoked(referral_id=referral_id, organization_id=organization_id, previous=Status.ACCEPTED)


def owed(duty=Duty.STATE_DELETION, category=None, cause=DutyCause.WITHDRAWAL, due_on=DUE):
    return DutyOpened(
        referral_id=REFERRAL,
        organization_id=ORGANIZATION,
        duty_id=UUID(int=0xD0 + list(Duty).index(duty) + (8 if category else 0)),
        duty=duty,
        cause=cause,
        category=category,
        due_on=due_on,
    )


def stated(deletion=Deletion.DELETED, ground=None, category=None):
    return DeletionStated(
        referral_id=REFERRAL, organization_id=ORGANIZATION, deletion=deletion, ground=ground, category=category
    )


def stopped():
    return StopAcknowledged(referral_id=REFERRAL, organization_id=ORGANIZATION)


def sent(kind=NoticeKind.REFERRAL_STOPPED):
    return NoticeSent(
        delivery_id=UUID(int=0xDE),
        referral_id=REFERRAL,
        organization_id=ORGANIZATION,
        kind=kind,
        channel=ChannelKind.WEBHOOK,
        attempt=1,
    )


def arrived():
    return NoticeConfirmed(
        delivery_id=UUID(int=0xDE),
        referral_id=REFERRAL,
        organization_id=ORGANIZATION,
        channel=ChannelKind.WEBHOOK,
    )


def fetched_and_withdrawn(story):
    """She consented, the partner fetched, she took it all back: it stops and owes two answers."""
    return (
        story.tell(a_consent_given())
        .tell(a_disclosure_decided())
        .tell(withdrawn(), AT_ONCE)
        .tell(revoked(), AT_ONCE)
        .tell(owed(Duty.ACKNOWLEDGE_STOP), AT_ONCE)
        .tell(owed(), AT_ONCE)
    )


def states(block):
    return [(one.duty, one.state) for followed in block.followed for one in followed.owed]


def test_a_partner_that_was_told_and_answered_is_shown_with_each_answer(log):
    story = fetched_and_withdrawn(Story(log)).tell(sent()).tell(arrived()).tell(stopped())
    story.tell(stated(Deletion.RETAINED, RetentionGround.STATUTORY_FILE_DUTY)).end()
    (block,) = story.blocks()
    (followed,) = block.followed
    assert block.ground.type == "referral.consent_given.v1"
    assert (followed.was_stopped, followed.was_unread) == (True, False)
    assert (followed.told.type, followed.arrived.type) == (
        "notifications.notice_sent.v1",
        "notifications.notice_confirmed.v1",
    )
    assert states(block) == [(Duty.ACKNOWLEDGE_STOP, DutyState.ACKNOWLEDGED), (Duty.STATE_DELETION, DutyState.RETAINED)]
    assert followed.owed[1].answer.data["ground"] == "STATUTORY_FILE_DUTY"
    assert block.is_settled and block.days_late(AFTER) == 0


def test_who_has_not_answered_is_overdue_since_the_day_it_was_due(log):
    escalated = DutyEscalated(
        referral_id=REFERRAL, organization_id=ORGANIZATION, duties=(Duty.STATE_DELETION,), due_on=DUE
    )
    (block,) = fetched_and_withdrawn(Story(log)).tell(stopped()).tell(escalated).end().blocks()
    stop, deletion = block.followed[0].owed
    assert (stop.days_late(AFTER), deletion.days_late(AFTER), deletion.days_late(DUE)) == (0, 3, 0)
    assert deletion.escalated is not None and block.days_late(AFTER) == 3 and not block.is_settled
    assert block.followed[0].told is None


def test_a_dossier_nobody_had_fetched_is_destroyed_and_nothing_is_owed(log):
    story = Story(log).tell(a_consent_given()).tell(a_disclosure_decided()).tell(withdrawn(), AT_ONCE)
    story.tell(DossierDestroyed(referral_id=REFERRAL, organization_id=ORGANIZATION), AT_ONCE).tell(revoked(), AT_ONCE)
    (block,) = story.end().blocks()
    assert block.followed[0].was_unread and block.is_settled


def test_a_part_that_is_withdrawn_is_answered_by_itself(log):
    story = Story(log).tell(a_consent_given()).tell(a_disclosure_decided())
    story.tell(withdrawn(ORGANIZATION, DataCategory.CONTACT), AT_ONCE)
    story.tell(a_disclosure_decided(point=DisclosurePoint.RESEAL, decision_id=UUID(int=0xE2)), AT_ONCE)
    story.tell(owed(category=DataCategory.CONTACT), AT_ONCE).tell(stated(category=DataCategory.HEALTH))
    (block,) = story.end().blocks()
    assert states(block) == [(Duty.STATE_DELETION, DutyState.OPEN)]
    assert not block.followed[0].was_stopped
    assert [one.data["allowed"] for one in block.followed[0].at_once] == [True]


def test_what_was_owed_before_stands_beside_a_withdrawal_that_opened_nothing_new(log):
    story = Story(log).tell(a_consent_given()).tell(a_disclosure_decided())
    story.tell(owed(cause=DutyCause.CANCEL)).tell(withdrawn(), AT_ONCE).tell(revoked(), AT_ONCE).tell(stated())
    (block,) = story.end().blocks()
    assert states(block) == [(Duty.STATE_DELETION, DutyState.DELETED)]


def test_what_had_been_answered_before_is_no_answer_to_this_one(log):
    story = Story(log).tell(a_consent_given()).tell(a_disclosure_decided()).tell(owed(cause=DutyCause.CANCEL))
    story.tell(stated()).tell(withdrawn(), AT_ONCE).tell(revoked(), AT_ONCE)
    (block,) = story.end().blocks()
    assert states(block) == []


def test_an_answer_that_was_taken_back_is_owed_again(log):
    story = fetched_and_withdrawn(Story(log)).tell(stated()).tell(owed(cause=DutyCause.WITHDRAWAL), UUID(int=0x709))
    (block,) = story.end().blocks()
    assert dict(states(block))[Duty.STATE_DELETION] is DutyState.OPEN


def test_two_withdrawals_of_one_work_have_each_their_own_consequences(log):
    story = Story(log).tell(a_consent_given()).tell(a_disclosure_decided())
    story.tell(a_referral_received(referral_id=OTHER_REFERRAL)).tell(
        replace(an_event("referral.drafted.v1"), referral_id=OTHER_REFERRAL, person_id=PERSON, enquiry_id=ENQUIRY)
    )
    story.tell(withdrawn(ORGANIZATION), AT_ONCE).tell(revoked(), AT_ONCE)
    story.tell(withdrawn(ELSEWHERE), AT_ONCE).tell(revoked(OTHER_REFERRAL, ELSEWHERE), AT_ONCE)
    newest, first = story.end().blocks()
    assert [one.organization_id for one in first.followed] == [str(ORGANIZATION)]
    assert [one.organization_id for one in newest.followed] == [str(ELSEWHERE)]


@pytest.mark.parametrize(
    ("kind", "identity"), [("referral", REFERRAL), ("enquiry", ENQUIRY), ("organization", ORGANIZATION)]
)
def test_it_is_found_from_the_referral_the_enquiry_and_the_partner(log, kind, identity):
    drafted = replace(an_event("referral.drafted.v1"), referral_id=REFERRAL, person_id=PERSON, enquiry_id=ENQUIRY)
    story = fetched_and_withdrawn(Story(log).tell(drafted)).end()
    found = {one.referral_id for block in story.blocks(kind, identity) for one in block.followed}
    assert str(story.id(REFERRAL)) in found


def test_an_employer_s_request_that_is_taken_back_is_shown_with_its_referral(log):
    taken = EnterpriseRequestWithdrawn(
        enquiry_id=ENQUIRY,
        request_id=UUID(int=9),
        organization_id=None,
        service_id=None,
        channel=WithdrawalChannel.PHONE,
    )
    drafted = replace(an_event("referral.drafted.v1"), referral_id=REFERRAL, person_id=None, enquiry_id=ENQUIRY)
    story = Story(log).tell(drafted).tell(taken, AT_ONCE).tell(revoked(), AT_ONCE).end()
    (block,) = story.blocks("enquiry", ENQUIRY)
    assert block.ground is None and block.followed[0].was_stopped


def test_a_withdrawal_that_meant_nothing_to_anybody_is_shown_to_whoever_looks_at_the_person(log):
    story = Story(log).tell(a_consent_given()).tell(withdrawn()).end()
    (block,) = story.blocks()
    assert block.followed == () and block.is_settled


def test_another_controller_s_auditor_sees_no_block(log):
    story = fetched_and_withdrawn(Story(log)).end()
    shown = search(log.connection, of_case("person", story.id(PERSON))).entries
    assert withdrawals(log.connection, "person", story.id(PERSON), OWN, shown) == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ["Widerrufe", "überfällig", "seit 16.11.2026", "Löschung erklären", "gesetzliche Aktenführungspflicht"]),
        ("en", ["Withdrawals", "What followed from it", "every recipient", "statutory duty to keep files"]),
    ],
)
def test_the_page_tells_it_in_words(log, language, words):
    late = fetched_and_withdrawn(Story(log)).tell(sent()).tell(stopped())
    late.tell(stated(Deletion.RETAINED, RetentionGround.STATUTORY_FILE_DUTY))
    late.tell(owed(category=DataCategory.HEALTH, due_on=date(2026, 11, 16)), AT_ONCE).end()
    with serving(log) as client:
        page = client.get(
            f"/audit/cases/person/{late.id(PERSON)}", headers={**DPO, "Accept-Language": language}
        ).get_data(as_text=True)
    assert [word for word in words if word not in page] == []
    assert "event:" not in page and "field:" not in page and "STATUTORY_FILE_DUTY" not in page


def test_a_refusal_says_its_reason_in_words(log):
    nothing = {"allowed": False, "ground": None, "ground_id": None, "ground_version": None}
    story = Story(log).tell(a_disclosure_decided(**nothing, refusal=RefusalReason.WITHDRAWN)).end()
    with serving(log) as client:
        page = client.get(f"/audit/cases/person/{story.id(PERSON)}", headers={**DPO, "Accept-Language": "en"}).get_data(
            as_text=True
        )
    assert "refused" in page and "WITHDRAWN" not in page


def test_a_long_case_goes_on_on_the_next_page(log):
    story = Story(log)
    for _ in range(205):
        story.tell(a_referral_received(), time=START + timedelta(hours=1, seconds=len(story.arrivals)))
    story.end()
    with serving(log) as client:
        path = f"/audit/cases/referral/{story.id(REFERRAL)}"
        first = client.get(path, headers=DPO).get_data(as_text=True)
        assert first.count("timeline__item") == 200
        following = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
        assert client.get(path + following, headers=DPO).get_data(as_text=True).count("timeline__item") == 5
