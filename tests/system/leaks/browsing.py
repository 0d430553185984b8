"""A navigator at a real browser with planted words: every address it asked for, every header and page it got."""

from playwright.sync_api import Browser, Page, Response

from tests.browser.rig import page_of
from tests.system.leaks import plants
from tests.system.leaks.scene import Scene
from tests.system.leaks.traffic import Exchange, Traffic

PERSON = ("given_name", "family_name", "birth_date", "phone", "email", "postal_code", "city", "occupation", "note")


class Eyes:
    """What passes between the browser and the network, and what the reader sees of it."""

    def __init__(self, page: Page, traffic: Traffic) -> None:
        self._page, self._traffic = page, traffic
        self._last = ("GET", 200)
        page.on("response", self._keep)
        page.on("framenavigated", lambda frame: traffic.history.append(frame.url))

    def _keep(self, answer: Response) -> None:
        asked = answer.request
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        referrer = asked.headers.get("referer", "")
        self._traffic.exchanges.append(Exchange(asked.method, answer.url, answer.status, headers, b"", referrer))
        if asked.is_navigation_request():
            self._last = (asked.method, answer.status)

    def look(self) -> None:
        """Keep the page as it stands, and what the browser remembers of it."""
        page, (method, status) = self._page, self._last
        self._traffic.exchanges.append(Exchange(method, page.url, status, "", page.content().encode()))
        self._traffic.history += page.evaluate("[location.href, document.referrer, document.cookie, document.title]")
        remembered = "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])"
        self._traffic.history.append(page.evaluate(remembered))


def browse(browser: Browser, scene: Scene) -> None:
    """Sign in, search, fill in the form wrongly and rightly, look at what came of it; sign out."""
    with page_of(browser, language="en", alone=True) as page:
        page.set_default_timeout(30_000)
        eyes = Eyes(page, scene.traffic)
        page.goto(f"{scene.origin}/referral/")
        page.get_by_role("button", name="Nina Beispiel").click()
        eyes.look()
        _search(page, eyes)
        _take_down(page, eyes)
        for step in (
            "a[href*='/needs/']",
            "form[action$='/referrals'] button",
            "form[action$='/actions/prepare'] button",
        ):
            page.locator(step).first.click()
            eyes.look()
        _look_around(page, eyes, scene)
        page.locator("form[action$='/sign-out'] button").click()
        eyes.look()


def _search(page: Page, eyes: Eyes) -> None:
    form = page.locator("form[action='/referral/enquiries/search']")
    page.locator("details", has=form).locator("summary").click()
    for name, value in plants.SEARCHED.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("button").click()
    eyes.look()


def _take_down(page: Page, eyes: Eyes) -> None:
    for email in ("ohne Klammeraffe", plants.QUAXILDE["email"]):
        page.goto(page.url.split("/referral/")[0] + "/referral/enquiries/new")
        for name in PERSON:
            page.locator(f"[name={name}]").fill(plants.QUAXILDE[name])
        page.locator("[name=email]").evaluate("field => { field.type = 'text' }")
        page.locator("[name=email]").fill(email)
        page.locator("[name=topics]").first.check()
        page.locator("form[action='/referral/enquiries/']").evaluate("form => { form.noValidate = true }")
        page.locator("form[action='/referral/enquiries/'] button").first.click()
        eyes.look()


def _look_around(page: Page, eyes: Eyes, scene: Scene) -> None:
    ids = scene.story.ids
    for path in (
        f"/referral/enquiries/{ids['amira']}",
        f"/referral/enquiries/{ids['kmu']}",
        *(f"/referral/referrals/{ids[name]}" for name in ("amira-ihk", "amira-kia", "bogdan-hwk", "kmu-agentur")),
        f"/notifications/referrals/{ids['amira-ihk']}",
        "/referral/tracking?status=all",
        "/referral/tracking",
        "/referral/",
    ):
        page.goto(f"{scene.origin}{path}")
        eyes.look()
