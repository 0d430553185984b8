"""Any sequence of commands on a real database: what a partner can open holds only what a living consent names.

The model knows consents as plain sets and days; it never asks the engine. After every fetch the sealed bytes are opened
with the partner's own key and compared with what the model says was consented to at that instant.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from joserfc.jwk import ECKey

from contracts.codes import Action, DataCategory, DisclosurePoint, Status
from contracts.event import PublicJwk
from contracts.partner import actions
from contracts.partner.dossier import PERSON, category_of
from contracts.referral import DisclosureDecided, DossierFetched
from services.chassis.errors import LotsennetzError, RefusedError
from services.referral import handlers, sealing
from services.referral.commands import partners
from services.referral.domain.lifecycle import RUNNING
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.scene import (
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NOW,
    TO_PARTNER,
    Scene,
    an_organization,
    partner,
    to_hwk,
    to_ihk,
)

SERVICES = {HWK: HWK_SERVICE, IHK: IHK_SERVICE}
ENTRIES = {HWK: to_hwk, IHK: to_ihk}
CATEGORIES = (*TO_PARTNER, DataCategory.FREE_TEXT)
MINIMUM = DataCategory.IDENTITY


@dataclass
class ModelConsent:
    """A consent as the person remembers it."""

    id: UUID
    recipients: dict[UUID, frozenset[DataCategory]]
    until: date

    def names(self, organization_id: UUID, today: date) -> frozenset[DataCategory]:
        return self.recipients.get(organization_id, frozenset()) if today <= self.until else frozenset()


@dataclass
class Counts:
    sequences: int = 0
    steps: int = 0
    opened: int = 0
    refused: int = 0


class Disclosures(RuleBasedStateMachine):
    """One person, two partners, and everything that may happen between them in any order."""

    scene: Scene
    counts: Counts
    private: Mapping[UUID, dict[str, Any]]

    @initialize(organization_id=st.sampled_from([HWK, IHK]), days=st.integers(2, 30))
    def somebody_new_asks(self, organization_id, days):
        """She consents and is referred in the usual way, so that most lives have something to disclose."""
        self.scene.clock.instant = NOW
        self.enquiry: Enquiry = self.scene.an_enquiry(note="Herzliche Grüße", family_name=f"Ben {uuid4()}")
        self.consents: list[ModelConsent] = []
        self.referrals: list[UUID] = []
        self.counts.sequences += 1
        self._consent((HWK, IHK), frozenset({MINIMUM, DataCategory.CONTACT}), days)
        self.referrals.append(self.scene.prepared(self.enquiry, SERVICES[organization_id]).id)
        self.scene.clock.instant += timedelta(minutes=1)
        self.scene.tick()

    @rule(
        who=st.sampled_from([(HWK,), (IHK,), (HWK, IHK)]),
        more=st.frozensets(st.sampled_from(CATEGORIES)),
        with_identity=st.booleans(),
        days=st.integers(0, 20),
    )
    def she_consents(self, who, more, with_identity, days):
        self.counts.steps += 1
        self._consent(who, more | {MINIMUM} if with_identity or not more else more, days)

    def _consent(self, who, categories, days):
        until = self.scene.clock.today() + timedelta(days=days)
        entries = [replace(ENTRIES[one](), categories=tuple(sorted(categories))) for one in who]
        given = self.scene.consent(self.enquiry, *entries, valid_until=until)
        self.consents.append(ModelConsent(given.id, dict.fromkeys(who, categories), until))

    @precondition(lambda self: self.consents)
    @rule(data=st.data(), in_part=st.booleans())
    def she_withdraws(self, data, in_part):
        self.counts.steps += 1
        consent = data.draw(st.sampled_from(self.consents))
        organization_id = (
            data.draw(st.sampled_from(sorted(consent.recipients))) if in_part and consent.recipients else None
        )
        try:
            self.scene.withdraw(self.enquiry, consent.id, organization_id)
        except LotsennetzError:
            assert not consent.recipients
            return
        consent.recipients = (
            {}
            if organization_id is None
            else {one: what for one, what in consent.recipients.items() if one != organization_id}
        )

    @precondition(lambda self: len(self.referrals) < 3)
    @rule(organization_id=st.sampled_from([HWK, IHK]))
    def she_is_referred(self, organization_id):
        self.counts.steps += 1
        with suppress(RefusedError):  # another one of the same matter is under way
            self.referrals.append(self.scene.prepared(self.enquiry, SERVICES[organization_id]).id)

    @rule(minutes=st.sampled_from([1, 60, 24 * 60, 6 * 24 * 60]))
    def time_passes(self, minutes):
        self.counts.steps += 1
        self.scene.clock.instant += timedelta(minutes=minutes)
        self.scene.tick()

    @rule(data=st.data())
    def the_partner_takes_it_on(self, data):
        self.counts.steps += 1
        referral = self.scene.now(data.draw(st.sampled_from(self.referrals)))
        if Action.WAITLIST in referral.allowed_to(partner().party):
            self.scene.answers(referral, Action.WAITLIST, actions.Waitlist())

    @rule(organization_id=st.sampled_from([HWK, IHK]))
    def the_partner_publishes_again(self, organization_id):
        """A new version with the same key: nothing may change by it."""
        self.counts.steps += 1
        _publish(self.scene, self.private, organization_id)

    @rule(data=st.data())
    def the_partner_fetches(self, data):
        self._fetch(data, stranger=False)

    @rule(data=st.data())
    def another_partner_fetches(self, data):
        self._fetch(data, stranger=True)

    def _fetch(self, data, *, stranger):
        self.counts.steps += 1
        referral = self.scene.now(data.draw(st.sampled_from(self.referrals)))
        addressed = referral.organization_id
        fetcher = partner(next(one for one in SERVICES if one != addressed) if stranger else addressed)
        covering = [consent.names(addressed, self.scene.clock.today()) for consent in self.consents]
        due = not stranger and referral.status in RUNNING and any(MINIMUM in names for names in covering)
        try:
            with self.scene.unit.work(actor=fetcher.actor) as work:
                found = partners.fetch_dossier(work, self.scene.keys, referral.id, fetcher)
        except LotsennetzError:
            assert not due
            self.counts.refused += 1
            return
        if isinstance(found, partners.Withheld):
            assert not due
            self.counts.refused += 1
            return
        assert due, "something left although no living consent names this partner"
        self._compare(addressed, found, covering)

    def _compare(self, addressed: UUID, found: partners.Fetched, covering: list[frozenset[DataCategory]]) -> None:
        self.counts.opened += 1
        content = sealing.open_with(found.sealed.jwe, self.private[addressed])["person"]
        held = {category_of(self.enquiry.enquirer, name) for name in content}
        assert set(content) <= set(PERSON.fields)
        assert any(held <= names for names in covering), f"{held} is in no single living consent"

    def teardown(self):
        if not hasattr(self, "enquiry"):
            return
        ours = set(self.referrals)
        fetched = [event for event in self.scene.said(DossierFetched) if event.referral_id in ours]
        decided = {
            event.decision_id: event
            for event in self.scene.said(DisclosureDecided)
            if event.referral_id in ours and event.point is DisclosurePoint.FETCH
        }
        assert all(decided[event.decision_id].allowed for event in fetched)
        assert len(fetched) == sum(event.allowed for event in decided.values())
        for referral_id in ours:
            now = self.scene.now(referral_id)
            if now.status.is_terminal or now.status in (Status.DRAFT, Status.AWAITING_CONSENT):
                assert self.scene.rows("SELECT * FROM dossiers WHERE referral_id = %s", referral_id) == []


def _publish(scene: Scene, private: Mapping[UUID, dict[str, Any]], organization_id: UUID) -> None:
    [row] = scene.rows("SELECT coalesce(max(version), 0) AS version FROM organizations WHERE id = %s", organization_id)
    key = ECKey.import_key(private[organization_id])
    public = PublicJwk({**key.as_dict(private=False), "kid": private[organization_id]["kid"]})
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(
            work, an_organization(organization_id, version=row["version"] + 1, public_key=public)
        )


def test_no_sequence_of_commands_lets_a_category_out_of_a_living_consent(scene: Scene):
    scene.told_directory()
    private = {}
    for organization_id in SERVICES:
        key = ECKey.generate_key("P-256", auto_kid=True)
        private[organization_id] = {**key.as_dict(private=True), "kid": key.kid}
        _publish(scene, private, organization_id)
    counts = Counts()

    def machine() -> Disclosures:
        made = Disclosures()
        made.scene, made.counts, made.private = scene, counts, private
        return made

    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))
    assert counts.opened > 0
    assert counts.refused > 0
    print(f"{counts.sequences} sequences, {counts.steps} steps, {counts.opened} opened, {counts.refused} refused")
