"""Rules about how staff look at cases: off until an agreement is in the log, and never about anything before it."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from contracts.audit import AccessEnded, AccessRestored, StaffRulesSet
from contracts.codes import EnquirerKind, Site, StaffRole, Urgency, ViewPurpose
from contracts.codes import LogFindingKind as FindingKind
from contracts.describe.examples import an_event
from contracts.event import Code
from contracts.referral import (
    DeskAbsenceSet,
    EnquiryRecorded,
    NeedRecorded,
    PersonalDataViewed,
    SignedIn,
    TaskOpened,
)
from deploy.demo.clocks import FixedClock
from services.audit import finding_jobs, noticing
from services.audit.config import load_staff_rules
from services.audit.queries.findings import FindingState, Wanted, counts, findings
from services.audit.queries.staff_rules import in_force
from services.chassis.config import ConfigError, Environment
from services.chassis.db import Database
from services.chassis.jobs import ClockRole
from services.chassis.work import Unit
from tests.integration.audit.conftest import an_arrival
from tests.integration.audit.test_findings import (
    assessed,
    document_fetched,
    fetched,
    owed,
    raised,
    read_on,
    stated,
    viewed,
    waiting,
    what_is_left,
    withdrawn,
)
from tests.integration.audit.test_web import hear
from tests.unit.audit.events import ORGANIZATION, a_consent_given, a_referral_received

ANNA, BEN = "staff:" + "a1" * 16, "staff:" + "b2" * 16
#: A Thursday, ten in the morning in Berlin; nothing is closed.
THURSDAY = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
FRIDAY = date(2026, 11, 27)


def rules_set(is_on=True, cases_per_hour=3, **changes):
    usual = {
        "setting_id": UUID(int=0x5E),
        "is_on": is_on,
        "agreement": Code("DV-2026/3") if is_on else None,
        "agreed_on": date(2026, 3, 1) if is_on else None,
        "zone": Code("Europe/Berlin"),
        "opens": 6 * 60,
        "closes": 20 * 60,
        "days": (1, 2, 3, 4, 5),
        "calendar": Code("DE-NW"),
        "cases_per_hour": cases_per_hour,
    }
    return StaffRulesSet(**{**usual, **changes})


def view_of(case, purpose=ViewPurpose.CASE_WORK):
    return PersonalDataViewed(
        view_id=UUID(int=5),
        enquiry_id=UUID(int=case),
        referral_id=None,
        person_id=UUID(int=case + 1000),
        role=StaffRole.NAVIGATOR,
        purpose=purpose,
        categories=(),
    )


def recorded(case, site=Site.AACHEN):
    return EnquiryRecorded(
        enquiry_id=UUID(int=case),
        enquirer=EnquirerKind.PERSON,
        person_id=UUID(int=case + 1000),
        site=site,
        organization_id=ORGANIZATION,
        topics=(),
    )


def came(site=Site.AACHEN):
    return SignedIn(session_id=UUID(int=6), role=StaffRole.NAVIGATOR, site=site)


class Telling:
    """Events as they happen, each with who did it and how long after the beginning."""

    def __init__(self, log):
        self.log, self.number = log, 0

    def __call__(self, event, *, by=ANNA, minutes=0, days=0):
        self.number += 1
        time = THURSDAY + timedelta(minutes=minutes, days=days)
        hear(self.log, an_arrival(self.number, event, actor=by, time=time))
        return self.number - 1


@pytest.fixture
def tell(log):
    return Telling(log)


def read(log, today=FRIDAY):
    read_on(log, THURSDAY, today)
    return [(kind, position) for kind, position, _ in waiting(log)]


NIGHT = 13 * 60


def test_nothing_is_judged_before_an_agreement_is_in_the_log(log, tell):
    for case in range(1, 9):
        tell(view_of(case), minutes=NIGHT + case)
    assert read(log) == []
    tell(rules_set(), minutes=NIGHT + 20, by="system:clock")
    assert read(log) == []


def test_what_was_looked_at_after_hours_is_one_finding_a_day_and_grows(log, tell):
    tell(rules_set(), by="system:clock")
    tell(view_of(1), minutes=60)
    at_night = tell(view_of(2), minutes=NIGHT)
    tell(view_of(2), minutes=NIGHT, by=BEN)
    assert read(log) == [(FindingKind.OUTSIDE_HOURS, at_night + 1), (FindingKind.OUTSIDE_HOURS, at_night)]
    tell(view_of(3), minutes=NIGHT + 5)
    assert read(log)[0] == (FindingKind.OUTSIDE_HOURS, at_night)
    assert findings(log.connection, Wanted())[0][0].entries == 2


@pytest.mark.parametrize(
    ("days", "is_found"),
    [pytest.param(2, True, id="saturday"), pytest.param(29, True, id="christmas"), pytest.param(1, False, id="friday")],
)
def test_a_day_off_is_outside_the_hours(log, tell, days, is_found):
    tell(rules_set(), by="system:clock")
    tell(view_of(1), days=days)
    assert read(log, FRIDAY + timedelta(days=40)) == ([(FindingKind.OUTSIDE_HOURS, 1)] if is_found else [])


def test_rules_that_were_switched_off_judge_nothing_from_then_on(log, tell):
    tell(rules_set(), by="system:clock")
    tell(rules_set(is_on=False), minutes=NIGHT - 1, by="system:clock")
    tell(view_of(1), minutes=NIGHT)
    assert read(log) == []


def test_more_cases_within_an_hour_than_agreed_are_many(log, tell):
    tell(rules_set(cases_per_hour=3), by="system:clock")
    for case in range(1, 4):
        tell(view_of(case), minutes=case)
    for minute in range(5, 30):
        tell(view_of(1), minutes=minute)
        tell(view_of(100 + minute, ViewPurpose.SEARCH), minutes=minute)
    assert read(log) == []
    fourth = tell(view_of(4), minutes=40)
    assert read(log) == [(FindingKind.MANY_IN_A_ROW, fourth)]


def test_three_an_hour_all_day_are_not_many(log, tell):
    tell(rules_set(cases_per_hour=3), by="system:clock")
    for case in range(1, 20):
        tell(view_of(case), minutes=21 * case)
    assert read(log) == []


def test_a_case_of_another_site_opened_by_somebody_without_a_part_in_it_is_found_the_day_after(log, tell):
    tell(rules_set(), by="system:clock")
    tell(recorded(1, Site.NEUSS), by=BEN)
    tell(came(Site.AACHEN))
    looked = tell(view_of(1), minutes=5)
    assert read(log, FRIDAY - timedelta(days=1)) == []
    assert read(log) == [(FindingKind.UNRELATED_CASE, looked)]


def need_recorded():
    return NeedRecorded(
        enquiry_id=UUID(int=1),
        need_id=UUID(int=9),
        topic=an_event("referral.need_recorded.v1").topic,
        urgency=Urgency.NORMAL,
    )


def task():
    example = an_event("referral.task_opened.v1")
    return TaskOpened(
        task_id=UUID(int=8),
        referral_id=None,
        enquiry_id=UUID(int=1),
        kind=example.kind,
        role=StaffRole.NAVIGATOR,
        site=Site.AACHEN,
        due_on=FRIDAY,
    )


def absence():
    return DeskAbsenceSet(
        absence_id=UUID(int=7),
        organization_id=ORGANIZATION,
        site=Site.NEUSS,
        substitute=Site.AACHEN,
        from_on=FRIDAY - timedelta(days=3),
        until_on=FRIDAY,
    )


@pytest.mark.parametrize(
    ("event", "by"),
    [
        pytest.param(need_recorded(), ANNA, id="something she did in it"),
        pytest.param(task(), "system:clock", id="a task of her site"),
        pytest.param(absence(), BEN, id="standing in"),
        pytest.param(came(Site.NEUSS), ANNA, id="signed in there"),
    ],
)
def test_whoever_has_a_part_in_a_case_may_open_it(log, tell, event, by):
    tell(rules_set(), by="system:clock")
    tell(recorded(1, Site.NEUSS), by=BEN)
    tell(came(Site.AACHEN))
    tell(event, by=by, minutes=1)
    tell(view_of(1), minutes=5)
    assert read(log) == []


@pytest.mark.parametrize(
    ("event", "by"),
    [
        pytest.param(need_recorded(), ANNA, id="something she did in it"),
        pytest.param(task(), "system:clock", id="a task of her site"),
        pytest.param(absence(), BEN, id="standing in"),
        pytest.param(came(Site.NEUSS), ANNA, id="signed in there"),
    ],
)
def test_what_exonerates_settles_the_finding_however_late_it_is_heard_and_the_officer_still_looks_at_it(
    log, tell, event, by
):
    tell(rules_set(), by="system:clock")
    tell(recorded(1, Site.NEUSS), by=BEN)
    tell(came(Site.AACHEN))
    looked = tell(view_of(1), minutes=5)
    assert read(log) == [(FindingKind.UNRELATED_CASE, looked)]
    tell(event, by=by, minutes=1)
    assert read(log) == [(FindingKind.UNRELATED_CASE, looked)]
    assert [one.state for one in findings(log.connection, Wanted())[0]] == [FindingState.SETTLED_UNSEEN]
    assert counts(log.connection) == {("unrelated_case", "settled_unseen"): 1}


def test_what_she_did_in_a_referral_of_the_case_exonerates_her_however_late_it_is_heard(log, tell):
    drafted = replace(an_event("referral.drafted.v1"), referral_id=UUID(int=0x77), enquiry_id=UUID(int=1))
    tell(rules_set(), by="system:clock")
    tell(recorded(1, Site.NEUSS), by=BEN)
    tell(drafted, by=BEN)
    tell(came(Site.AACHEN))
    looked = tell(view_of(1), minutes=5)
    assert read(log) == [(FindingKind.UNRELATED_CASE, looked)]
    tell(a_referral_received(referral_id=UUID(int=0x77)), minutes=3)
    read(log)
    assert counts(log.connection) == {("unrelated_case", "settled_unseen"): 1}


def about_the_case(type_):
    """Something told of the case or of its referral, as the example of its kind has it."""
    example = an_event(type_)
    ids = {"enquiry_id": UUID(int=1), "referral_id": UUID(int=0x77), "person_id": UUID(int=1001)}
    return replace(example, **{name: value for name, value in ids.items() if hasattr(example, name)})


NO_WORK = (
    "referral.command_refused.v1",
    "referral.disclosure_decided.v1",
    "referral.services_suggested.v1",
    "audit.log_viewed.v1",
    "audit.log_exported.v1",
    "audit.review_held.v1",
    "audit.search_saved.v1",
)


@pytest.mark.parametrize("type_", NO_WORK)
@pytest.mark.parametrize("heard", ["before it is judged", "after it was found"])
def test_looking_asking_and_being_refused_clear_nobody(log, tell, type_, heard):
    tell(rules_set(), by="system:clock")
    tell(recorded(1, Site.NEUSS), by=BEN)
    tell(about_the_case("referral.drafted.v1"), by=BEN)
    tell(came(Site.AACHEN))
    looked = tell(view_of(1), minutes=5)
    if heard == "after it was found":
        assert read(log) == [(FindingKind.UNRELATED_CASE, looked)]
    tell(about_the_case(type_), minutes=6)
    assert read(log) == [(FindingKind.UNRELATED_CASE, looked)]


def test_whose_case_it_was_may_be_heard_last(log, tell):
    tell(rules_set(), by="system:clock")
    tell(came(Site.AACHEN), minutes=1)
    looked = tell(view_of(1), minutes=5)
    assert read(log) == []
    tell(recorded(1, Site.NEUSS), by=BEN)
    assert read(log) == [(FindingKind.UNRELATED_CASE, looked)]


def test_of_whose_site_nobody_knows_nothing_is_said(log, tell):
    tell(rules_set(), by="system:clock")
    tell(recorded(1, Site.NEUSS), by=BEN)
    tell(view_of(1), minutes=5)
    assert read(log) == []


def ended(staff=ANNA, event=AccessEnded, minutes=10):
    return event(access_id=UUID(int=4), staff=Code(staff), from_at=THURSDAY + timedelta(minutes=minutes))


def test_whatever_is_done_without_access_is_one_finding_without_any_agreement(log, tell):
    tell(view_of(1), minutes=5)
    told = tell(ended(), by="staff:" + "0" * 32, minutes=20)
    assert read(log) == []
    first = tell(came(), minutes=30)
    tell(view_of(1), minutes=31, by=BEN)
    tell(view_of(2), minutes=32)
    assert read(log) == [(FindingKind.BY_LEAVER, first)]
    (found,) = findings(log.connection, Wanted())[0]
    assert (found.because.position, found.entries) == (told, 2)


def test_a_finding_that_no_longer_holds_still_names_the_leaver_and_not_who_told_of_the_end(log, tell):
    told = tell(ended(), by="staff:" + "0" * 32, minutes=20)
    tell(view_of(1), minutes=61)
    read(log)
    tell(ended(event=AccessRestored, minutes=60), by=BEN, minutes=60)
    assert read(log) == [(FindingKind.BY_LEAVER, told)]
    (found,) = findings(log.connection, Wanted())[0]
    assert (found.holds, found.whose, found.entry.actor) == (False, ANNA, "staff:" + "0" * 32)


def test_what_was_done_before_the_end_was_told_is_found_too(log, tell):
    late = tell(view_of(1), minutes=15)
    tell(ended(minutes=10), by=BEN, minutes=20)
    assert read(log) == [(FindingKind.BY_LEAVER, late)]


def test_whoever_has_access_again_is_no_leaver(log, tell):
    tell(ended(), by=BEN, minutes=20)
    tell(ended(event=AccessRestored, minutes=60), by=BEN, minutes=60)
    tell(view_of(1), minutes=61)
    assert read(log) == []


POOL = (
    lambda chance: (a_consent_given(consent_version=chance.choice((2, 3, 4))), BEN),
    lambda chance: (withdrawn(chance.choice((None, ORGANIZATION))), BEN),
    lambda chance: (what_is_left(), BEN),
    lambda chance: (fetched(ground_version=chance.choice((2, 3, 4, 7))), f"partner:{ORGANIZATION}"),
    lambda chance: (document_fetched(chance.choice((2, 3))), f"partner:{ORGANIZATION}"),
    lambda chance: (viewed(), chance.choice((ANNA, BEN))),
    lambda chance: (owed(FRIDAY + timedelta(days=chance.randrange(6))), "system:clock"),
    lambda chance: (stated(), f"partner:{ORGANIZATION}"),
    lambda chance: (raised(), "system:clock"),
    lambda chance: (assessed(), BEN),
    lambda chance: (rules_set(chance.random() < 0.8, chance.choice((2, 5))), "system:clock"),
    lambda chance: (recorded(case := chance.randrange(1, 5), (Site.AACHEN, Site.NEUSS)[case % 2]), BEN),
    lambda chance: (came(chance.choice((Site.AACHEN, Site.NEUSS))), chance.choice((ANNA, BEN))),
    lambda chance: (ended(chance.choice((ANNA, BEN)), chance.choice((AccessEnded, AccessRestored))), "staff:ops"),
    lambda chance: (a_referral_received(), f"partner:{ORGANIZATION}"),
    *(lambda chance: (view_of(chance.randrange(1, 9)), chance.choice((ANNA, BEN))),) * 6,
)


@pytest.mark.parametrize("events", [50, pytest.param(200, marks=pytest.mark.long)])
def test_reading_on_comes_to_what_the_rules_say_of_the_whole_log(log, events):
    """Whatever happens in whatever order, read in whatever pieces: `read_on` compares after each piece."""
    chance, time, kinds = random.Random(26), THURSDAY, set()
    for number in range(1, events + 1):
        time += timedelta(minutes=chance.choice((1, 2, 20, 300)))
        event, actor = chance.choice(POOL)(chance)
        hear(log, an_arrival(number, event, actor=actor, time=time))
        if chance.random() < 0.1:
            read_on(log, time, (time + timedelta(hours=1)).date())
            kinds |= {kind for kind, _, _ in waiting(log)}
    assert events < 200 or kinds == set(FindingKind)


@pytest.fixture
def clock(log):
    with Database(log.app_dsn) as database:
        yield ClockRole(Unit(database, FixedClock(THURSDAY), "audit"), finding_jobs.FINDING_JOBS)


def tick(clock, seconds=0.0):
    clock.unit.clock.instant += timedelta(seconds=seconds)
    return sum(clock.run_due(job) for job in clock.jobs)


def test_the_clock_reads_on_now_and_then_and_when_a_day_begins(log, clock):
    log.hear(1, 2)
    assert [tick(clock), tick(clock, 60)] == [1, 0]
    log.hear(3)
    assert tick(clock) == 1
    assert noticing.last_reading(log.connection).size == 3
    log.hear(4)
    assert [tick(clock, 1), tick(clock, 14), tick(clock, 1), tick(clock, 24 * 3600)] == [0, 1, 0, 1]


def test_configuration_that_names_an_agreement_becomes_an_entry_and_so_does_its_end(log, clock, monkeypatch):
    monkeypatch.setenv("STAFF_RULES_AGREEMENT", "DV-2026/3")
    monkeypatch.setenv("STAFF_RULES_AGREED_ON", "2026-03-01")
    tick(clock)
    tick(clock, 1)
    assert log.connection.execute("SELECT count(*) AS n FROM outbox").fetchone()["n"] == 1
    told = told_rules(log)
    assert (told.is_on, told.agreement, told.cases_per_hour) == (True, "DV-2026/3", 30)
    hear(log, an_arrival(1, told, actor="system:clock"))
    assert in_force(log.connection)[-1].rules.agreement == "DV-2026/3"
    monkeypatch.delenv("STAFF_RULES_AGREEMENT")
    tick(clock, 60)
    hear(log, an_arrival(2, told_rules(log), actor="system:clock"))
    assert not in_force(log.connection)[-1].rules.is_on


def test_nothing_is_agreed_on_a_day_to_come():
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    given = {"STAFF_RULES_AGREEMENT": "DV-2026/3", "STAFF_RULES_AGREED_ON": tomorrow}
    with pytest.raises(ConfigError, match="STAFF_RULES_AGREED_ON"):
        load_staff_rules(Environment(given))


def told_rules(log):
    from contracts.envelope import read as read_envelope

    rows = log.connection.execute("SELECT body FROM outbox ORDER BY number").fetchall()
    return read_envelope(bytes(rows[-1]["body"])).data


@pytest.mark.parametrize("noticed", noticing.ALL_RULES)
def test_every_rule_has_its_words(noticed):
    from services.chassis import i18n

    for language in ("de", "en"):
        assert i18n.label("audit", language, f"why:{noticed.kind}") != f"why:{noticed.kind}"
