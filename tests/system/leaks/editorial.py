"""What is written about the directory: a clerk's wish and why, an editor's reason, a doubt; and the pages that show it.

These words are about bodies and not about persons, but somebody may name one all the same: so they stay where editors
read them, and no event, mail, log or other service's table says them.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from contracts import assurance_link
from deploy.demo.databases import at_database
from deploy.demo.story import HWK, HWK_RECOGNITION, IHK_RECOGNITION
from tests.integration.directory.pages import form_of
from tests.system.leaks import plants

if TYPE_CHECKING:
    import requests

    from tests.system.leaks.scene import Scene

PROPOSAL = re.compile(r'href="/directory/proposals/([0-9a-f-]{36})"')
ENTRY = f"/directory/objects/organization/{HWK}"

#: What is looked for by name, as in `later.NAMED`.
NAMED = {
    "proposals": ("tables", "directory.proposals"),
    "histories of entries": ("tables", "directory.object_history"),
    "doubts": ("tables", "directory.assurance_doubts"),
    "who takes part": ("tables", "directory.standings"),
    "overlaps": ("tables", "directory.overlap_notices"),
    "proposals to be told": ("tables", "notifications.proposals"),
    "rankings": ("tables", "referral.matchings"),
    "choices": ("tables", "referral.choices"),
    "the page of proposals": ("pages and answers", "GET /directory/proposals -> 200"),
    "an entry with its history": ("pages and answers", f"GET {ENTRY} -> 200"),
    "is it still true": ("pages and answers", "GET /directory/confirm/"),
    "the public site": ("pages and answers", "GET /directory/help/de/find -> 200"),
    "opening hours": ("pages and answers", f"GET /hsds/services/{IHK_RECOGNITION}/hours.ics -> 200"),
    "a contact card": ("pages and answers", "/contact-cards -> 200"),
    "gaps and overlaps": ("pages and answers", "GET /directory/coverage -> 200"),
    "steering figures": ("pages and answers", "GET /referral/steering -> 200"),
    "steering figures as a file": ("pages and answers", "GET /referral/steering/obstacles.csv -> 200"),
}
#: Where these words may stand: in what the editors keep, and on the pages that show it to them and to the partner.
OF_EDITORS = re.compile(
    r"tables( \(binary\))?: directory\.(proposals|object_history|assurance_doubts)$"
    r"|(pages and|error) answers: (GET|POST) /directory/(proposals|objects|assurance|confirm)\b.* -> \d+$"
)


def everything_editorial(scene: "Scene") -> None:
    """A wish that is declined, one that is released, a doubt; then every page is looked at."""
    _proposed(scene, plants.PROPOSED, plants.DECLINED_WISH)
    scene.press("edda-editor", f"/directory/proposals/{_waiting(scene)}/decline", {"reason": plants.DECLINED_BECAUSE})
    _proposed(scene, "Kammer am Platz", plants.RELEASED_WISH)
    _released(scene)
    _doubted(scene)
    _looked_at(scene)


def _proposed(scene: "Scene", name: str, why: str) -> None:
    clerk = scene.visitor(scene.story._token("klara-clerk"))
    form = form_of(_page(scene, clerk, f"{ENTRY}/edit"))
    scene.press("klara-clerk", f"{ENTRY}/edit", {**form, "alternate_name": name, "_why": why, "_do": "save"})


def _waiting(scene: "Scene") -> str:
    page = _page(scene, scene.visitor(scene.story._token("edda-editor")), "/directory/proposals")
    [found] = set(PROPOSAL.findall(page.partition('id="decided"')[0]))
    return str(found)


def _released(scene: "Scene") -> None:
    address = f"/directory/proposals/{_waiting(scene)}"
    editor = scene.visitor(scene.story._token("edda-editor"))
    scene.press("edda-editor", f"{address}/release", form_of(_page(scene, editor, address), "release"))


def _doubted(scene: "Scene") -> None:
    """By a link as it is mailed; that it was time to ask is written down here."""
    ask_id = uuid4()
    with psycopg.connect(at_database(scene.network.postgres.dsn, "directory"), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO assurance_asks (ask_id, organization_id, asked_at, asked_by)"
            " VALUES (%s, %s, now(), 'system:clock')",
            (ask_id, HWK),
        )
    key = bytes.fromhex(Path(scene.network.environment("directory")["DEPLOYMENT_KEY_FILE"]).read_text().strip())
    door = f"/directory/confirm/{assurance_link.sign(key, ask_id, datetime.now(UTC) + timedelta(days=1))}"
    body = scene.visitor()
    _page(scene, body, door)
    said = {"service_id": str(HWK_RECOGNITION), "words": plants.DOUBTED}
    assert body.post(f"{scene.origin}{door}/doubts", data=said, timeout=20).status_code == 200


def _looked_at(scene: "Scene") -> None:
    ids = scene.story.ids
    people = {name: scene.visitor(scene.story._token(name)) for name in ("edda-editor", "klara-clerk", "lena-lead")}
    for name, path in (
        ("edda-editor", "/directory/proposals"),
        ("klara-clerk", "/directory/proposals"),
        ("edda-editor", ENTRY),
        ("klara-clerk", ENTRY),
        ("edda-editor", "/directory/assurance"),
        ("lena-lead", "/directory/coverage"),
        ("lena-lead", "/directory/coverage/ANERKENNUNG/05334"),
        ("lena-lead", "/referral/steering"),
        ("lena-lead", "/referral/steering/obstacles.csv"),
    ):
        _page(scene, people[name], path)
    anybody = scene.visitor()
    for path in (
        "/directory/help/de/find?topic=ANERKENNUNG",
        f"/directory/help/ar/services/{HWK_RECOGNITION}",
        f"/directory/help/ar/services/{HWK_RECOGNITION}/card",
        f"/hsds/services/{IHK_RECOGNITION}/hours.ics",
    ):
        _page(scene, anybody, path)
    card = f"/referral/enquiries/{ids['ceren']}/needs/{ids['ceren/ANERKENNUNG']}/contact-cards"
    scene.press("nina-navigator", card, {"service_id": str(HWK_RECOGNITION), "request_key": uuid4().hex})


def _page(scene: "Scene", who: "requests.Session", path: str) -> str:
    answer = who.get(f"{scene.origin}{path}", timeout=30)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
    return answer.text
