"""The town after some weeks in which much went wrong: something to see on every page of data protection."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from contracts.codes import KeyUse, TransferParty, TransferSafeguard
from contracts.directory import PartnerKey, ThirdCountry
from contracts.event import Code, PublicJwk, PublicText
from services.chassis.auth import caller_from_claims
from services.chassis.sessions import Session
from services.referral import handlers
from services.referral.vault import ServiceKeys, Vault
from services.referral.web.app import FACTS
from tests.browser.referral_town import IHK, Town
from tests.browser.rig import served
from tests.chassis.web_rig import ISSUER
from tests.integration.referral.rig import Navigator
from tests.integration.referral.scene import CENTER, SERVICE_KEY, a_public_key, an_organization
from tests.integration.referral.test_subject_access import a_whole_story


class ProtectionTown(Town):
    """Seen by the lead."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.lead: Navigator = self.network.staff(sub="lena", roles=["lead"])
        self.change_the_service_key()
        self.stop_what_was_fetched()
        self.story = a_whole_story(self.network)
        self.end_an_agreement()
        self.tell_outside()
        self.make_mistakes()
        self.ask_for_rights()
        self.ask_for_a_name()
        self.couple = self.add_a_couple()
        self.close_a_desk()

    def add_a_couple(self) -> Any:
        enquiry = self.network.navigator.enquire(given_name="Amira", family_name="Muster", health_note="Heuschnupfen")
        spouse = {"given_name": "Karim", "family_name": "Muster", "birth_date": "1988-03-04"}
        self.send(f"/referral/enquiries/{enquiry['id']}/persons", relation="spouse", topics="SPRACHE", **spouse)
        return enquiry

    def close_a_desk(self) -> None:
        """Neuss is closed today and this desk stands in; another closure is to come."""
        today = self.scene.clock.today()
        for site, other, first in (("neuss", "aachen", 0), ("aachen", "moenchengladbach", 30)):
            days = {"from_on": today + timedelta(days=first), "until_on": today + timedelta(days=first + 9)}
            self.send("/referral/absences", site=site, substitute=other, **days)

    def send(self, path: str, **data: Any) -> None:
        """A form as the lead sends it."""
        answer = self.lead.client.post(path, data=data, headers={"Authorization": f"Bearer {self.lead.token}"})
        assert answer.status_code == 303, (path, answer.status_code, answer.text[:400])

    def change_the_service_key(self) -> None:
        """Halfway: whoever comes from now on lies under the new one."""
        kept = self.scene.keys
        keys = replace(kept, vault=Vault(ServiceKeys(os.urandom(32), SERVICE_KEY), kept.store))
        self.scene.keys = keys
        own = self.network.app.extensions["referral"]
        self.network.app.extensions["referral"] = replace(own, keys=keys)

    def stop_what_was_fetched(self) -> None:
        """One partner has answered by now, the other is overdue."""
        for name in ("rejected", "accepted"):
            enquiry = self.network.navigator.see(self.referrals[name])["enquiry_id"]
            [consent] = self.network.navigator.get(f"/referral/api/v1/enquiries/{enquiry}")["consents"]
            place = f"/referral/api/v1/enquiries/{enquiry}/consents/{consent['id']}/withdrawals"
            self.network.navigator.post(place, {"channel": "letter"})
        self.network.hwk.act(self.referrals["accepted"], "acknowledge_stop")
        retained = {"deletion": "retained", "ground": "STATUTORY_FILE_DUTY"}
        self.network.hwk.act(self.referrals["accepted"], "state_deletion", retained)
        self.scene.days_pass(16)

    def end_an_agreement(self) -> None:
        found = an_organization(IHK, version=3, name=PublicText({"de": "Industrie- und Handelskammer Aachen"}))
        assert found.agreement is not None
        ends = self.scene.clock.today() + timedelta(days=12)
        now = self.scene.clock.instant
        keys = (
            PartnerKey(key=PublicJwk(a_public_key()), use=KeyUse.ENC, not_after=now + timedelta(days=9)),
            PartnerKey(key=PublicJwk(a_public_key()), use=KeyUse.ENC, not_before=now + timedelta(days=2)),
            PartnerKey(key=PublicJwk(a_public_key()), use=KeyUse.SIG),
        )
        hosted = ThirdCountry(country=Code("CH"), party=TransferParty.PROCESSOR, safeguard=TransferSafeguard.ADEQUACY)
        agreement = replace(found.agreement, valid_until=ends, third_countries=(hosted,))
        with self.scene.unit.work(actor="system:directory") as work:
            handlers.keep_organization(work, replace(found, agreement=agreement, public_key=None, keys=keys))
        self.scene.tick()

    def tell_outside(self) -> None:
        """Three times: one of them a second person has confirmed, so that it stands on the sheet the person is handed;
        one is kept from her, by somebody else than whoever looks at the page.
        """
        at = self.scene.clock.now().strftime("%Y-%m-%dT%H:%M")
        place = f"/referral/enquiries/{self.story['id']}/external-disclosures"
        own = {"Authorization": f"Bearer {self.network.navigator.token}"}
        for ground, recipient in (
            ("acute_danger", "Polizei"),
            ("court_order", "Amtsgericht Musterstadt"),
            ("sgb8_8a", "Jugendamt Musterstadt"),
        ):
            told = {"ground": ground, "categories": ["IDENTITY"], "recipient": recipient, "told_at": at}
            assert self.network.navigator.client.post(place, data=told, headers=own).status_code == 303
        [one] = self.scene.rows("SELECT id FROM external_disclosures WHERE ground = 'court_order'")
        self.send(f"/referral/data-protection/disclosures/{one['id']}/confirmations")
        [one] = self.scene.rows("SELECT id FROM external_disclosures WHERE ground = 'sgb8_8a'")
        until = (self.scene.clock.today() + timedelta(days=30)).isoformat()
        lars = self.network.staff(sub="lars", roles=["lead"])
        lars.post(f"/referral/api/v1/external-disclosures/{one['id']}/confirmations", {"withheld_until": until})

    def make_mistakes(self) -> None:
        """Two referrals to a wrong partner: one check is assessed."""
        for _ in range(2):
            other = self.network.requested()
            self.network.hwk.fetch(other)
            self.network.navigator.act(other, "mark_entered_in_error")
        [check] = self.scene.rows("SELECT id FROM breach_checks ORDER BY id LIMIT 1")
        said = {"risk": "none", "reasons": ["deleted_unused", "recipient_bound"], "note": "Nach einer Stunde gelöscht."}
        self.send(f"/referral/data-protection/breaches/{check['id']}/assessments", **said)

    def ask_for_rights(self) -> None:
        on = (self.scene.clock.today() - timedelta(days=20)).isoformat()
        for right, channel in (("access", "letter"), ("erasure", "in_person")):
            place = f"/referral/enquiries/{self.story['id']}/subject-requests"
            self.send(place, right=right, channel=channel, received_on=on)

    def ask_for_a_name(self) -> None:
        """The officer asks who stands behind a person's pseudonym and a colleague's; nobody has answered."""
        [person] = self.scene.rows("SELECT person_id FROM enquiries WHERE id = %s", self.story["id"])
        asked = {"reason": "COMPLAINT", "purpose": "ANSWER_PERSON"}
        asked["occasion"] = "Die Aufsichtsbehörde hat eine Beschwerde weitergeleitet und nennt nur das Pseudonym."
        officer = self.network.staff(sub="dora", roles=["dpo"], site=None)
        own = {"Authorization": f"Bearer {officer.token}"}
        for pseudonym in (person["person_id"], self.colleague()):
            asked["pseudonym"] = pseudonym
            answer = officer.client.post("/referral/data-protection/pseudonyms", data=asked, headers=own)
            assert answer.status_code == 303

    def colleague(self) -> str:
        """Somebody of the lead's desk who has signed in with a browser; answers her pseudonym."""
        claims = {"iss": ISSUER, "sub": "nadja", "roles": ["navigator"], "site": "aachen", "employer": str(CENTER)}
        room = self.network.app.extensions["lotsennetz"]
        known = caller_from_claims(claims, room.settings.deployment_key)
        with self.network.app.test_request_context():
            FACTS.met(known, {**claims, "name": "Nadja Nadelöhr"})
        return known.actor

    @contextmanager
    def open_as_lead(self) -> Iterator[str]:
        """Whoever opens a page is the lead, or the officer where only she may; how one signs in is tested elsewhere."""
        room = self.network.app.extensions["lotsennetz"]

        def session_of(token: str) -> Session:
            caller = caller_from_claims(room.tokens.claims(token), room.settings.deployment_key)
            return Session(replace(caller, by_session=True, session_id=uuid4()), "form-token", "cookie")

        officer = session_of(self.network.staff(sub="dora", roles=["dpo"], site=None).token)
        lead = session_of(self.lead.token)
        room.sessions.find = lambda request: officer if request.path.endswith("/duplicates") else lead
        with served(self.network.app) as url:
            yield url

    def places(self) -> dict[str, str]:
        """Each page to look at, by the name of its picture."""
        hub = {name: f"/referral/data-protection/{name}" for name in PAGES}
        [assessed] = self.scene.rows("SELECT id FROM breach_checks WHERE sealed IS NOT NULL")
        [asked] = self.scene.rows("SELECT id FROM resolutions WHERE staff IS NOT NULL")
        return {
            "name-asked": f"/referral/data-protection/pseudonyms/{asked['id']}",
            "hub": "/referral/data-protection/",
            **hub,
            "breach-note": f"/referral/data-protection/breaches/{assessed['id']}/note",
            "enquiry": f"/referral/enquiries/{self.story['id']}",
            "steering": "/referral/steering",
        }


PAGES = ("requests", "record", "ledger", "agreements", "disclosures", "pseudonyms", "breaches", "texts", "keys")
