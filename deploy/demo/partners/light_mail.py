"""Stand-in for a clerk on the light path: a mail with a link, and pages in a browser - nothing else.

The program does what her browser does: reads the unit's mailbox, opens the link, types a code of the unit's letter
where it is asked for one, presses the buttons of the forms it finds. The Jobcenter may say no more than "received"
(social data); its clerk tries to accept all the same and is refused.
The employer service of the Agentur accepts, starts and completes.
"""

import hashlib
import json
import os
import re
from datetime import date
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import requests

from deploy.demo.partners.office import TIMEOUT, Settings, Store, in_days, log, run

LINK = re.compile(r"https?://\S+/referral/desk/enter/[\w.-]+")
FORBIDDEN = "accept"
CHANGED_MEANWHILE = 412
TRIES = 5


class Forms(HTMLParser):
    """The forms of a page with the fields a browser would send back."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((values.get("action", ""), {}))
            self._inside = True
        elif self._inside and tag in ("input", "button", "textarea") and values.get("name"):
            if values.get("type") in ("radio", "checkbox") and "checked" not in values:
                return
            self.forms[-1][1].setdefault(values["name"], values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


class Browser:
    """Cookies, pages, forms. Cookies outlive a crash of the program, as a browser's do."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._http = requests.Session()
        self._http.headers["Accept"] = "text/html"
        self._http.cookies.update(json.loads(store.place("cookies") or "{}"))
        self.url = ""
        self.html = ""

    def open(self, url: str) -> int:
        return self._seen(self._http.get(url, timeout=TIMEOUT))

    def press(self, target: str, fields: dict[str, str]) -> int:
        return self._seen(self._http.post(urljoin(self.url, target), data=fields, timeout=TIMEOUT))

    def _seen(self, answer: requests.Response) -> int:
        if answer.status_code >= 500:
            answer.raise_for_status()
        self._store.keep_place("cookies", json.dumps(self._http.cookies.get_dict()))
        self.url, self.html = answer.url, answer.text
        return answer.status_code

    def forms(self) -> list[tuple[str, dict[str, str]]]:
        parser = Forms()
        parser.feed(self.html)
        return parser.forms

    def form(self, ending: str) -> tuple[str, dict[str, str]] | None:
        return next((form for form in self.forms() if form[0].rstrip("/").endswith(ending)), None)


class Clerk:
    def __init__(self) -> None:
        settings = Settings.from_environment()
        self.store = Store(settings.store)
        self.mailbox = Path(os.environ["PARTNER_MAILBOX"])
        self.address = os.environ["PARTNER_MAIL_ADDRESS"]
        self.letter = Path(os.environ.get("PARTNER_LETTER", "letter.txt"))
        self.may_only_receive = os.environ.get("PARTNER_BACK_LEVEL") == "receipt"

    def turn(self) -> None:
        for path in sorted(self.mailbox.glob("*.eml")):
            if self.store.rows("select 1 from places where name = ?", f"mail:{path.name}"):
                continue
            self.read(path)
            self.store.keep_place(f"mail:{path.name}", "read")

    def read(self, path: Path) -> None:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        if self.address not in str(mail["to"]):
            return
        body = mail.get_body(("plain",))
        link = LINK.search(body.get_content() if body else "")
        if link is None:
            return
        self.visit(link.group())

    def visit(self, link: str) -> None:
        """Open the link, press its one button, work at the desk page that follows."""
        browser = Browser(self.store)
        known = self.store.place(f"desk:{path_id(link)}")
        if known and browser.open(known) == 200:
            self.come_in(browser, known)
            return
        browser.open(link)
        entrance = browser.form(link.rpartition("/")[2])
        if entrance is None:
            self.ask_for_new(browser, link)
            return
        browser.press(entrance[0] or link, entrance[1])
        found = re.search(r"/referral/desk/referrals/([0-9a-f-]{36})", browser.url)
        if found is None:
            self.ask_for_new(browser, link)
            return
        self.store.take(path_id(link), found.group(1), "mail")
        self.store.keep_place(f"desk:{path_id(link)}", browser.url)
        self.come_in(browser, browser.url)

    def come_in(self, browser: Browser, desk: str) -> None:
        """A device the unit has not made known yet is asked for a code: it stands in the letter that came by post."""
        for code in self.letter.read_text().splitlines() if self.letter.exists() else ():
            form = browser.form("/device")
            if form is None:
                break
            if self.store.place(f"code:{path_id(code)}"):
                continue
            self.store.keep_place(f"code:{path_id(code)}", "typed")
            browser.press(form[0], {**form[1], "code": code})
        if browser.form("/device") is None:
            self.work_at(browser, desk)
        else:
            log.warning("no code of the letter makes this device known")

    def ask_for_new(self, browser: Browser, link: str) -> None:
        """The link is used up or too old: press the button that sends a new one, once, and wait for that mail."""
        renewal = browser.form("/renewals")
        if renewal is None or self.store.place(f"renewal:{path_id(link)}"):
            log.warning("the link leads nowhere any more")
            return
        browser.press(*renewal)
        self.store.keep_place(f"renewal:{path_id(link)}", "asked")
        log.info("a new link was asked for")

    def work_at(self, browser: Browser, desk: str) -> None:
        referral_id = desk.rstrip("/").rsplit("/", 1)[-1]
        self.do(browser, desk, referral_id, "receive", {})
        if self.may_only_receive:
            self.try_what_is_not_offered(browser, desk, referral_id)
        else:
            self.do(browser, desk, referral_id, "accept", {"contact_by": in_days(3)})
            self.do(browser, desk, referral_id, "start", {"first_contact_on": date.today().isoformat()})
            self.do(browser, desk, referral_id, "complete", {"outcome": "ADVICE_GIVEN"})

    def do(self, browser: Browser, desk: str, referral_id: str, action: str, fields: dict[str, str]) -> None:
        """Press it; told that the page is out of date, look again and press again, as anybody would."""
        for _ in range(TRIES):
            browser.open(desk)
            form = browser.form(f"/actions/{action}")
            status = browser.press(form[0], {**form[1], **fields}) if form else 0
            if status != CHANGED_MEANWHILE:
                break
        result = "done" if status < 400 else f"refused:{status}"
        self.note(referral_id, action, result if status else "not_offered")

    def try_what_is_not_offered(self, browser: Browser, desk: str, referral_id: str) -> None:
        """A form made by hand: the inlet must refuse it, whatever the page shows."""
        browser.open(desk)
        offered = browser.form(f"/actions/{FORBIDDEN}") is not None
        hidden = next((fields for target, fields in browser.forms() if "/actions/" in target), {})
        csrf = hidden or next((fields for _, fields in browser.forms() if "csrf_token" in fields), {})
        status = browser.press(f"{desk.partition('?')[0]}/actions/{FORBIDDEN}", {**csrf, "contact_by": in_days(3)})
        self.note(referral_id, FORBIDDEN, f"{'offered' if offered else 'not_offered'}:{status}")

    def note(self, referral_id: str, action: str, result: str) -> None:
        log.info("%s: %s", action, result)
        self.store.plan(referral_id, action, {})
        with self.store.transaction() as tx:
            tx.execute(
                "update answers set state = ? where referral_id = ? and action = ?", (result, referral_id, action)
            )


def path_id(link: str) -> str:
    """A short name of the link; the link itself is a key and is not kept."""
    return hashlib.sha256(link.encode()).hexdigest()[:32]


if __name__ == "__main__":
    run(Clerk().turn, pause=0.5)
