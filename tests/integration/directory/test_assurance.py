"""Is this still true? Asked once for all entries of an organization, answered in one tap by whoever got the link."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from contracts import assurance_link, envelope
from contracts.codes import Participation
from contracts.identity import id_of
from services.chassis.db import Database
from services.chassis.errors import InvalidError
from services.chassis.jobs import ClockRole
from services.directory.clock_jobs import CLOCK_JOBS
from services.directory.commands import reports
from services.directory.domain.freshness import Freshness, freshness
from services.directory.store import standings
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_participation, a_report, a_service, a_source, an_area, an_organization

KEY = settings().deployment_key
HTML = {"Accept": "text/html"}
ISSUER = TestIssuer()
EDITOR = bearer(ISSUER.token(sub="edda", roles=["directory_editor"]))
CONTACT = {"kind": "independent", "law": "GDPR", "signed_on": "2026-01-15", "contact": "kontakt@kammer.example"}


@pytest.fixture(scope="module")
def directory(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(a_source(), an_area())
        yield directory


@pytest.fixture(scope="module")
def app(directory: Directory) -> Flask:
    return create_app(settings(), directory.unit, issuer_keys=ISSUER.keys())


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.fixture(autouse=True)
def today(directory: Directory) -> None:
    """Each test on a day of its own, so that limits and questions of the others are long over."""
    directory.unit.clock.instant += timedelta(days=100)  # type: ignore[attr-defined]


class House:
    """An organization of one test, with one entry nobody confirmed for 200 days, and a mailbox."""

    def __init__(self, directory: Directory, name: str, *, services: int = 1, days: int | None = 200) -> None:
        self.directory, self.name = directory, name
        self.services = [f"{name}-{number}" for number in range(services)]
        said_on = (directory.unit.clock.today() - timedelta(days=days)).isoformat() if days else None
        rows = [an_organization(id=name, name={"de": f"Haus {name}"})]
        rows += [a_service(id=one, organization_id=name, name={"de": f"Angebot {one}"}) for one in self.services]
        rows += [a_report(service_id=one, assured_date=said_on) for one in self.services if said_on]
        rows.append(a_participation(organization_id=name, agreement=CONTACT, terms=[]))
        directory.take_in(*rows)

    @property
    def id(self) -> UUID:
        return id_of("organization", self.name)

    def service_id(self, number: int = 0) -> UUID:
        return id_of("service", self.services[number])

    def asked(self) -> list[Any]:
        """Every question this organization was asked, the oldest first."""
        return [
            one
            for one in self.directory.said()
            if type(one).__name__ == "AssuranceAsked" and one.organization_id == self.id
        ]

    def link(self, *, days: int = 45) -> str:
        until = self.directory.unit.clock.now() + timedelta(days=days)
        return f"/directory/confirm/{assurance_link.sign(KEY, self.asked()[-1].ask_id, until)}"

    def assured_on(self, number: int = 0) -> str:
        with self.directory.db.read() as connection:
            row = connection.execute(
                "SELECT document ->> 'assured_date' AS day FROM reports WHERE service_id = %s",
                (self.service_id(number),),
            ).fetchone()
        return row["day"] if row else ""


def pass_days(directory: Directory, days: int) -> None:
    directory.unit.clock.instant += timedelta(days=days)  # type: ignore[attr-defined]


def make_round(directory: Directory) -> int:
    """What the clock does when it looks; how much of it there was."""
    return ClockRole(directory.unit, CLOCK_JOBS).run_due(CLOCK_JOBS[0])


def seen_on(page: str) -> list[str]:
    """What the form of one entry, or of all, would send."""
    return [one.partition('"')[0] for one in page.split('name="seen" value="')[1:]]


def test_an_organization_is_asked_once_for_all_its_old_entries_reminded_once_and_then_left_to_editors(
    directory: Directory, client: FlaskClient
) -> None:
    house = House(directory, "asked", services=3)
    assert [make_round(directory), make_round(directory)] == [1, 0], "once a day"
    (question,) = house.asked()
    assert (question.services, question.reminder) == (3, False)
    pass_days(directory, 13)
    make_round(directory)
    assert len(house.asked()) == 1
    pass_days(directory, 1)
    make_round(directory)
    reminder = house.asked()[-1]
    assert (reminder.ask_id, reminder.reminder) == (question.ask_id, True)
    pass_days(directory, 14)
    make_round(directory)
    assert len(house.asked()) == 2
    page = client.get("/directory/assurance", headers=EDITOR).text
    (part,) = [one for one in re.split("<section|</section", page) if "Haus asked" in one]
    assert "keine Antwort" in part
    assert part.count("<li>") == 3
    pass_days(directory, 60)
    make_round(directory)
    assert [one.reminder for one in house.asked()] == [False, True, False]


def test_nobody_is_asked_at_night_nor_who_takes_no_part_or_was_just_heard(directory: Directory) -> None:
    House(directory, "fresh", days=100)
    stranger = House(directory, "stranger")
    with directory.unit.work(actor="staff:edda") as work:
        work.tx.execute("DELETE FROM participations WHERE organization_id = %s", (stranger.id,))
    never = House(directory, "never", days=None)
    directory.unit.clock.instant = directory.unit.clock.now().replace(hour=3)  # type: ignore[attr-defined]
    assert make_round(directory) == 0
    directory.unit.clock.instant = directory.unit.clock.now().replace(hour=9)  # type: ignore[attr-defined]
    make_round(directory)
    asked = {one.organization_id for one in directory.said() if type(one).__name__ == "AssuranceAsked"}
    assert {never.id} <= asked
    assert not {id_of("organization", "fresh"), stranger.id} & asked


def test_ten_looks_use_nothing_up_and_one_tap_confirms(directory: Directory, client: FlaskClient) -> None:
    house = House(directory, "tapped")
    make_round(directory)
    before, link = len(directory.said()), house.link()
    for _ in range(10):
        page = client.get(link, headers=HTML)
        assert page.status_code == 200
    assert "Prüft ausländische Abschlüsse." in page.text, "the entry as it stands"
    assert len(directory.said()) == before
    (seen,) = seen_on(page.text)
    answer = client.post(f"{link}/confirmations", data={"seen": seen}, headers=HTML)
    assert (answer.status_code, answer.location) == (303, f"{link}?done=confirmed")
    told = directory.said()[-1]
    assert (told.service_id, told.assured_on) == (house.service_id(), directory.unit.clock.today())
    with directory.db.read() as connection:
        row = connection.execute("SELECT body FROM outbox ORDER BY number DESC LIMIT 1").fetchone()
    assert row and envelope.read(row["body"]).actor == f"partner:{house.id}"
    assert "Danke" in client.get(answer.location, headers=HTML).text
    assert client.post(f"{link}/confirmations", data={"seen": seen}).status_code == 303, "said twice is said once"
    assert directory.said()[-1] == told


def test_all_entries_are_confirmed_at_once_with_those_that_will_be_due_soon(
    directory: Directory, client: FlaskClient
) -> None:
    house = House(directory, "many", services=2)
    soon = a_service(id="many-soon", organization_id="many", name={"de": "Bald fällig"})
    said_on = (directory.unit.clock.today() - timedelta(days=150)).isoformat()
    directory.take_in(soon, a_report(service_id="many-soon", assured_date=said_on))
    make_round(directory)
    assert house.asked()[-1].services == 2
    link = house.link()
    every = seen_on(client.get(link, headers=HTML).text)[:3]
    assert client.post(f"{link}/confirmations", data={"seen": every}).status_code == 303
    today = directory.unit.clock.today().isoformat()
    assert [house.assured_on(0), house.assured_on(1)] == [today, today]
    assert "wartet nichts" in client.get(link, headers=HTML).text


def test_what_was_changed_while_she_read_is_not_confirmed(directory: Directory, client: FlaskClient) -> None:
    house = House(directory, "changed")
    make_round(directory)
    link = house.link()
    (seen,) = seen_on(client.get(link, headers=HTML).text)
    papers = [{"document": {"de": "Ausweis", "fr": "Carte"}}]
    changes = {"description": {"de": "Anders."}, "required_documents": papers}
    directory.take_in(a_service(id="changed-0", organization_id="changed", **changes))
    answer = client.post(f"{link}/confirmations", data={"seen": seen}, headers=HTML)
    assert answer.status_code == 409
    assert "noch einmal" in answer.text
    assert "Anders." in answer.text and "<li>Ausweis</li>" in answer.text
    assert house.assured_on() != directory.unit.clock.today().isoformat()


def test_what_is_wrong_goes_to_the_editors_stops_reminders_and_is_deleted_when_done(
    directory: Directory, client: FlaskClient
) -> None:
    house = House(directory, "doubted")
    make_round(directory)
    link = house.link()
    form = {"service_id": str(house.service_id()), "words": "Montags ist <b>zu</b>."}
    for _ in range(2):
        assert client.post(f"{link}/doubts", data=form).status_code == 303
    (told,) = [one for one in directory.said() if getattr(one, "doubt_id", None)]
    assert (type(told).__name__, told.service_id) == ("EntryDoubted", house.service_id())
    assert b"Montags" not in b"".join(outbox(directory)), "an event carries no words"
    page = client.get(link, headers=HTML).text
    assert "Sie haben am" in page
    assert seen_on(page) == []
    pass_days(directory, 14)
    make_round(directory)
    assert len(house.asked()) == 1, "now it is the editors' turn"
    editors = client.get("/directory/assurance", headers=EDITOR).text
    assert "Montags ist &lt;b&gt;zu&lt;/b&gt;." in editors
    assert "1 soll nicht stimmen" in client.get("/directory/proposals", headers=EDITOR).text
    settled = client.post(f"/directory/assurance/doubts/{told.doubt_id}/settlement", headers=EDITOR)
    assert settled.status_code == 303
    assert "Montags" not in client.get("/directory/assurance", headers=EDITOR).text
    with directory.db.read() as connection:
        rows = connection.execute("SELECT words FROM assurance_doubts WHERE doubt_id = %s", (told.doubt_id,)).fetchall()
    assert rows == [{"words": None}]
    assert seen_on(client.get(link, headers=HTML).text) != []


def outbox(directory: Directory) -> list[bytes]:
    with directory.db.read() as connection:
        return [bytes(row["body"]) for row in connection.execute("SELECT body FROM outbox").fetchall()]


def test_no_words_are_asked_for_and_what_was_typed_is_still_there(directory: Directory, client: FlaskClient) -> None:
    house = House(directory, "wordless")
    make_round(directory)
    for words in (" ", "x" * 2001):
        form = {"service_id": str(house.service_id()), "words": words}
        answer = client.post(f"{house.link()}/doubts", data=form, headers=HTML)
        assert answer.status_code == 422
        assert "höchstens 2000 Zeichen" in answer.text
        assert words.strip() in answer.text


def test_a_changed_or_old_link_says_so_in_words_and_changes_nothing(directory: Directory, client: FlaskClient) -> None:
    house = House(directory, "linked")
    make_round(directory)
    link, before = house.link(), house.assured_on()
    unknown = assurance_link.sign(KEY, id_of("organization", "nobody"), directory.unit.clock.now() + timedelta(days=1))
    for address in (link[:-2], f"{link[:-2]}AA", f"/directory/confirm/{unknown}", "/directory/confirm/x"):
        answer = client.get(address, headers=HTML)
        assert answer.status_code == 403
        assert "Dieser Link ist ungültig" in answer.text
        assert "angemeldet" not in answer.text
        assert client.post(f"{address}/confirmations", data={"seen": "x"}).status_code == 403
    old = house.link(days=-1)
    answer = client.get(f"{old}?lang=en", headers=HTML)
    assert (answer.status_code, "This link is too old" in answer.text) == (403, True)
    assert client.post(f"{old}/doubts", data={"service_id": str(house.service_id()), "words": "x"}).status_code == 403
    assert house.assured_on() == before
    assert directory.count("assurance_doubts") == len([one for one in directory.said() if is_doubt(one)])


def is_doubt(event: object) -> bool:
    return type(event).__name__ == "EntryDoubted"


def test_a_link_is_for_the_organization_s_own_entries_alone(directory: Directory, client: FlaskClient) -> None:
    house, other = House(directory, "own"), House(directory, "other")
    make_round(directory)
    (theirs,) = seen_on(client.get(other.link(), headers=HTML).text)
    assert client.post(f"{house.link()}/confirmations", data={"seen": theirs}).status_code == 404
    form = {"service_id": str(other.service_id()), "words": "x"}
    assert client.post(f"{house.link()}/doubts", data=form).status_code == 404
    for nonsense in ("", "x", "x.y", f"{house.service_id()}x.y"):
        assert client.post(f"{house.link()}/confirmations", data={"seen": nonsense}).status_code == 404
    assert client.post(f"{house.link()}/confirmations").status_code == 404


def test_whoever_taps_without_end_is_told_to_wait(directory: Directory, client: FlaskClient) -> None:
    house = House(directory, "flooded")
    make_round(directory)
    form = {"service_id": str(house.service_id()), "words": "x"}
    answers = [client.post(f"{house.link()}/doubts", data=form, headers=HTML).status_code for _ in range(61)]
    assert answers == [303] * 60 + [429]
    assert client.get(house.link(), headers=HTML).status_code == 200


def test_an_editor_has_one_organization_asked_now_but_not_twice_a_day(
    directory: Directory, client: FlaskClient
) -> None:
    house = House(directory, "now")
    address = f"/directory/assurance/organizations/{house.id}/asks"
    assert client.post(address, headers=EDITOR).status_code == 303
    again = client.post(address, headers={**EDITOR, **HTML})
    assert again.status_code == 409
    assert "wurde schon gefragt" in again.text
    assert len(house.asked()) == 1
    navigator = bearer(ISSUER.token())
    assert client.post(address, headers=navigator).status_code == 403
    assert client.get("/directory/assurance", headers=navigator).status_code == 403


def test_after_a_year_the_public_page_says_that_it_is_not_confirmed(directory: Directory, client: FlaskClient) -> None:
    House(directory, "year", days=366)
    House(directory, "half", days=364)
    for language, words in (("de", "vor mehr als einem Jahr"), ("ar", "أكثر من سنة")):
        assert words in client.get(f"/directory/help/{language}/services/year-0").text
        assert words not in client.get(f"/directory/help/{language}/services/half-0").text
    found = client.get("/directory/help/de/find?q=year").text
    assert found.count("seit mehr als einem Jahr nicht bestätigt") == 1


def stand(directory: Directory, house: House, participation: Participation) -> None:
    with directory.unit.work(actor="staff:otto") as work:
        standings.keep(work, str(house.id), participation)


def test_who_rests_is_asked_nothing_and_heard_no_more(directory: Directory, client: FlaskClient) -> None:
    house, other = House(directory, "resting"), House(directory, "resting-before")
    stand(directory, other, Participation.SUSPENDED)
    make_round(directory)
    assert other.asked() == [] and len(house.asked()) == 1
    seen = seen_on(client.get(house.link(), headers=HTML).text)
    stand(directory, house, Participation.ENDED)
    answer = client.post(f"{house.link()}/confirmations?lang=de", data={"seen": seen}, headers=HTML)
    assert answer.status_code == 403 and "rufen Sie im Welcome Center an" in answer.text
    before = house.assured_on()
    stand(directory, house, Participation.TAKING_PART)
    assert client.post(f"{house.link()}/confirmations", data={"seen": seen}).status_code == 303
    assert before < house.assured_on()
    stand(directory, other, Participation.TAKING_PART)


def test_what_a_colleague_doubts_is_not_confirmed_from_an_older_page(directory: Directory, client: FlaskClient) -> None:
    house = House(directory, "doubted-meanwhile")
    make_round(directory)
    seen = seen_on(client.get(house.link(), headers=HTML).text)
    words = {"service_id": str(house.service_id()), "words": "Die Nummer stimmt nicht."}
    assert client.post(f"{house.link()}/doubts", data=words).status_code == 303
    before = house.assured_on()
    assert client.post(f"{house.link()}/confirmations", data={"seen": seen}, headers=HTML).status_code == 409
    assert house.assured_on() == before


def test_nobody_confirms_a_day_to_come(directory: Directory) -> None:
    house = House(directory, "early")
    tomorrow = (directory.unit.clock.today() + timedelta(days=1)).isoformat()
    with pytest.raises(InvalidError) as refused, directory.unit.work(actor="system:partner") as work:
        reports.report(work, str(house.service_id()), {"assured_date": tomorrow}, str(house.id))
    assert refused.value.fields == {"assured_date": "a day not after today"}
    assert freshness(tomorrow, directory.unit.clock.today()) is Freshness.NEVER
