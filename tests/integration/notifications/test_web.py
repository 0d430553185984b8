"""The doors over HTTP: the partner's feed, the operators' door, and the pages."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from contracts.codes import ChannelKind
from services.chassis.config import Settings
from services.notifications import webhook_secrets
from services.notifications.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.notifications.conftest import NOW, SECRET, Notifications
from tests.integration.notifications.receiver import Receiver, running

EVENTS = "/partner/v1/events"
DELIVERIES = "/notifications/operator/deliveries"


@pytest.fixture
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def configured() -> Settings:
    return settings()


@pytest.fixture
def client(notifications: Notifications, issuer: TestIssuer, configured: Settings) -> Iterator[FlaskClient]:
    app = create_app(configured, notifications.unit, issuer_keys=issuer.keys())
    with app.test_client() as client:
        yield client


@pytest.fixture
def operator(issuer: TestIssuer) -> dict[str, str]:
    return bearer(issuer.token(sub="ole", roles=["operations"]))


def as_partner(issuer: TestIssuer, organization_id: UUID) -> dict[str, str]:
    return bearer(issuer.token(sub="partner", roles=None, organization_id=str(organization_id)))


def test_a_partner_pulls_its_own_notices_page_by_page_and_says_so(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer
) -> None:
    partner, other = (notifications.an_organization(ChannelKind.PULL) for _ in range(2))
    referrals = [notifications.a_request(partner) for _ in range(3)]
    notifications.a_request(other)
    headers = as_partner(issuer, partner)
    first = client.get(f"{EVENTS}?after=0&limit=2", headers=headers).json
    second = client.get(f"{EVENTS}?after={first['cursor']}&limit=2", headers=headers).json
    seen = [event["data"]["referral_id"] for event in first["events"] + second["events"]]
    assert seen == [str(referral) for referral in referrals]
    answer = client.post("/partner/v1/acknowledgements", json={"cursor": second["cursor"]}, headers=headers)
    assert answer.json == {"cursor": second["cursor"], "confirmed": 3}
    last = client.get(f"{EVENTS}?after={second['cursor']}", headers=headers).json
    assert last == {"events": [], "cursor": second["cursor"]}


def test_the_feed_gives_the_bytes_that_were_made(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer
) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    notifications.a_request(partner)
    with notifications.db.read() as connection:
        row = connection.execute("SELECT body FROM notices").fetchone()
    assert row is not None
    assert bytes(row["body"]) in client.get(EVENTS, headers=as_partner(issuer, partner)).data


@pytest.mark.parametrize("query", ["limit=501", "limit=0", "after=-1", "after=x", "after=9999999999999999999999"])
def test_a_cursor_or_limit_out_of_range_is_refused(client: FlaskClient, issuer: TestIssuer, query: str) -> None:
    assert client.get(f"{EVENTS}?{query}", headers=as_partner(issuer, uuid4())).status_code == 422


def test_the_feed_is_for_partners_only(client: FlaskClient, operator: dict[str, str]) -> None:
    assert client.get(EVENTS).status_code == 401
    assert client.get(EVENTS, headers=operator).status_code == 403


def test_an_operator_sees_what_is_stuck_and_sends_it_again(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    notifications.dispatch()
    listed = client.get(f"{DELIVERIES}?state=parked&referral_id={referral}", headers=operator).json
    (delivery,) = listed["deliveries"]
    assert (delivery["reference"], delivery["cause"]) == ("R-26-4F7KQ", "mailbox-missing")
    assert (delivery["attempts"], delivery["next_attempt_at"]) == (1, None)
    assert listed["causes"][0]["count"] == 1
    assert listed["counts"] == {"parked": 1}
    shown = client.get(f"{DELIVERIES}/{delivery['delivery_id']}", headers=operator).json
    assert [attempt["number"] for attempt in shown["attempts"]] == [1]
    replay = f"{DELIVERIES}/{delivery['delivery_id']}/replay"
    assert client.post(replay, headers=operator).json["state"] == "pending"
    refused = client.post(replay, headers=operator)
    assert (refused.status_code, refused.json["slug"]) == (409, "delivery.not-allowed")
    assert client.get(f"{DELIVERIES}/{uuid4()}", headers=operator).status_code == 404


def test_a_secret_is_made_and_shown_once(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str], configured: Settings
) -> None:
    partner = notifications.an_organization(ChannelKind.WEBHOOK)
    address = f"/notifications/operator/organizations/{partner}/webhook-secret"
    made = client.put(address, json={}, headers=operator).json["secret"]
    with notifications.db.read() as connection:
        row = connection.execute("SELECT sealed FROM webhook_secrets").fetchone()
    assert row is not None
    assert webhook_secrets.open_sealed(bytes(row["sealed"]), partner, configured.deployment_key) == made
    assert webhook_secrets.open_sealed(bytes(row["sealed"]), uuid4(), configured.deployment_key) is None
    again = client.put(address, json={"secret": SECRET, "overlap_hours": 0}, headers=operator).json
    assert again == {"organization_id": str(partner), "old_until": None}


@pytest.mark.parametrize(
    "secret", ["word", "whsec_", "whsec_QUFB", "whsec_" + "!" * 40, "whsec_" + "A" * 33, "whsec_" + "A" * 88 + "=="]
)
def test_a_secret_of_another_form_is_refused(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str], secret: str
) -> None:
    partner = notifications.an_organization(ChannelKind.WEBHOOK)
    address = f"/notifications/operator/organizations/{partner}/webhook-secret"
    answer = client.put(address, json={"secret": secret}, headers=operator)
    assert (answer.status_code, answer.json["slug"]) == (422, "webhook.secret-malformed")
    assert len(secret) < 10 or secret not in json.dumps(answer.json)


def test_a_secret_for_nobody_is_refused(client: FlaskClient, operator: dict[str, str]) -> None:
    address = f"/notifications/operator/organizations/{uuid4()}/webhook-secret"
    assert client.put(address, json={}, headers=operator).status_code == 404


def test_a_secret_is_changed_with_an_overlap_that_is_told(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    partner = notifications.an_organization(ChannelKind.WEBHOOK)
    address = f"/notifications/operator/organizations/{partner}/webhook-secret"
    assert client.put(address, json={}, headers=operator).json["old_until"] is None
    changed = client.put(address, json={"overlap_hours": 48}, headers=operator).json
    assert changed["old_until"] == (NOW + timedelta(hours=48)).isoformat()
    assert client.put(address, json={"overlap_hours": 721}, headers=operator).status_code == 422


def of(partner: UUID) -> str:
    return f"/notifications/operator/organizations/{partner}"


def a_dead_webhook(notifications: Notifications) -> UUID:
    """Switched off, with one notice waiting besides the one that was refused."""
    with running(Receiver([410])) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        notifications.keep_secret(partner)
        notifications.a_request(partner)
        notifications.dispatch()
    notifications.a_request(partner)
    return partner


def test_an_operator_sees_a_dead_webhook_tests_it_and_switches_it_on(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    partner = a_dead_webhook(notifications)
    (seen,) = client.get("/notifications/operator/webhooks", headers=operator).json["webhooks"]
    assert (seen["organization_id"], seen["cause"], seen["waiting"]) == (str(partner), "gone", 2)
    tried = client.post(f"{of(partner)}/test", headers=operator).json["delivery_id"]
    notifications.dispatch()
    shown = client.get(f"{DELIVERIES}/{tried}", headers=operator).json
    assert (shown["kind"], shown["state"], shown["cause"]) == ("test", "parked", "connection-failed")
    refused = client.post(f"{of(partner)}/replay", json={"since": NOW.isoformat()}, headers=operator)
    assert (refused.status_code, refused.json["slug"]) == (409, "webhook.disabled")
    assert client.post(f"{of(partner)}/webhook/enable", headers=operator).json["leaving"] == 1
    assert client.post(f"{of(partner)}/webhook/enable", headers=operator).status_code == 409
    again = client.post(f"{of(partner)}/replay", json={"since": NOW.isoformat()}, headers=operator).json
    assert (again["leaving"], again["next"]) == (2, None)


@pytest.mark.parametrize("since", ["yesterday", "2026-11-20T08:00:00", None])
def test_a_moment_without_its_zone_is_none(client: FlaskClient, operator: dict[str, str], since: str | None) -> None:
    answer = client.post(f"{of(uuid4())}/replay", json={"since": since}, headers=operator)
    assert answer.status_code == 422
    assert "since" in answer.json["fields"]["json"]


@pytest.mark.parametrize("path", ["test", "replay", "webhook/enable"])
def test_the_doors_to_a_channel_are_the_operators(
    client: FlaskClient, issuer: TestIssuer, operator: dict[str, str], path: str
) -> None:
    body = {"since": NOW.isoformat()}
    lead = bearer(issuer.token(sub="lea", roles=["lead"]))
    partner = as_partner(issuer, uuid4())
    assert client.post(f"{of(uuid4())}/{path}", json=body).status_code == 401
    assert [client.post(f"{of(uuid4())}/{path}", json=body, headers=one).status_code for one in (lead, partner)] == [
        403,
        403,
    ]
    assert client.post(f"{of(uuid4())}/{path}", json=body, headers=operator).status_code == 404


def test_the_lead_switches_a_webhook_on_from_the_page(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer
) -> None:
    partner = a_dead_webhook(notifications)
    text = page(client, "/notifications/deliveries", issuer, "lead")[1]
    assert "Switch on again: Kammer" in text
    headers = bearer(issuer.token(sub="lea", roles=["lead"]))
    path = f"/notifications/organizations/{partner}/webhook/enable"
    assert client.get(path, headers=headers).status_code == 405
    assert client.post(path, headers=bearer(issuer.token(sub="n", roles=["navigator"]))).status_code == 403
    answer = client.post(path, headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/notifications/deliveries")
    assert "Switch on again" not in page(client, "/notifications/deliveries", issuer, "lead")[1]


def page(client: FlaskClient, path: str, issuer: TestIssuer, role: str, **query: Any) -> tuple[int, str]:
    headers = bearer(issuer.token(sub="lea", roles=[role]))
    answer = client.get(path, headers=headers, query_string={"lang": "en", **query})
    return answer.status_code, answer.text


def test_the_page_of_a_referral_shows_every_attempt(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer
) -> None:
    referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    notifications.dispatch()
    status, text = page(client, f"/notifications/referrals/{referral}", issuer, "navigator")
    assert status == 200
    for words in ("R-26-4F7KQ", "Mailbox missing", "Parked", "New referral", "Kammer"):
        assert words in text
    assert "what can be done" not in text
    assert "what can be done" in page(client, f"/notifications/referrals/{referral}", issuer, "lead")[1]
    assert page(client, f"/notifications/referrals/{uuid4()}", issuer, "lead")[0] == 200


def test_the_overview_shows_what_is_stuck_by_cause(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer
) -> None:
    assert "Nothing is stuck." in page(client, "/notifications/deliveries", issuer, "lead")[1]
    notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    notifications.dispatch()
    status, text = page(client, "/notifications/deliveries", issuer, "operations", state="parked")
    assert status == 200
    assert text.count("Mailbox missing") == 2
    assert page(client, "/notifications/deliveries", issuer, "lead", state="nonsense")[0] == 200
    assert page(client, "/notifications/deliveries", issuer, "navigator")[0] == 403


def test_sending_again_from_the_page_leads_back_to_it(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer
) -> None:
    referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    notifications.dispatch()
    (delivery,) = notifications.deliveries(referral)
    headers = bearer(issuer.token(sub="lea", roles=["lead"]))
    answer = client.post(f"/notifications/deliveries/{delivery['delivery_id']}/replay", headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/notifications/deliveries/{delivery['delivery_id']}?done=1",
    )
    assert notifications.states(referral) == ["pending"]
    assert client.get("/notifications/", headers=headers).status_code == 302


def test_what_the_network_offers_is_described(client: FlaskClient) -> None:
    document = client.get("/notifications/openapi.json").json
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert {"/partner/v1/events", "/partner/v1/acknowledgements"} <= set(document["paths"])


UNITS = "/notifications/units/"


def test_the_lead_sets_hours_and_a_substitute_from_the_page(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer
) -> None:
    unit = notifications.an_organization(ChannelKind.LIGHT, mailbox="team-m@amt.example")
    lead, other = bearer(issuer.token(sub="lea", roles=["lead"])), bearer(issuer.token(sub="n", roles=["navigator"]))
    assert client.post(f"{UNITS}hours", data={"begins": "19:00", "ends": "07:00"}, headers=other).status_code == 403
    hours = client.post(f"{UNITS}hours", data={"begins": "19:00", "ends": "07:00"}, headers=lead)
    absence = {"from_on": "2026-11-24", "until_on": "2026-11-26", "substitute_mailbox": "team-n@amt.example"}
    away = client.post(f"{UNITS}{unit}/absences", data=absence, headers=lead)
    assert (hours.status_code, away.status_code, away.headers["Location"]) == (303, 303, f"{UNITS}{unit}")
    again = client.post(f"{UNITS}{unit}/absences", data=absence, headers=lead)
    assert again.status_code == 409
    assert "schon eine Vertretung" in again.text
    assert "team-n@amt.example" in page(client, UNITS, issuer, "lead")[1]
    text = page(client, f"{UNITS}{unit}", issuer, "operations")[1]
    assert 'value="19:00"' in text
    [end] = [part.partition('"')[0] for part in text.split('action="') if "/end" in part.partition('"')[0]]
    assert client.post(end, headers=other).status_code == 403
    assert client.post(end, headers=lead).status_code == 303
    assert client.post(end, headers=lead).status_code == 404


@pytest.mark.parametrize(
    ("path", "given", "said"),
    [
        ("hours", {"begins": "late", "ends": ""}, "a time of day such as 19:00"),
        ("absences", {"from_on": "", "until_on": "2026-11-26", "substitute_mailbox": "n@amt.example"}, "a date"),
        (
            "absences",
            {"from_on": "2026-11-24", "until_on": "2026-11-26", "substitute_mailbox": "n@elsewhere.example"},
            "a mail address of the same organization",
        ),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_what_was_typed_stays(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer, path: str, given: dict[str, str], said: str
) -> None:
    unit = notifications.an_organization(ChannelKind.LIGHT, mailbox="team-m@amt.example")
    headers = bearer(issuer.token(sub="lea", roles=["lead"]))
    answer = client.post(f"{UNITS}{unit}/{path}", data=given, headers=headers, query_string={"lang": "en"})
    assert answer.status_code == 422
    assert said in answer.text
    assert all(f'value="{typed}"' in answer.text for typed in given.values() if typed)
    assert notifications.said() == []


def test_an_operator_does_the_same_by_command(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    unit = notifications.an_organization(ChannelKind.LIGHT, mailbox="team-m@amt.example")
    of = f"/notifications/operator/organizations/{unit}"
    absence = {"from_on": "2026-11-23", "until_on": "2026-11-26", "substitute_mailbox": "team-n@amt.example"}
    assert (
        client.put(f"{of}/quiet-hours", json={"begins": "19:00", "ends": "07:00"}, headers=operator).status_code == 200
    )
    everybody = "/notifications/operator/units/everybody/quiet-hours"
    assert client.put(everybody, json={"begins": "20:00", "ends": "06:00"}, headers=operator).status_code == 200
    wrong = client.put(f"{of}/quiet-hours", json={"begins": "x"}, headers=operator)
    assert (wrong.status_code, wrong.json["fields"]) == (422, {"begins": "a-time-of-day", "ends": "a-time-of-day"})
    entered = client.post(f"{of}/absences", json=absence, headers=operator).json
    [row] = client.get("/notifications/operator/units", headers=operator).json["units"]
    assert (row["quiet_from"], row["from_on"], row["absence_id"]) == ("19:00", "2026-11-23", entered["absence_id"])
    end = f"/notifications/operator/absences/{entered['absence_id']}/end"
    assert client.post(end, headers=operator).json == {**entered}
    assert client.get("/notifications/operator/units", headers=operator).json["units"][0]["absence_id"] is None
