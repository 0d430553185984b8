"""The whole story with planted words, and everything that can go wrong with them, on a running network."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import amqp
import requests

from contracts.topology import partner_exchange, partner_user
from deploy.demo import stage, story
from deploy.demo.desk import Desk
from deploy.demo.network import Network
from deploy.demo.participants import PARTICIPANTS
from deploy.demo.participation import participations
from deploy.demo.places import free_port, read_state
from deploy.demo.story import IHK, Row, Story
from lotse.broker import Broker
from tests.system.leaks import plants, strays
from tests.system.leaks.beside import everything_beside
from tests.system.leaks.editorial import everything_editorial
from tests.system.leaks.later import everything_later
from tests.system.leaks.places import amqp_connection
from tests.system.leaks.private import everything_private
from tests.system.leaks.tap import Tap, tapped
from tests.system.leaks.traffic import Recorder, Traffic

JSON = dict[str, Any]
CAST = {
    "AMIRA": plants.QUAXILDE,
    "BOGDAN": plants.BOGDAN,
    "CEREN": plants.CEREN,
    "DARIO": plants.DARIO,
    "COMPANY": plants.COMPANY,
}


@dataclass
class Scene:
    """A running network with our ears on it; `pid` is the process that started all others."""

    dev: Path
    network: Network
    tap: Tap
    recorder: Recorder
    pid: int
    traffic: Traffic = field(default_factory=Traffic)
    strays: int = 0

    def __post_init__(self) -> None:
        self.state = read_state(self.dev)
        self.story = Story(stage.setting(self.state, self.dev))
        for desk in (self.story.desk, self.story.editor, self.story.operations):
            desk._http.hooks["response"].append(self.traffic.keep)

    @property
    def desk(self) -> Desk:
        return self.story.desk

    @property
    def origin(self) -> str:
        return str(self.state["origin"])

    @property
    def broker(self) -> Broker:
        return Broker(self.state["broker"]["management_url"], self.state["broker"]["vhost"])

    @property
    def amqp_uri(self) -> str:
        """The administrator's way into the virtual host."""
        vhost = self.state["broker"]["vhost"]
        return f"{self.network.rabbit.amqp_uri.rstrip('/')}/{vhost}"

    def play(self) -> list[Row]:
        """The demo's story, with our people in it, and then everything else that holds words."""
        with patch.multiple(story, **CAST):
            self.story.play()
        if all(row.held for row in self.story.rows):
            self.more_words()
        return self.story.rows

    def play_a_part(self, *steps: str) -> None:
        """Some steps of it, for a look at what is written beside a case."""
        with patch.multiple(story, **CAST):
            for title, _, act in self.story.steps():
                if title in steps:
                    act()

    def more_words(self) -> None:
        """Comments, corrections, searches, an answer that consent does not cover, an erasure."""
        desk, ids = self.desk, self.story.ids
        desk.post("/referral/api/v1/persons/searches", plants.SEARCHED)
        need = {"topic": "SPRACHE", "urgency": "low"}
        path = f"/referral/api/v1/enquiries/{ids['bogdan']}/needs"
        desk.post(path, need, **{"Idempotency-Key": f"{plants.WRONG_HEADER}-{uuid4()}"})
        found = desk.post(
            "/referral/api/v1/persons/searches",
            {
                "given_name": self.story.stage_name(plants.QUAXILDE),
                "family_name": plants.QUAXILDE["family_name"],
                "birth_date": plants.QUAXILDE["birth_date"],
            },
        )
        assert found["enquiries"] == [ids["amira"]]
        desk.post(
            f"/referral/api/v1/enquiries/{ids['amira']}/rectifications",
            {"person": {"address": plants.RECTIFIED, "health_note": "Hat nun auch Plumpsfieber zweiter Art"}},
        )
        everything_beside(self, "amira", "amira-ihk")
        self._comment_by_hand()
        self._cancel_with_words()
        desk.get(f"/referral/api/v1/enquiries/{ids['amira']}/person")
        everything_private(self)
        everything_later(self)
        everything_editorial(self)
        self._erase_somebody()

    def _comment_by_hand(self) -> None:
        seen = self.desk.get(f"/referral/api/v1/referrals/{self.story.ids['amira-ihk']}")
        body = {
            "action": "end",
            "way": "phone",
            "told_on": story.TODAY,
            "reason": "OTHER",
            "comment": plants.COMMENT,
        }
        headers = {"If-Match": f'"{seen["version"]}"'}
        self.desk.post(f"/referral/api/v1/referrals/{seen['id']}/records", body, **headers)

    def _cancel_with_words(self) -> None:
        referral = self.story.ids["dario-hwk"]
        self.desk.act(referral, "cancel", {"reason": "OTHER", "comment": plants.CANCELLED})

    def _erase_somebody(self) -> None:
        lead = Desk(self.origin, lambda: self.story._token("lena-lead"))
        lead._http.hooks["response"].append(self.traffic.keep)
        lead.post(f"/referral/api/v1/enquiries/{self.story.ids['dario']}/erasures", {})

    def go_astray(self) -> int:
        """Everything that can be sent wrong, with words in it; how many requests and commands that were."""
        callers = {
            name: self._caller(f"{name}-{role}")
            for name, role in (("nina", "navigator"), ("lena", "lead"), ("edda", "editor"), ("dora", "dpo"))
        }
        callers["operations"] = self._session(self.story.setting.operator())
        callers["partner"] = self._session(self.partner_token(IHK))
        callers["nobody"] = self._session(None)
        sent = strays.wrong_requests(self.origin, callers, self.story.ids)
        return sent + self._wrong_commands()

    def visitor(self, token: str | None = None) -> requests.Session:
        """Somebody whose requests are as they should be."""
        session = self._session(token)
        session.hooks["response"] = [self.traffic.keep]
        return session

    def press(self, user: str, path: str, form: JSON) -> requests.Response:
        """Send the form of a page, as this member of staff."""
        answer = self.visitor(self.story._token(user)).post(f"{self.origin}{path}", data=form, timeout=20)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer

    def send_file(self, path: str, content: bytes) -> JSON:
        """Hand in a paper at the staff API."""
        answer = self.visitor(self.story._token("nina-navigator")).post(
            f"{self.origin}{path}",
            data={"kind": "CERTIFICATE"},
            files={"file": (plants.PAPER_NAME, content, "application/pdf")},
            headers={"Idempotency-Key": str(uuid4())},
            timeout=20,
        )
        assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text[:300]}"
        return dict(answer.json())

    def _caller(self, user: str) -> requests.Session:
        return self._session(self.story._token(user))

    def _session(self, token: str | None) -> requests.Session:
        session = requests.Session()
        session.headers["Accept"] = "text/html, application/json;q=0.5"
        if token:
            session.headers["Authorization"] = f"Bearer {token}"
        session.hooks["response"].append(self.traffic.keep_stray)
        return session

    def partner_token(self, organization: object) -> str:
        partner = next(one for one in PARTICIPANTS if one.organization_id == organization)
        answer = requests.post(
            f"{self.state['issuer']}/token",
            data={"grant_type": "client_credentials"},
            auth=(partner.client_id, self.network.secrets[partner.client_id]),
            timeout=20,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def pull_feed(self) -> None:
        """What a partner that pulls is told, from the beginning, without saying that it was taken."""
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.partner_token(IHK)}"
        session.hooks["response"].append(self.traffic.keep)
        cursor = "0"
        while (page := session.get(f"{self.origin}/partner/v1/events?after={cursor}&limit=100", timeout=20).json())[
            "events"
        ]:
            cursor = str(page["cursor"])

    def _wrong_commands(self) -> int:
        """Garbage in the queue for partners' commands, by a partner that may write there."""
        hwk = PARTICIPANTS[0].organization_id
        uri = self.network.amqp_uri(partner_user(hwk), self.network.secrets["partner-amqp"])
        referral = self.story.ids["bogdan-hwk"]
        with amqp_connection(uri) as connection:
            channel = connection.channel()
            messages = list(wrong_commands(hwk, referral))
            for body, key, headers in messages:
                message = amqp.Message(
                    body,
                    delivery_mode=2,
                    user_id=partner_user(hwk),
                    message_id=plants.WRONG_COMMAND,
                    correlation_id=plants.WRONG_COMMAND,
                    application_headers=headers,
                )
                channel.basic_publish(message, exchange=partner_exchange(hwk), routing_key=key)
            channel.close()
        return len(messages)


def wrong_commands(hwk: object, referral: str) -> Iterator[tuple[bytes, str, JSON]]:
    """Unreadable, unknown, unfit, with words wherever words fit."""
    word, route = plants.WRONG_COMMAND, plants.WRONG_ROUTE
    whole = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": f"/partners/{hwk}",
        "type": "partner.accept.v1",
        "subject": f"referral/{referral}",
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "expectedversion": 1,
        "data": {},
    }
    changes: tuple[JSON, ...] = (
        {"data": {"reason": word, "comment": word, word: word}},
        {"data": {"sealed_comment": word}, "type": "partner.reject.v1"},
        {"data": {"reason": "OTHER", "sealed_comment": word}, "type": "partner.reject.v1"},
        {"type": f"partner.{word}.v1"},
        {"subject": f"referral/{word}"},
        {"source": f"/partners/{word}"},
        {"id": word},
        {"time": word},
        {word.lower(): word},
        {"data": word},
        {"expectedversion": word},
        {"subject": f"referral/{uuid4()}", "data": {"contact_by": word}},
    )
    yield f"kein JSON, aber {word}".encode(), f"partner.{route}.v1", {}
    yield json.dumps([word]).encode(), route, {"x-name": word}
    yield word.encode("utf-16"), route, {word: word}
    for change in changes:
        body = {**whole, "id": str(uuid4()), **change}
        yield json.dumps(body).encode(), str(body["type"]), {"ce-subject": word}


@contextmanager
def listening(dev: Path, pid: int) -> Iterator[Scene]:
    """Tap the broker and stand before the webhook of the IHK; afterwards everything is as it was."""
    network = Network(dev)
    state = read_state(dev)
    broker = Broker(state["broker"]["management_url"], state["broker"]["vhost"])
    uri = f"{network.rabbit.amqp_uri.rstrip('/')}/{state['broker']['vhost']}"
    partner = f"http://127.0.0.1:{network.ports['webhook']}/lotsennetz"
    with tapped(broker, uri) as tap, Recorder(partner, free_port(), plants.PARTNER_ERROR) as recorder:
        move_webhook(network, recorder.url)
        try:
            yield Scene(dev, network, tap, recorder, pid)
        finally:
            move_webhook(network, partner)


def move_webhook(network: Network, url: str) -> None:
    """Import the participations anew with this address for the IHK's webhook."""
    keys = {one.slug: network.keys.partner_public(one.slug) for one in PARTICIPANTS if one.has_own_key}
    rows = participations(datetime.now(UTC).date(), webhook_urls={"ihk-aachen": url}, public_keys=keys)
    lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    token = stage.sign_in(network.issuer, stage.STORY_CLIENT, f"{network.origin}/story", "edda-editor")
    stage._import(network.origin, token, lines)
