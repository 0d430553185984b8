"""What a person hands in and does herself, and what her officer may see of it, with planted words.

Papers that travel to a partner, a page of her own behind a link, access to everything about her, what staff told by
telephone, a household, and the pages and files of a data-protection officer.
"""

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from contracts.codes import HoldReason
from deploy.demo.story import FULL, IHK, IHK_RECOGNITION, TODAY
from tests.system.leaks import plants
from tests.system.leaks.entering import HIDDEN, enter
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.system.leaks.scene import Scene

JSON = dict[str, Any]
NAME = "papierine"
LINKS = re.compile(r'href="(/referral/data-protection/[a-z./-]+)"')


def everything_private(scene: "Scene") -> None:
    """All of it, in the order in which it would happen."""
    _refer_with_papers(scene)
    _partner_reads(scene)
    _household(scene)
    _told_by_telephone(scene)
    _her_own_page(scene)
    _letter(scene)
    _held(scene)
    _access(scene)
    _officer(scene)


def _refer_with_papers(scene: "Scene") -> None:
    story, desk = scene.story, scene.desk
    story._enquire(NAME, plants.PAPIERINE, [{"topic": "ANERKENNUNG", "urgency": "normal"}])
    story._consent(
        NAME,
        "fr",
        [story._recipient(IHK, IHK_RECOGNITION, ["ANERKENNUNG"], [*FULL, "DOCUMENTS"])],
    )
    paper = scene.send_file(f"/referral/api/v1/enquiries/{story.ids[NAME]}/documents", plants.PAPER)
    draft = desk.post(
        "/referral/api/v1/referrals",
        {
            "enquiry_id": story.ids[NAME],
            "need_id": story.ids[f"{NAME}/ANERKENNUNG"],
            "service_id": str(IHK_RECOGNITION),
            "urgency": "normal",
            "based_on": None,
        },
    )
    story.ids |= {f"{NAME}-ihk": draft["id"], f"{NAME}/paper": paper["id"]}
    desk.post(f"/referral/api/v1/referrals/{draft['id']}/documents", {"document_id": paper["id"]})
    desk.act(draft["id"], "prepare")
    desk.wait_for(draft["id"], "received", "clarification", "accepted")
    desk.ask("GET", f"/referral/api/v1/enquiries/{story.ids[NAME]}/documents/{paper['id']}")


def _partner_reads(scene: "Scene") -> None:
    """The partner takes the paper: it is sealed for the partner's key, on the way and in whatever keeps the traffic."""
    ids, partner = scene.story.ids, scene.visitor(scene.partner_token(IHK))
    path = f"{scene.origin}/partner/v1/referrals/{ids[f'{NAME}-ihk']}"
    for taken in (f"{path}/dossier", f"{path}/documents/{ids[f'{NAME}/paper']}"):
        answer = partner.get(taken, timeout=20)
        assert answer.status_code == 200, answer.text[:300]


def _household(scene: "Scene") -> None:
    path = f"/referral/api/v1/enquiries/{scene.story.ids[NAME]}/persons"
    needs = [{"topic": "SCHULE_KITA", "urgency": "normal"}]
    member = scene.desk.post(path, {"relation": "child", "person": plants.CHILD, "needs": needs})
    scene.desk.get(f"{path}/{member['person_id']}")


def _told_by_telephone(scene: "Scene") -> None:
    told = {
        "ground": "acute_danger",
        "categories": "IDENTITY",
        "told_at": f"{TODAY}T00:01",
        "recipient": plants.TOLD_TO,
        "request_key": uuid4().hex,
    }
    scene.press("nina-navigator", f"/referral/enquiries/{scene.story.ids[NAME]}/external-disclosures", told)


def _her_own_page(scene: "Scene") -> None:
    """By the code on a card: she looks, and takes back what one body may have."""
    her, entered = enter(scene, scene.story.ids[NAME])
    my = f"{scene.origin}/referral/my"
    assert entered.status_code == 200 and "/my" in entered.url, entered.url
    her.get(f"{my}/", timeout=20)
    asked = her.get(f"{my}/withdrawal", timeout=20)
    fields = dict(HIDDEN.findall(asked.text))
    assert her.post(f"{my}/withdrawal", data=fields, timeout=20).status_code == 200
    scene.desk.wait_for(scene.story.ids[f"{NAME}-ihk"], "cancelled")


def _letter(scene: "Scene") -> None:
    """A link by mail: a button and nothing about her, to the address she gave."""
    mails = scene.dev / "mail"
    before = len(list(mails.glob("*.eml")))
    form = {"language": "fr", "way": "mailed", "mail_is_safe": "yes", "request_key": uuid4().hex}
    scene.press("nina-navigator", f"/referral/enquiries/{scene.story.ids[NAME]}/person-links", form)
    eventually(lambda: len(list(mails.glob("*.eml"))) > before, timeout=60)


def _held(scene: "Scene") -> None:
    """Kept back from deletion, with the reason in words."""
    until = (date.fromisoformat(TODAY) + timedelta(days=60)).isoformat()
    form = {"reason": HoldReason.LEGAL_CLAIM, "until": until, "words": plants.HELD_BECAUSE, "request_key": uuid4().hex}
    scene.press("lena-lead", f"/referral/enquiries/{scene.story.ids[NAME]}/holds", form)
    page = scene.visitor(scene.story._token("lena-lead")).get(
        f"{scene.origin}/referral/data-protection/retention", timeout=20
    )
    assert page.status_code == 200


def _access(scene: "Scene") -> None:
    path = f"/referral/enquiries/{scene.story.ids[NAME]}/subject-access"
    for form in ("sheet", "file", "archive"):
        asked = {"language": "fr", "form": form, "identity_check": "known_in_person", "request_key": uuid4().hex}
        scene.press("lena-lead", path, asked)


def _officer(scene: "Scene") -> None:
    """Every page and file the hub leads to."""
    officer = scene.visitor(scene.story._token("dora-dpo"))
    hub = officer.get(f"{scene.origin}/referral/data-protection/", timeout=20)
    for path in sorted(set(LINKS.findall(hub.text))):
        answer = officer.get(f"{scene.origin}{path}", timeout=20)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
    for name in ("ledger.csv", "record.json"):
        answer = officer.get(f"{scene.origin}/referral/data-protection/{name}", timeout=20)
        assert answer.status_code == 200 and answer.content.count(b"\n") > 1, name
