"""A small town of made-up referrals in all kinds of states, for looking at referral's pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from joserfc.jwk import KeySet, OKPKey

from contracts.codes import ChannelKind, Site, Topic
from contracts.directory import Channel
from contracts.event import PublicJwk, PublicText
from contracts.identity import id_of
from services.chassis.auth import caller_from_claims
from services.chassis.db import Database
from services.chassis.sessions import Session
from services.notifications.channels.desk_link import DeskLinks
from services.referral import handlers
from services.referral.commands import staff_names
from tests.browser.rig import served
from tests.integration.referral.desk_rig import a_code
from tests.integration.referral.rig import Network, recipient, to_ihk
from tests.integration.referral.scene import (
    CENTER,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    Scene,
    a_service,
    an_organization,
    some_terms,
)

VUV = id_of("organization", "vuv-aachen")
ADVICE = id_of("service", "vuv-aachen-anerkennung")
CLUB = id_of("organization", "a-club")
SPORT = id_of("service", "a-club-anerkennung")
LINK_KEY = OKPKey.generate_key("Ed25519", auto_kid=True)
PEOPLE = ["Haddad", "Öztürk", "Kovalenko", "Traoré", "Nguyen", "Silva", "Popescu", "Rahimi", "Tesfaye", "Novak"]


class Town:
    """One navigator's desk after some busy weeks."""

    def __init__(self, dsn: str) -> None:
        scene = Scene(Database(dsn))
        public = OKPKey.import_key({**LINK_KEY.as_dict(private=False), "kid": LINK_KEY.kid})
        scene.keys = replace(scene.keys, desk_links=KeySet([public]))
        self.network = Network(scene)
        self.scene = scene
        self.referrals: dict[str, str] = {}
        self.enquiries: dict[str, str] = {}
        self.name_the_bodies()
        self.live_through_some_weeks()

    def name_the_bodies(self) -> None:
        light = Channel(kind=ChannelKind.LIGHT, unit_mailbox=None)
        bodies: list[tuple[UUID, str, dict[str, Any]]] = [
            (HWK, "Handwerkskammer Aachen", {"phone": "+49 241 471-0", "website": "https://hwk.example"}),
            (IHK, "Industrie- und Handelskammer Aachen", {"phone": "+49 241 4460-0"}),
            (VUV, "Verein für Umwelt und Völkerverständigung Aachen", {"channel": light, "phone": "+49 241 33244"}),
        ]
        bodies.append((CLUB, "Sportverein Eilendorf", {"channel": Channel(kind=ChannelKind.NONE)}))
        services = [
            (HWK_SERVICE, HWK, "Anerkennungsberatung Handwerk", Topic.ANERKENNUNG),
            (IHK_SERVICE, IHK, "Anerkennungsberatung Industrie und Handel", Topic.ANERKENNUNG),
            (SPORT, CLUB, "Patenschaften im Verein", Topic.ANERKENNUNG),
            (ADVICE, VUV, "Begleitung im Anerkennungsverfahren", Topic.ANERKENNUNG),
        ]
        with self.scene.unit.work(actor="system:directory") as work:
            for organization, name, more in bodies:
                found = an_organization(organization, version=2, name=PublicText({"de": name}), email=None, **more)
                kept = self.key_of(organization) if organization in {HWK, IHK} else None
                handlers.keep_organization(work, replace(found, public_key=kept))
            for service, organization, name, topic in services:
                words = PublicText({"de": name})
                told = a_service(service, organization, version=2, name=words, topics=(topic,), terms=some_terms())
                handlers.keep_service(work, told)

    def key_of(self, organization: UUID) -> Any:
        row = self.scene.rows("SELECT snapshot -> 'public_key' AS key FROM organizations WHERE id = %s", organization)
        return PublicJwk(row[0]["key"])

    def refer(self, name: str, *recipients: Any, service: UUID = HWK_SERVICE, send: bool = True, **person: Any) -> str:
        navigator = self.network.navigator
        enquiry = navigator.enquire(
            family_name=name, given_name="Maria", phone=f"+49 170 55500{len(self.enquiries):02}", **person
        )
        self.enquiries[name] = enquiry["id"]
        if recipients:
            navigator.consent(enquiry, *recipients)
        referral_id = str(navigator.draft(enquiry, service)["id"])
        if send:
            navigator.act(referral_id, "prepare")
            self.scene.tick()
        return referral_id

    def live_through_some_weeks(self) -> None:
        hwk, ihk = self.network.hwk, self.network.ihk
        old = self.refer(PEOPLE[0], recipient())
        hwk.act(old, "receive")
        self.scene.days_pass(6)
        rejected = self.refer(PEOPLE[1], recipient(), to_ihk())
        hwk.fetch(rejected)
        hwk.act(rejected, "reject", {"reason": "NOT_COMPETENT", "better_service_id": str(IHK_SERVICE)})
        accepted = self.refer(PEOPLE[2], recipient())
        hwk.fetch(accepted)
        contact = (self.scene.clock.today() + timedelta(days=2)).isoformat()
        hwk.act(accepted, "accept", {"contact_by": contact})
        self.scene.days_pass(5)
        asked = self.refer(PEOPLE[3], to_ihk(), service=IHK_SERVICE)
        question = ihk.seal("In welchem Jahr wurde der Abschluss erworben, und gibt es eine Übersetzung?")
        ihk.act(asked, "receive")
        ihk.fetch(asked)
        ihk.act(asked, "ask", {"question": "QUALIFICATION_DETAILS", "sealed_comment": question})
        done = self.refer(PEOPLE[4], recipient())
        hwk.fetch(done)
        hwk.act(done, "accept")
        hwk.act(done, "start", {"first_contact_on": self.scene.clock.today().isoformat()})
        hwk.act(done, "complete", {"outcome": "PROCEDURE_STARTED", "obstacles": ["WAITING_TIME"]})
        self.refer(PEOPLE[5])
        draft = self.refer(PEOPLE[6], recipient(), send=False)
        light = self.refer(PEOPLE[7], recipient(VUV, ADVICE), service=ADVICE)
        self.referrals = {"old": old, "rejected": rejected, "accepted": accepted, "asked": asked}
        self.referrals |= {"done": done, "draft": draft, "requested": light}
        self.referrals["paper"] = self.refer(PEOPLE[8], recipient(CLUB, SPORT), service=SPORT)

    def sign_in(self) -> None:
        """Everybody who opens a page is the navigator; how one signs in is tested elsewhere."""
        room = self.network.app.extensions["lotsennetz"]
        claims = room.tokens.claims(self.network.navigator.token)
        caller = replace(caller_from_claims(claims, room.settings.deployment_key), by_session=True, session_id=uuid4())
        desk = room.sessions.find
        room.sessions.find = lambda request: desk(request) or Session(caller, "form-token", "cookie")

    @contextmanager
    def as_lead(self) -> Iterator[None]:
        """For a while everybody who opens a page is the desk's lead, and two colleagues have names."""
        room = self.network.app.extensions["lotsennetz"]
        lead, vault = self.network.staff(sub="lena", roles=["lead"]), self.scene.keys.vault
        for caller, name in ((self.network.navigator, "Nina Muster"), (lead, "Lena Beispiel")):
            actor = caller_from_claims(room.tokens.claims(caller.token), room.settings.deployment_key).actor
            with self.scene.unit.work(actor=actor) as work:
                staff_names.keep(work, vault, staff_names.Known(actor, name, name, CENTER, Site.AACHEN))
        claims, before = room.tokens.claims(lead.token), room.sessions.find
        caller = replace(caller_from_claims(claims, room.settings.deployment_key), by_session=True, session_id=uuid4())
        room.sessions.find = lambda _: Session(caller, "form-token", "cookie")
        yield
        room.sessions.find = before

    def link(self, name: str) -> str:
        links = DeskLinks(LINK_KEY, "", timedelta(days=14))
        return links.issue(VUV, UUID(self.referrals[name]), uuid4(), self.scene.clock.now())[0]

    def code(self) -> str:
        """What the unit is told on the phone."""
        return a_code(self.scene, VUV)

    @contextmanager
    def open(self) -> Iterator[str]:
        self.sign_in()
        with served(self.network.app) as url:
            yield url
