"""The first page of a desk: what waits, why, since when, and what is next; put off only as far as the law lets."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from contracts.codes import TaskKind
from contracts.referral import TaskSnoozed, TaskWoken
from services.chassis.i18n import translations
from services.referral.queries import worklist
from services.referral.queries.worklist import Asked, Wanted
from services.referral.web.tasks import LOOKED_INTO
from services.referral.web.worklist import PAGE
from tests.integration.referral.rig import Navigator, Network, recipient
from tests.integration.referral.scene import NAVIGATOR, NOW

MISSING = "Partner hat noch nicht geantwortet: anrufen"


def page(caller: Navigator, **filters: str) -> str:
    address = PAGE + "?" + "&".join(f"{name}={quote(value)}" for name, value in filters.items())
    answer = caller.ask("GET", address)
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return answer.text


def items(caller: Navigator, **filters: str) -> list[str]:
    """What waits, by its cause, in the order of the page."""
    return [unescape(one) for one in re.findall(r"data-item>([^<]+)<", page(caller, **filters))]


def form(caller: Navigator, path: str, **fields: str) -> Any:
    return caller.client.post(path, data=fields, headers={"Authorization": f"Bearer {caller.token}"})


def write(network: Network, sql: str, *params: object) -> None:
    with network.scene.unit.work(actor="system:test") as work:
        work.tx.execute(sql.encode(), params)


def open_tasks(network: Network) -> dict[str, str]:
    rows = network.scene.rows("SELECT id, kind FROM tasks WHERE closed_at IS NULL")
    return {row["kind"]: str(row["id"]) for row in rows}


def snoozed(network: Network, kind: TaskKind) -> Any:
    return network.scene.rows("SELECT snoozed_until, snoozed_by FROM tasks WHERE kind = %s", kind)[0]


@pytest.fixture
def silent(network: Network) -> Network:
    """A partner that has said nothing for nine days, from Monday to the Wednesday after next."""
    network.requested(recipient())
    network.scene.days_pass(9)
    return network


def test_each_item_says_why_it_waits_since_when_and_what_is_next(silent: Network) -> None:
    text = " ".join(page(silent.navigator).split())
    assert MISSING in text
    assert "seit 4 Arbeitstagen" in text  # since Thursday
    assert "Partner anrufen" in text
    assert "überfällig seit 2 Arbeitstagen" in text
    assert 'href="tel:' not in text
    reference = silent.scene.rows("SELECT reference FROM referrals")[0]["reference"]
    assert reference in text


def test_a_lead_sees_both_desks_and_a_navigator_her_own(silent: Network) -> None:
    lead = silent.staff(sub="lea", roles=["lead"])
    assert items(lead, desk="navigator") == items(silent.navigator) == [MISSING]
    assert items(lead, desk="lead") == ["Partner schweigt weiter: Verweis endet bald"]
    assert sorted(items(lead)) == sorted([*items(lead, desk="navigator"), *items(lead, desk="lead")])


def test_a_call_is_marked_as_made_and_what_only_a_deed_settles_is_not(silent: Network) -> None:
    call = open_tasks(silent)[TaskKind.ANSWER_MISSING]
    answer = form(silent.navigator, f"/referral/tasks/{call}/done", list="due=overdue&given_name=Maria")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/referral/?due=overdue&done=closed")
    assert TaskKind.ANSWER_MISSING not in open_tasks(silent)
    assert "Erledigt und vom Tisch" in page(silent.navigator, done="closed")
    enquiry = silent.navigator.enquire()
    drafted = silent.navigator.draft(enquiry)
    silent.navigator.act(drafted["id"], "prepare")
    silent.scene.tick()
    missing = open_tasks(silent)[TaskKind.CONSENT_MISSING]
    assert f"/referral/tasks/{missing}/done" not in page(silent.navigator)
    assert form(silent.navigator, f"/referral/tasks/{missing}/done").status_code == 404
    assert TaskKind.CONSENT_MISSING in open_tasks(silent)


def test_nobody_elsewhere_sees_it_takes_it_off_or_puts_it_off(silent: Network) -> None:
    call, until = open_tasks(silent)[TaskKind.ANSWER_MISSING], str(silent.scene.clock.today() + timedelta(days=1))
    for other in (
        silent.staff(sub="olga", site="neuss"),
        silent.staff(sub="oleg", employer=str(silent.hwk.organization_id)),
    ):
        assert items(other) == []
        assert form(other, f"/referral/tasks/{call}/done").status_code == 404
        assert form(other, f"/referral/tasks/{call}/snooze", until=until).status_code == 404
    assert TaskKind.ANSWER_MISSING in open_tasks(silent)
    assert silent.scene.said(TaskSnoozed) == []


def test_what_was_put_off_is_gone_for_the_whole_desk_and_comes_back_by_itself(silent: Network) -> None:
    call, until = open_tasks(silent)[TaskKind.ANSWER_MISSING], silent.scene.clock.today() + timedelta(days=2)
    answer = form(silent.navigator, f"/referral/tasks/{call}/snooze", until=str(until))
    assert answer.status_code == 303
    assert "Rückgängig" in silent.navigator.ask("GET", answer.headers["Location"]).text
    colleague = silent.staff(sub="nora")
    assert items(colleague) == []
    assert items(colleague, show="snoozed") == [MISSING]
    assert "von jemandem aus dem Team" in page(colleague, show="snoozed")
    assert "von Ihnen" in page(silent.navigator, show="snoozed")
    told = silent.scene.said(TaskSnoozed)[-1]
    assert (str(told.task_id), told.until) == (call, until)
    kept = snoozed(silent, TaskKind.ANSWER_MISSING)
    assert kept["snoozed_until"] == until
    assert kept["snoozed_by"].startswith("staff:")
    silent.scene.clock.instant += timedelta(days=2)
    assert items(colleague) == [MISSING]
    assert "war zurückgestellt bis" in page(colleague)


def test_it_is_taken_up_before_its_day_and_twice_is_once(silent: Network) -> None:
    call, until = open_tasks(silent)[TaskKind.ANSWER_MISSING], str(silent.scene.clock.today() + timedelta(days=2))
    for _ in range(2):
        form(silent.navigator, f"/referral/tasks/{call}/snooze", until=until)
    for _ in range(2):
        assert form(silent.navigator, f"/referral/tasks/{call}/wake").status_code == 303
    assert items(silent.navigator) == [MISSING]
    assert (len(silent.scene.said(TaskSnoozed)), len(silent.scene.said(TaskWoken))) == (1, 1)
    assert snoozed(silent, TaskKind.ANSWER_MISSING)["snoozed_by"] is None


def test_a_deadline_of_the_law_is_not_put_off_past_itself(silent: Network) -> None:
    write(silent, "UPDATE tasks SET kind = %s WHERE kind = %s", TaskKind.COMES_OF_AGE, TaskKind.ANSWER_MISSING)
    task = open_tasks(silent)[TaskKind.COMES_OF_AGE]
    assert f"/referral/tasks/{task}/snooze" not in page(silent.navigator)  # it is overdue already
    tomorrow = silent.scene.clock.today() + timedelta(days=1)
    answer = form(silent.navigator, f"/referral/tasks/{task}/snooze", until=str(tomorrow))
    assert (answer.status_code, answer.json["fields"]) == (422, {"until": "not-past-a-legal-deadline"})
    write(silent, "UPDATE tasks SET due_on = %s WHERE id = %s", tomorrow, task)
    assert form(silent.navigator, f"/referral/tasks/{task}/snooze", until=str(tomorrow)).status_code == 303


@pytest.mark.parametrize("until", ["", "soon", "2026-13-01"])
def test_a_day_that_is_none_is_refused_by_its_field(silent: Network, until: str) -> None:
    call = open_tasks(silent)[TaskKind.ANSWER_MISSING]
    answer = form(silent.navigator, f"/referral/tasks/{call}/snooze", until=until)
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["until"])
    assert snoozed(silent, TaskKind.ANSWER_MISSING)["snoozed_until"] is None


def test_a_draft_nobody_went_on_with_waits_for_its_desk(network: Network) -> None:
    drafted = network.navigator.draft(network.navigator.enquire())
    draft = ["Entwurf, noch nicht gesendet"]
    assert f"/referral/referrals/{drafted['id']}" in page(network.navigator)
    assert items(network.navigator) == items(network.navigator, kind="draft") == draft
    assert items(network.navigator, kind=TaskKind.ANSWER_MISSING) == []
    assert items(network.navigator, whose="mine") == draft
    assert items(network.staff(sub="nora"), whose="mine") == []


def test_what_was_rejected_says_why_and_leads_to_what_else_there_is(network: Network) -> None:
    rejected = network.requested(recipient())
    network.hwk.act(rejected, "reject", {"reason": "NO_CAPACITY"})
    seen = network.navigator.see(rejected)
    text = page(network.navigator)
    assert f'href="/referral/enquiries/{seen["enquiry_id"]}/needs/{seen["need_id"]}"' in text
    assert "Anderes Angebot suchen" in text
    assert "keine Kapazität" in text


def test_filters_and_counters_agree_and_pages_follow_without_gap(
    silent: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        silent.navigator.draft(silent.navigator.enquire())
    asked = Asked(NAVIGATOR, silent.scene.clock.now(), silent.scene.clock.today())
    monkeypatch.setattr(worklist, "PAGE", 2)
    found: list[worklist.Item] = []
    with silent.scene.db.read() as connection:
        after: str | None = ""
        while after is not None:
            items, after = worklist.worklist(connection, asked, Wanted(after=after))
            found += items
        counts = worklist.counts(connection, asked)
    assert [one.due_on for one in found] == sorted(one.due_on for one in found)
    assert len({one.id for one in found}) == len(found) == counts.all == 4
    assert counts.overdue == len([one for one in found if one.due_on < asked.today])
    assert sum(counts.by_kind.values()) == counts.all


def test_what_has_come_since_is_counted(silent: Network) -> None:
    since = quote(silent.scene.clock.now().isoformat())
    news = f"/referral/news?since={since}"
    assert silent.navigator.get(news) == {"many": 0, "says": ""}
    silent.scene.clock.instant += timedelta(minutes=1)
    rejected = silent.requested(recipient())
    silent.hwk.act(rejected, "reject", {"reason": "NO_CAPACITY"})
    assert silent.navigator.get(news) == {"many": 1, "says": "1 neuer Eintrag wartet."}
    assert silent.staff(sub="olga", site="neuss").get(news)["many"] == 0
    for wrong in ("yesterday", "2026-11-26T10:00:00"):
        answer = silent.navigator.ask("GET", f"/referral/news?since={wrong}")
        assert (answer.status_code, list(answer.json["fields"])) == (422, ["since"])  # type: ignore[index]


def test_the_page_names_no_person(silent: Network) -> None:
    names = silent.navigator.enquire(family_name="Ohnegleichen")
    silent.navigator.draft(names)
    assert "Ohnegleichen" not in page(silent.navigator)


def test_every_kind_has_a_next_step_in_both_languages() -> None:
    for language in ("de", "en"):
        words = translations("referral", language)
        for kind in (*TaskKind, "draft", "disclosure", "resolution"):
            assert words.gettext(f"next:{kind}") != f"next:{kind}", (language, kind)


def test_an_old_bookmark_still_works_and_a_wrong_cursor_is_refused(network: Network) -> None:
    assert "Nichts passt" in page(network.navigator, due="overdue", kind="invented", desk="nobody")
    answer = network.navigator.ask("GET", "/referral/?after=yesterday")
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["after"])  # type: ignore[index]


def test_only_what_can_be_said_to_be_done_has_a_button(silent: Network) -> None:
    lead = silent.staff(sub="lea", roles=["lead"])
    offered = set(re.findall(r"/referral/tasks/([0-9a-f-]+)/done", page(lead)))
    assert offered == {id_ for kind, id_ in open_tasks(silent).items() if TaskKind(kind) in LOOKED_INTO}
    assert NOW.date() < silent.scene.clock.today()
