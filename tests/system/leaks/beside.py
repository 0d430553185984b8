"""What is written beside a case: a note, goals and steps of a plan, an appointment, and who comes along to it.

The appointment is sealed by the partner, the declaration is signed by a helper's own account, and both files for a
calendar are fetched: the desk's and the person's own.
"""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import requests
from joserfc import jwe
from joserfc.jwk import KeySet

from deploy.demo.partners.office import SEALING
from deploy.demo.story import IHK, TODAY
from tests.system.leaks import plants
from tests.system.leaks.entering import HIDDEN, enter

if TYPE_CHECKING:
    from tests.system.leaks.scene import Scene

JSON = dict[str, Any]
FILE = re.compile(r'href="(/referral/[^"]+[.]ics)"')
GOAL = re.compile(r"/plan/goals/([0-9a-f-]{36})/")

#: What is looked for by name, as in `later.NAMED`.
NAMED = {
    "notes": ("tables", "referral.case_notes"),
    "goals": ("tables", "referral.plan_goals"),
    "steps": ("tables", "referral.plan_steps"),
    "appointments": ("tables", "referral.appointments"),
    "whoever comes along": ("tables", "referral.helpers"),
    "answers to helpers": ("pages and answers", "POST /referral/api/v1/referrals/"),
}


def everything_beside(scene: "Scene", name: str, referral: str) -> None:
    """All of it, for one enquiry of the story and a referral of it that a body has taken over."""
    enquiry, referral_id = scene.story.ids[name], scene.story.ids[referral]
    _note(scene, enquiry, referral_id)
    person_id = scene.desk.get(f"/referral/api/v1/enquiries/{enquiry}")["person_id"]
    _plan(scene, enquiry, person_id)
    _appointment(scene, referral_id)
    _helper(scene, referral_id)
    _her_calendar(scene, enquiry)
    for path in (f"/referral/referrals/{referral_id}", f"/referral/enquiries/{enquiry}", "/referral/"):
        shown = scene.visitor(scene.story._token("nina-navigator")).get(f"{scene.origin}{path}", timeout=20)
        assert shown.status_code == 200, f"{path}: {shown.status_code}"


def _in_days(days: int) -> str:
    return (date.fromisoformat(TODAY) + timedelta(days=days)).isoformat()


def _note(scene: "Scene", enquiry: str, referral_id: str) -> None:
    form = {
        "words": plants.NOTE,
        "next_step": "CALL_AGAIN",
        "due_on": _in_days(3),
        "referral_id": referral_id,
        "request_key": uuid4().hex,
    }
    scene.press("nina-navigator", f"/referral/enquiries/{enquiry}/notes", form)


def _plan(scene: "Scene", enquiry: str, person_id: str) -> None:
    plan = f"/referral/enquiries/{enquiry}/persons/{person_id}/plan"
    step = {"owner": "PERSON", "due_on": _in_days(9)}
    first = {"goal": plants.GOAL, "step": plants.STEP, **step, "request_key": uuid4().hex}
    page = scene.press("nina-navigator", f"{plan}/goals", first)
    goal = GOAL.findall(page.text)[0]
    scene.press(
        "nina-navigator",
        f"{plan}/goals/{goal}/steps",
        {"step": plants.SECOND_STEP, **step, "request_key": uuid4().hex},
    )
    printed = scene.visitor(scene.story._token("nina-navigator")).get(f"{scene.origin}{plan}?lang=fr", timeout=20)
    assert printed.status_code == 200 and plants.STEP in printed.text


def _appointment(scene: "Scene", referral_id: str) -> None:
    """Another time than the body named first, in words of its own, sealed as its system would."""
    partner = scene.visitor(scene.partner_token(IHK))
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=5)
    told = {"starts_at": at.isoformat().replace("+00:00", "Z"), "minutes": 30, "place": plants.PLACE}
    keys = requests.get(f"{scene.origin}/partner/.well-known/jwks.json", timeout=20).json()
    [key, *_] = KeySet.import_key_set(keys).keys
    header = {"alg": "RSA-OAEP-256" if key.key_type == "RSA" else "ECDH-ES+A256KW", "enc": "A256GCM", "kid": key.kid}
    words = json.dumps({**told, "bring": plants.BRING}, ensure_ascii=False).encode()
    path = f"{scene.origin}/partner/v1/referrals/{referral_id}"
    answer = partner.post(
        f"{path}/actions/set_appointment",
        json={"sealed_appointment": jwe.encrypt_compact(header, words, key, algorithms=SEALING)},
        headers={"If-Match": f'"{partner.get(path, timeout=20).json()["version"]}"', "Idempotency-Key": str(uuid4())},
        timeout=20,
    )
    assert answer.status_code == 200, answer.text[:300]


def _helper(scene: "Scene", referral_id: str) -> None:
    """Invited by name, told the code, signs, looks, and takes no more part in it."""
    timeline = scene.desk.get(f"/referral/api/v1/referrals/{referral_id}")["timeline"]
    appointment = [one["data"]["appointment_id"] for one in timeline if one["type"] == "referral.appointment_set.v1"][
        -1
    ]
    api = f"/referral/api/v1/referrals/{referral_id}"
    body = {"kind": "interpreter", "name": plants.HELPER}
    code = scene.desk.post(f"{api}/appointments/{appointment}/helpers", body)["code"]
    scene.desk.get(f"{api}/helpers")
    helper, page = scene.visitor(scene.story._token("hanna-helper")), f"{scene.origin}/referral/help"
    helper.post(f"{page}/ends", timeout=20)  # a network kept from before may have left her at another one
    hidden = dict(HIDDEN.findall(helper.get(page, timeout=20).text))
    signed = helper.post(f"{page}/declarations", data={**hidden, "code": code, "signed": "true"}, timeout=20)
    assert signed.status_code == 200 and plants.PLACE in signed.text, signed.text[:300]
    file = f"{scene.origin}/referral/referrals/{referral_id}/appointments/{appointment}.ics"
    fetched = scene.visitor(scene.story._token("nina-navigator")).get(file, timeout=20)
    assert fetched.status_code == 200 and fetched.headers["Content-Type"].startswith("text/calendar")
    helper.post(f"{page}/ends", timeout=20)


def _her_calendar(scene: "Scene", enquiry: str) -> None:
    """By the code on a card: what she is expected at, her plan, and the file for her own calendar."""
    her, page = enter(scene, enquiry)
    assert plants.PLACE in page.text and plants.HELPER in page.text
    [file] = FILE.findall(page.text)
    assert her.get(f"{scene.origin}{file}", timeout=20).status_code == 200
    assert plants.GOAL in her.get(f"{scene.origin}/referral/my/plan", timeout=20).text
