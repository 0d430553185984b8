"""The person's own door, and what a form of a page brings along unseen."""

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import requests

if TYPE_CHECKING:
    from tests.system.leaks.scene import Scene

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
CODE = re.compile(r"[2-9A-Z]{5}-[2-9A-Z]{5}")


def enter(scene: "Scene", enquiry: str, **card: str) -> tuple[requests.Session, requests.Response]:
    """A card is made for her at the desk; by its code she enters, and is shown what it leads to."""
    form = {"language": "fr", "way": "shown", "mail_is_safe": "no", "request_key": uuid4().hex, **card}
    shown = scene.press("nina-navigator", f"/referral/enquiries/{enquiry}/person-links", form)
    [code] = set(CODE.findall(shown.text))
    her, my = scene.visitor(), f"{scene.origin}/referral/my"
    door = her.post(f"{my}/code", data={"code": code}, timeout=20, allow_redirects=False).headers["Location"]
    return her, her.post(f"{scene.origin}{door}", timeout=20)
