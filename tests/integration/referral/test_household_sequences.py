"""A family and a company in any sequence of commands: nobody's data ride on another's word, no worker's on a firm's.

Three persons in one enquiry - who asks, her spouse, a child who comes of age within the story - each with a memory of
what was said for her alone (`lawful`), and the company one of them works for with an enquiry of its own.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from contracts import envelope
from contracts.codes import (
    Action,
    Audience,
    BackLevel,
    DataCategory,
    DocumentKind,
    EnquirerKind,
    GivenBy,
    ProofKind,
    Purpose,
    QuestionCode,
    Relation,
    Signer,
    Site,
    Topic,
    Urgency,
)
from contracts.codes import ConsentChannel as Way
from contracts.event import PublicJwk
from contracts.partner import actions
from contracts.partner.dossier import category_of
from contracts.referral import DisclosureDecided, DossierFetched
from services.chassis.errors import LotsennetzError
from services.referral import handlers, sealing
from services.referral.commands import documents, enclosing, enquiries, household, invitations, partners, referrals
from services.referral.commands.enterprise import RequestForm, record_enterprise_request
from services.referral.commands.preparing import DraftForm, prepare_consent
from services.referral.commands.referrals import Withheld
from services.referral.commands.signing import Signing, sign_consent
from services.referral.domain.drafting import Custody
from services.referral.domain.grounds import Consent
from services.referral.domain.lifecycle import RUNNING
from services.referral.domain.referral import Referral
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.lawful import AACHEN, History, Said, day_of
from tests.integration.referral.playing import lived_through, new_key, own_key, play
from tests.integration.referral.scene import (
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    NOW,
    RECORD,
    UNLIMITED,
    Scene,
    a_service,
    an_organization,
    partner,
    some_terms,
    somebody_else,
    to_hwk,
)
from tests.unit.referral.papers import a_pdf

SERVICES = {HWK: HWK_SERVICE, IHK: IHK_SERVICE}
BODIES = tuple(SERVICES)
SETS_OF_BODIES = st.sampled_from([(HWK,), (IHK,), (HWK, IHK)])
ASKS, SPOUSE, CHILD = FAMILY = ("who asks", "her spouse", "their child")
MINIMUM = DataCategory.IDENTITY
CATEGORIES = (MINIMUM, DataCategory.CONTACT, DataCategory.FREE_TEXT, DataCategory.DOCUMENTS)
ACCEPTED = (*CATEGORIES, DataCategory.LANGUAGE, DataCategory.QUALIFICATION, DataCategory.BUSINESS_CONTACT)
COMES_OF_AGE = date(2026, 12, 5)  # a Saturday, twelve days into the story
PARENT, YOUNG = Signer.CUSTODY_HOLDER, Signer.PERSON
COMPANY = {"company": "Musterbau Beispiel GmbH", "mailbox": "personal@musterbau.example", "contact_name": "Frau Platz"}


@dataclass
class Person:
    """One of the family, as the model knows her."""

    id: UUID
    need: UUID
    record: dict[str, Any]
    history: History = field(default_factory=lambda: History(frozenset()))
    speaks_for_herself_from: date = date.min


@dataclass
class Form:
    """A guardian's form on the table: what it says, and who has not signed it yet."""

    id: UUID
    to: dict[Any, tuple[frozenset[str], str]]
    until: date
    missing: Counter[Signer]


class Households(RuleBasedStateMachine):
    """One family, two bodies, one employer."""

    scene: Scene
    counts: Counter[str]
    private: Mapping[UUID, dict[str, Any]]

    @property
    def at(self) -> datetime:
        return self.scene.clock.now()

    @property
    def today(self) -> date:
        return day_of(self.at)

    def step(self) -> None:
        self.counts["commands"] += 1

    @initialize(
        who=st.sampled_from(FAMILY), body=st.sampled_from(BODIES), holders=st.integers(1, 2), with_paper=st.booleans()
    )
    def a_family_and_a_company_ask(self, who, body, holders, with_paper):
        """One of them is referred on a word of her own, and so is the company: most lives disclose something."""
        self.scene.clock.instant = NOW
        self.counts["sequences"] += 1
        self.first = self.scene.rows("SELECT coalesce(max(number), 0) AS number FROM outbox")[0]["number"]
        self.referrals: dict[UUID, str] = {}
        self.forms: list[Form] = []
        self.papers: dict[UUID, tuple[str, bytes]] = {}
        self.enclosed: dict[UUID, set[UUID]] = defaultdict(set)
        self._settle()
        self.asked: list[Said] = []
        self.firm = self._a_company()
        self.firms: list[UUID] = []
        more = {DataCategory.DOCUMENTS} if with_paper else set()
        self._say(who, (body,), frozenset({MINIMUM, DataCategory.CONTACT, *more}), 20, holders)
        self._refer(who, body)
        if with_paper:
            self._bring(who)
        self._request((body,), 20, notice_given=True)
        self._refer_the_company(body)
        self._pass(timedelta(minutes=1))
        self._everybody_takes()

    def _settle(self) -> None:
        records = {who: {**RECORD, **somebody_else(), "note": f"Anruf bei {who}", "city": "Aachen"} for who in FAMILY}
        records[CHILD]["birth_date"] = "2008-12-05"
        self.enquiry: Enquiry = self.scene.an_enquiry(**records[ASKS])
        asks = self.enquiry.needs[0]
        self.family = {ASKS: Person(self.enquiry.person_id, asks.id, records[ASKS])}
        for who, relation in ((SPOUSE, Relation.SPOUSE), (CHILD, Relation.CHILD)):
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                member = household.add_person(
                    work,
                    self.scene.keys.vault,
                    NAVIGATOR,
                    self.enquiry.id,
                    relation=relation,
                    record=records[who],
                    needs=[(Topic.ANERKENNUNG, Urgency.NORMAL)],
                    asking=UNLIMITED,
                )
                needs = enquiries.load(work, self.enquiry.id, NAVIGATOR).needs
            [need] = [one.id for one in needs if one.person_id == member.person_id]
            self.family[who] = Person(member.person_id, need, records[who])
        self.family[CHILD].speaks_for_herself_from = COMES_OF_AGE

    def _a_company(self) -> Enquiry:
        worker = self.family[SPOUSE].record
        about = f"Es geht um {worker['given_name']} {worker['family_name']}, {worker['birth_date']}, {worker['email']}"
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return enquiries.record_enquiry(
                work,
                self.scene.keys.vault,
                NAVIGATOR,
                enquirer=EnquirerKind.EMPLOYER,
                site=Site.AACHEN,
                record={**COMPANY, "note": about},
                needs=[(Topic.ANWERBUNG, Urgency.NORMAL)],
                asking=UNLIMITED,
            )

    # --- what each of them says for herself ---

    @rule(
        who=st.sampled_from(FAMILY),
        bodies=SETS_OF_BODIES,
        more=st.frozensets(st.sampled_from(CATEGORIES)),
        days=st.integers(0, 25),
    )
    def somebody_consents(self, who, bodies, more, days):
        self.step()
        self._consent(who, bodies, more | {MINIMUM}, days)

    def _say(self, who, bodies, categories, days, holders):
        if who == CHILD:
            self._print_form(bodies, categories, days, holders)
            for signer in list(self.forms[-1].missing.elements()) if self.forms else ():
                self._sign(self.forms[-1], signer)
        else:
            self._consent(who, bodies, categories, days)

    def _entries(self, bodies, categories):
        entry = replace(to_hwk(), categories=tuple(sorted(categories)))
        return [replace(entry, organization_id=one, service_id=SERVICES[one]) for one in bodies]

    def _consent(self, who, bodies, categories, days):
        person, until = self.family[who], self.today + timedelta(days=days)
        may = self.today >= person.speaks_for_herself_from and not person.history.erased
        try:
            given = self.scene.consent(
                self.enquiry, *self._entries(bodies, categories), person_id=person.id, valid_until=until
            )
        except LotsennetzError:
            assert not may
            self.counts["own consents refused"] += 1
            return
        assert may, "somebody under age consented for herself"
        to = {one: (frozenset(map(str, categories)), "outcome") for one in bodies}
        person.history.said.append(Said(given.id, self.at, self.today, until, to))
        self.counts[f"consents of {who}"] += 1

    @precondition(lambda self: len(self.forms) < 3)
    @rule(
        bodies=SETS_OF_BODIES,
        more=st.frozensets(st.sampled_from(CATEGORIES)),
        days=st.integers(0, 25),
        holders=st.integers(1, 2),
    )
    def a_guardians_form_is_printed(self, bodies, more, days, holders):
        self.step()
        self._print_form(bodies, more | {MINIMUM}, days, holders)

    def _print_form(self, bodies, categories, days, holders):
        child, until = self.family[CHILD], self.today + timedelta(days=days)
        may = self.today < child.speaks_for_herself_from and not child.history.erased
        form = DraftForm(
            given_by=GivenBy.GUARDIAN,
            language="de",
            recipients=tuple(self._entries(bodies, categories)),
            person_id=child.id,
            valid_until=until,
            custody=Custody(holders=holders),
        )
        try:
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                drafted = prepare_consent(work, self.scene.house, NAVIGATOR, self.enquiry.id, form)
        except LotsennetzError:
            assert not may
            self.counts["guardians' forms refused"] += 1
            return
        assert may
        to = {one: (frozenset(map(str, categories)), "outcome") for one in bodies}
        self.forms.append(Form(drafted.id, to, until, Counter({PARENT: holders, YOUNG: 1})))

    @precondition(lambda self: self.forms)
    @rule(data=st.data(), signer=st.sampled_from([PARENT, YOUNG]))
    def a_form_is_signed(self, data, signer):
        self.step()
        self._sign(data.draw(st.sampled_from(self.forms)), signer)

    def _sign(self, form: Form, signer: Signer) -> None:
        child = self.family[CHILD]
        may = self.today < child.speaks_for_herself_from and self.today <= form.until and not child.history.erased
        proof = ProofKind.BIRTH_CERTIFICATE if signer is PARENT else None
        try:
            scan = self.scene.scan(self.enquiry, child.id)
            signing = Signing(channel=Way.SIGNED_PAPER, signer=signer, document_id=scan, proof=proof)
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                signed = sign_consent(work, self.scene.house, NAVIGATOR, self.enquiry.id, form.id, signing)
        except LotsennetzError:
            assert not (may and form.missing[signer])
            self.counts["signatures refused"] += 1
            return
        form.missing[signer] -= 1
        assert form.missing[signer] >= 0, "somebody signed twice"
        if not isinstance(signed, Consent):
            self.counts["signatures that were not enough"] += 1
            return
        assert may and not form.missing.total(), "in force although somebody has not agreed"
        last = min(form.until, child.speaks_for_herself_from - timedelta(days=1))
        child.history.said.append(Said(form.id, self.at, self.today, last, form.to))
        self.forms.remove(form)
        self.counts["guardians' consents"] += 1

    @precondition(lambda self: any(self._living(who) for who in FAMILY))
    @rule(data=st.data(), in_part=st.booleans())
    def somebody_withdraws(self, data, in_part):
        self.step()
        who = data.draw(st.sampled_from([one for one in FAMILY if self._living(one)]))
        person = self.family[who]
        said = data.draw(st.sampled_from(self._living(who)))
        body = data.draw(st.sampled_from(sorted(said.to))) if in_part else None
        self.scene.withdraw(self.enquiry, said.id, body)
        said.ended = self.at
        left = {one: what for one, what in said.to.items() if one != body} if in_part else {}
        if left:
            person.history.said.append(replace(said, at=self.at, to=left, ended=None))
        self.counts["withdrawals"] += 1
        self._everybody_takes()

    def _living(self, who: str) -> list[Said]:
        history = self.family[who].history
        return [] if history.erased else [one for one in history.said if not one.ended]

    @precondition(lambda self: not self.family[CHILD].history.erased)
    @rule(born=st.sampled_from([None, None, "2005-06-01", "2008-12-01"]), as_answer=st.booleans())
    def it_turns_out_that_the_child_is_older(self, born, as_answer):
        """What her guardians agreed to ends with her true eighteenth birthday, be it long ago, whoever asked for it."""
        child = self.family[CHILD]
        if born is None or born >= child.record["birth_date"]:
            return
        self.step()
        if not (as_answer and self._answered({"birth_date": born})):
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                enquiries.rectify(work, self.scene.keys, NAVIGATOR, self.enquiry.id, {"birth_date": born}, child.id)
        before, child.record["birth_date"] = child.speaks_for_herself_from, born
        child.speaks_for_herself_from = date.fromisoformat(born).replace(year=int(born[:4]) + 18)
        for said in child.history.said:
            if day_of(said.at) < before:  # said for her
                said.last = min(said.last, child.speaks_for_herself_from - timedelta(days=1))
        self.counts["older than was written"] += 1
        self._everybody_takes()

    def _answered(self, known: dict[str, Any]) -> bool:
        """Some body asks about the child and is answered; False where none may be."""
        for referral_id in [one for one, who in self.referrals.items() if who == CHILD]:
            with suppress(LotsennetzError):
                self.scene.answers(self.scene.now(referral_id), Action.ASK, actions.Ask(question=QuestionCode.OTHER))
            if Action.ANSWER not in self.scene.now(referral_id).allowed_to(NAVIGATOR.party):
                continue
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                done = referrals.answer(
                    work,
                    self.scene.keys,
                    NAVIGATOR,
                    referral_id,
                    None,
                    question_id=None,
                    data=known,
                    words=None,
                )
            if not isinstance(done, Withheld):
                self.counts["older by an answer"] += 1
                return True
        return False

    @rule(who=st.sampled_from([None, None, None, SPOUSE, CHILD]))
    def one_of_them_is_erased(self, who):
        if who is None or self.family[who].history.erased or len(self.referrals) < 2:
            return
        self.step()
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            enquiries.erase(work, NAVIGATOR, self.enquiry.id, self.family[who].id)
        self.family[who].history.erased = True
        self.counts["erasures"] += 1
        self._everybody_takes()

    # --- what the welcome center does ---

    @precondition(lambda self: len(self.referrals) < 5)
    @rule(who=st.sampled_from(FAMILY), body=st.sampled_from(BODIES))
    def one_of_them_is_referred(self, who, body):
        self.step()
        self._refer(who, body)

    def _refer(self, who, body):
        if (found := self._prepared(self.enquiry.id, self.family[who].need, body)) is not None:
            self.referrals[found] = who

    def _prepared(self, enquiry_id: UUID, need_id: UUID, body: UUID) -> UUID | None:
        with suppress(LotsennetzError):
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                drafted = referrals.draft(work, self.scene.keys, NAVIGATOR, enquiry_id, need_id, SERVICES[body])
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                prepared = referrals.prepare(
                    work,
                    self.scene.keys,
                    NAVIGATOR,
                    drafted.id,
                    None,
                    undo_window=timedelta(seconds=30),
                    duplicates_acknowledged=True,
                    asking=UNLIMITED,
                )
            return prepared.id
        return None

    @precondition(lambda self: len(self.papers) < 4)
    @rule(who=st.sampled_from(FAMILY))
    def one_of_them_brings_a_paper(self, who):
        self.step()
        if not self.family[who].history.erased:
            self._bring(who)

    def _bring(self, who):
        person, content = self.family[who], a_pdf(b"<< /Paper %d >>" % self.counts["papers brought"])
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            paper = documents.add(
                work,
                self.scene.keys.vault,
                NAVIGATOR,
                self.enquiry.id,
                kind=DocumentKind.CERTIFICATE,
                content=content,
                media_type="application/pdf",
                largest=10_000,
                person_id=person.id,
            )
        self.papers[paper.id] = (who, content)
        self.counts["papers brought"] += 1
        for referral_id, whose in self.referrals.items():
            if whose == who:
                self._enclose(paper.id, referral_id)

    @precondition(lambda self: self.papers and (self.referrals or self.firms))
    @rule(data=st.data())
    def a_paper_is_to_go_along(self, data):
        """Anybody's paper, with anybody's referral and the company's."""
        self.step()
        self._enclose(
            data.draw(st.sampled_from(list(self.papers))), data.draw(st.sampled_from([*self.referrals, *self.firms]))
        )

    def _enclose(self, paper: UUID, referral_id: UUID) -> None:
        owner, whose = self.papers[paper][0], self.referrals.get(referral_id, "the company")
        try:
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                enclosing.enclose(work, self.scene.keys, NAVIGATOR, referral_id, paper)
        except LotsennetzError:
            self.counts["papers refused with another's referral"] += owner != whose
            return
        assert owner == whose, f"the paper of {owner} was let go along with the referral of {whose}"
        self.enclosed[referral_id].add(paper)

    # --- what the company does ---

    @rule(bodies=SETS_OF_BODIES, days=st.integers(0, 25), notice_given=st.sampled_from([True, True, False]))
    def the_company_asks_for_contact(self, bodies, days, notice_given):
        self.step()
        self._request(bodies, days, notice_given=notice_given)

    def _request(self, bodies, days, *, notice_given):
        until = self.today + timedelta(days=days)
        form = RequestForm(
            recipients=[(one, SERVICES[one]) for one in bodies],
            purposes=(Purpose.ANWERBUNG,),
            notice_given=notice_given,
            valid_until=until,
        )
        try:
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                asked = record_enterprise_request(work, self.scene.house, NAVIGATOR, self.firm.id, form)
        except LotsennetzError:
            assert not notice_given
            return
        assert notice_given, "nobody told the company what is passed on"
        to = {one: (frozenset({"BUSINESS_CONTACT"}), "outcome") for one in bodies}
        self.asked.append(Said(asked.id, self.at, self.today, until, to))
        self.counts["companies' requests"] += 1

    @precondition(lambda self: any(not one.ended for one in self.asked))
    @rule(data=st.data(), in_part=st.booleans())
    def the_company_takes_it_back(self, data, in_part):
        self.step()
        said = data.draw(st.sampled_from([one for one in self.asked if not one.ended]))
        body = data.draw(st.sampled_from(sorted(said.to))) if in_part else None
        following = self.scene.withdraw(self.firm, said.id, body)
        said.ended = self.at
        left = {one: what for one, what in said.to.items() if one != body} if in_part else {}
        if left:
            self.asked.append(replace(said, id=following.id, at=self.at, to=left, ended=None))
        self._everybody_takes()

    @precondition(lambda self: len(self.firms) < 3)
    @rule(body=st.sampled_from(BODIES))
    def the_company_is_referred(self, body):
        self.step()
        self._refer_the_company(body)

    def _refer_the_company(self, body):
        if (found := self._prepared(self.firm.id, self.firm.needs[0].id, body)) is not None:
            self.firms.append(found)

    @rule(who=st.sampled_from(FAMILY), bodies=SETS_OF_BODIES)
    def the_company_consents_for_a_worker(self, who, bodies):
        """An employer never consents, neither in its own enquiry nor for somebody of another."""
        self.step()
        for whose in (None, self.family[who].id):
            with pytest.raises(LotsennetzError):
                self.scene.consent(self.firm, *self._entries(bodies, {MINIMUM}), person_id=whose)
        self.counts["employers' consents refused"] += 1

    @rule()
    def the_company_names_a_worker_to_invite(self):
        self.step()
        mailbox = self.family[SPOUSE].record["email"]
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            invitations.invite(work, self.scene.house, NAVIGATOR, self.firm.id, language="de", mailbox=mailbox)
        self.counts["invitations"] += 1

    @precondition(lambda self: self.firms)
    @rule(data=st.data(), as_words=st.booleans())
    def a_body_asks_the_company_about_its_worker(self, data, as_words):
        """Whatever is written into the answer about her does not leave."""
        self.step()
        referral = self.scene.now(data.draw(st.sampled_from(self.firms)))
        about = f"{self.family[SPOUSE].record['family_name']} kann im Mai anfangen"
        with suppress(LotsennetzError):
            self.scene.answers(referral, Action.ASK, actions.Ask(question=QuestionCode.OTHER))
        if Action.ANSWER not in self.scene.now(referral.id).allowed_to(NAVIGATOR.party):
            return
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            answered = referrals.answer(
                work,
                self.scene.keys,
                NAVIGATOR,
                referral.id,
                None,
                question_id=None,
                data={} if as_words else {"note": about},
                words=about if as_words else None,
            )
        assert isinstance(answered, Withheld)
        self.counts["answers about a worker withheld"] += 1

    # --- time ---

    @rule(span=st.sampled_from([timedelta(minutes=1), timedelta(days=1), timedelta(days=5)]))
    def time_passes(self, span):
        self.step()
        self._pass(span)
        self._everybody_takes()

    @precondition(lambda self: self.today < self.family[CHILD].speaks_for_herself_from)
    @rule()
    def the_child_comes_of_age(self):
        """The last instant before, and the first of the day itself."""
        self.step()
        midnight = datetime.combine(self.family[CHILD].speaks_for_herself_from, time.min, AACHEN)
        for instant in (midnight - timedelta(microseconds=1), midnight):
            self._pass(instant - self.at)
            self._everybody_takes()
        self.counts["birthdays"] += 1
        for form in list(self.forms):  # what lies on the table still is nothing anybody can agree to any more
            for signer in list(form.missing.elements()):
                self._sign(form, signer)

    def _pass(self, span):
        self.scene.clock.instant += span
        self.scene.tick()

    # --- what bodies get ---

    @precondition(lambda self: self.referrals or self.firms)
    @rule(data=st.data())
    def a_body_takes_a_dossier(self, data):
        self.step()
        self._take(data.draw(st.sampled_from([*self.referrals, *self.firms])))

    def _everybody_takes(self) -> None:
        for referral_id in (*self.referrals, *self.firms):
            self._take(referral_id)

    def _take(self, referral_id: UUID) -> None:
        referral = self.scene.now(referral_id)
        who = self.referrals.get(referral_id)
        history = self.family[who].history if who else History(frozenset(), self.asked)
        lawful = history.may_be_given(referral.organization_id, self.at)
        needed = str(MINIMUM if who else DataCategory.BUSINESS_CONTACT)
        due = referral.status in RUNNING and any(needed in names for names in lawful)
        dossier = self._taken(referral)
        if dossier is None:
            assert not due, "refused although a living word of her own names this body"
            self.counts["refused"] += 1
            return
        assert due, "something left although she, or the company, has not said so"
        if who:
            self._compare(referral, self.family[who], who, dossier, lawful)
        else:
            self._compare_companys(dossier)

    def _taken(self, referral: Referral) -> dict[str, Any] | None:
        by = partner(referral.organization_id)
        try:
            with self.scene.unit.work(actor=by.actor) as work:
                found = partners.fetch_dossier(work, self.scene.keys, referral.id, by)
        except LotsennetzError:
            return None
        if isinstance(found, Withheld):
            return None
        return dict(sealing.open_with(found.sealed.jwe, self.private[referral.organization_id]))

    def _compare(self, referral: Referral, person: Person, who: str, dossier, lawful) -> None:
        content = dict(dossier["person"])
        papers = {UUID(one["id"]) for one in content.pop("documents", ())}
        assert content.items() <= person.record.items(), f"the dossier of {who} holds what is not hers"
        assert "employer" not in dossier
        held = {str(category_of(EnquirerKind.PERSON, name)) for name in content} | ({"DOCUMENTS"} if papers else set())
        assert any(held <= names for names in lawful), f"{held} is in no single living consent of {who}"
        assert papers <= self.enclosed[referral.id]
        self.counts[f"dossiers of {who}"] += 1
        for paper in papers:
            self._take_paper(referral, paper, who)

    def _take_paper(self, referral: Referral, paper: UUID, who: str) -> None:
        by = partner(referral.organization_id)
        with self.scene.unit.work(actor=by.actor) as work:
            handed = enclosing.fetch(work, self.scene.keys, referral.id, paper, by)
        assert isinstance(handed, enclosing.Handed)
        assert (who, handed.document.content) == self.papers[paper]
        self.counts["papers fetched"] += 1

    def _compare_companys(self, dossier: dict[str, Any]) -> None:
        """Its contact and nothing else; nothing that anybody knows of its workers, anywhere in what leaves."""
        assert "person" not in dossier
        assert dossier["employer"].items() <= COMPANY.items()
        assert self._worker_words(json.dumps(dossier, ensure_ascii=False)) == []
        self.counts["dossiers of the company"] += 1

    def _worker_words(self, text: str) -> list[str]:
        names = ("given_name", "family_name", "email", "note")
        words = {str(person.record[name]) for person in self.family.values() for name in names}
        return [word for word in words if word in text]

    # --- in the end ---

    def teardown(self):
        if not hasattr(self, "firms"):
            return
        letters = self.scene.rows("SELECT body FROM outbox WHERE number > %s ORDER BY number", self.first)
        bodies = [bytes(one["body"]) for one in letters]
        assert self._worker_words("\n".join(body.decode() for body in bodies)) == []
        events = [envelope.read(body).data for body in bodies]
        whose = {referral_id: self.family[who].id for referral_id, who in self.referrals.items()}
        for event in events:
            if isinstance(event, DisclosureDecided | DossierFetched) and event.referral_id in (*whose, *self.firms):
                assert event.person_id == whose.get(event.referral_id)
        self.counts.update(f"no: {one.refusal}" for one in events if isinstance(one, DisclosureDecided) and one.refusal)


def published(scene: Scene, private: Mapping[UUID, dict[str, Any]]) -> None:
    """Two bodies that advise persons and companies alike, so that only the ground tells what either may be given."""
    terms = some_terms(categories_accepted=ACCEPTED, back_level=BackLevel.OUTCOME)
    topics = (Topic.ANERKENNUNG, Topic.ANWERBUNG)
    with scene.unit.work(actor="system:directory") as work:
        for body, service in SERVICES.items():
            handlers.keep_organization(work, an_organization(body, public_key=PublicJwk(own_key(private[body]))))
            handlers.keep_service(work, a_service(service, body, topics=topics, audience=Audience.BOTH, terms=terms))


@cache
def keys() -> dict[UUID, dict[str, Any]]:
    """The bodies' own, the same in every batch: what a directory has told once, it does not tell otherwise again."""
    return {body: new_key() for body in BODIES}


def played(scene: Scene, sequences: int, steps: int) -> Counter[str]:
    private = keys()
    published(scene, private)
    return play(Households, scene, sequences, steps, private=private)


@pytest.mark.timeout(600)
def test_no_sequence_lets_anybodys_data_ride_on_anothers_word(scene: Scene):
    counts = played(scene, 8, 15)
    assert counts["sequences"] >= 8
    assert min(counts["refused"], counts["dossiers of the company"]) > 0
    assert any(counts[f"dossiers of {who}"] for who in FAMILY)


#: What has to happen in many lives, or a rule that is never lived through would say nothing.
LIVED = (
    *(f"dossiers of {who}" for who in (*FAMILY, "the company")),
    *(f"consents of {who}" for who in FAMILY),
    "refused",
    "own consents refused",
    "guardians' consents",
    "guardians' forms refused",
    "signatures refused",
    "signatures that were not enough",
    "withdrawals",
    "older than was written",
    "older by an answer",
    "erasures",
    "birthdays",
    "papers fetched",
    "papers refused with another's referral",
    "companies' requests",
    "employers' consents refused",
    "invitations",
    "answers about a worker withheld",
    *(f"no: {reason}" for reason in ("NO_CONSENT", "WITHDRAWN", "EXPIRED", "EMPLOYER_MAY_NOT_CARRY")),
)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_sequence_does_however_many_families_are_tried(scene: Scene):
    lived_through(lambda sequences: played(scene, sequences, 20), LIVED)
