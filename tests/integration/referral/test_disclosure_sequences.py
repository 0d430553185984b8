"""Any sequence of commands on a real database: what leaves, and what comes back, is what was lawful at that instant.

The model (`lawful`) knows what the person said and nothing of the engine. After every disclosure the bytes are opened
with the partner's own key, and each field is compared with her record and with what one living consent names.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from contracts import envelope
from contracts.codes import (
    Action,
    BackLevel,
    ChannelKind,
    DataCategory,
    DisclosurePoint,
    DocumentKind,
    EndReason,
    Outcome,
    Party,
    PauseReason,
    QuestionCode,
    RejectionReason,
    Status,
    Way,
)
from contracts.directory import Agreement, Channel
from contracts.event import PublicJwk
from contracts.identity import id_of
from contracts.partner import actions
from contracts.partner.dossier import PERSON, category_of
from contracts.referral import CommandRefused, DisclosureDecided, DocumentFetched, DossierFetched
from services.chassis.errors import LotsennetzError, RefusedError
from services.referral import handlers, sealing
from services.referral.commands import consents as consent_commands
from services.referral.commands import documents, enclosing, enquiries, partners, referrals
from services.referral.commands.referrals import Withheld
from services.referral.domain.lifecycle import RUNNING, needed_level
from services.referral.domain.referral import Referral
from services.referral.store.enquiries import Enquiry
from services.referral.store.keys import custodial_private
from tests.integration.referral.lawful import AACHEN, LEVELS, History, Said, day_of, working_days_after
from tests.integration.referral.playing import lived_through, new_key, own_key, play
from tests.integration.referral.scene import (
    HEARD,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    NOW,
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

CLUB, CLUB_SERVICE = id_of("organization", "sportverein"), id_of("service", "sportverein-anerkennung")
OFFICE, OFFICE_SERVICE = id_of("organization", "auslaenderamt"), id_of("service", "auslaenderamt-anerkennung")
SERVICES = {HWK: HWK_SERVICE, IHK: IHK_SERVICE, CLUB: CLUB_SERVICE, OFFICE: OFFICE_SERVICE}
#: Two with systems and keys of their own, a club that gets paper, an authority on the light path that is named alone.
CHANNELS = {HWK: ChannelKind.AMQP, IHK: ChannelKind.WEBHOOK, CLUB: ChannelKind.NONE, OFFICE: ChannelKind.LIGHT}
OWN_KEY = (HWK, IHK)
BODIES = tuple(SERVICES)
MINIMUM = DataCategory.IDENTITY
PAPERS = DataCategory.DOCUMENTS
CATEGORIES = tuple(
    DataCategory(code)
    for code in ("IDENTITY", "CONTACT", "LANGUAGE", "QUALIFICATION", "HEALTH", "FREE_TEXT", "DOCUMENTS")
)
ACCEPTED = frozenset(CATEGORIES)
#: Days from today to the last one of a body's agreement: long ended, at both ends of its grace, about to end, for long.
AGREED = (-31, -30, -1, 0, 2, 400)
MOST_PAPERS = 3
#: How much may come back, as people mostly choose.
MOSTLY_ALL = (*BackLevel, BackLevel.OUTCOME, BackLevel.OUTCOME, BackLevel.STATUS)
CHANGES = (
    {"city": "Stolberg", "phone": "+49 241 1"},
    {"health_note": "Asthma"},
    {"note": "Ruft gern an"},
    {"occupation": "", "occupation_code": ""},
    {"family_name": "Haddad"},
)
WORDS: Mapping[Action, Any] = {
    Action.RECEIVE: actions.Receive(),
    Action.ACCEPT: actions.Accept(contact_by=None),
    Action.WAITLIST: actions.Waitlist(estimated_on=None),
    Action.ASK: actions.Ask(question=QuestionCode.QUALIFICATION_DETAILS),
    Action.REJECT: actions.Reject(reason=RejectionReason.NO_CAPACITY),
    Action.PAUSE: actions.Pause(reason=PauseReason.VISA),
    Action.RESUME: actions.Resume(),
    Action.COMPLETE: actions.Complete(outcome=Outcome.GOAL_REACHED),
    Action.END: actions.End(reason=EndReason.PERSON_MOVED),
}


class Disclosures(RuleBasedStateMachine):
    """One person, four bodies, and everything that may happen between them in any order."""

    scene: Scene
    counts: Counter[str]
    private: dict[UUID, dict[str, Any]]
    terms: dict[UUID, tuple[frozenset[DataCategory], BackLevel]]
    agreements: dict[UUID, date | None]

    @property
    def at(self) -> datetime:
        return self.scene.clock.now()

    def step(self) -> None:
        self.counts["commands"] += 1
        self.steps += 1

    def look(self) -> None:
        """Every other time somebody fetches at once, while whatever has just changed is fresh."""
        if self.steps % 2 and self.referrals:
            self._take_all(self.referrals[self.steps % len(self.referrals)])

    def _take_all(self, referral_id: UUID) -> None:
        """The dossier, and every paper that was ever named to go along, as whoever has it would try."""
        for paper in sorted(self.enclosed[referral_id]):
            self._take_paper(self.scene.now(referral_id), paper)
        self._take(self.scene.now(referral_id))

    @initialize(
        body=st.sampled_from(BODIES),
        days=st.integers(2, 30),
        level=st.sampled_from(MOSTLY_ALL),
        begins=st.sampled_from([0, 0, 0, 0, 1]),
        with_papers=st.booleans(),
        taken=st.booleans(),
    )
    def somebody_new_asks(self, body, days, level, begins, with_papers, taken):
        """She consents and is referred in the usual way, so that most lives have something to disclose."""
        self.scene.clock.instant = NOW
        for one in BODIES:
            self.agreements[one] = day_of(NOW) + timedelta(days=400)
            publish_terms(self, one, ACCEPTED, BackLevel.OUTCOME)
            publish(self, one)
        self.record: dict[str, Any] = {**somebody_else(), "note": "Herzliche Grüße", "city": "Aachen"}
        self.enquiry: Enquiry = self.scene.an_enquiry(**self.record)
        self.history = History(frozenset({OFFICE}))
        self.referrals: list[UUID] = []
        self.papers: dict[UUID, bytes] = {}
        self.enclosed: dict[UUID, set[UUID]] = defaultdict(set)
        self.handed = 0
        self.steps = 0
        self.first = self.scene.rows("SELECT coalesce(max(number), 0) AS number FROM outbox")[0]["number"]
        self.counts["sequences"] += 1
        more = frozenset({PAPERS}) if with_papers else frozenset()
        self._consent((body,), frozenset({MINIMUM, DataCategory.CONTACT}) | more, level, days, begins=begins)
        self._refer(body)
        if with_papers:
            self._enclose(self.referrals[0], self._bring())
        self._pass(timedelta(minutes=1))
        if taken:
            self._take_all(self.referrals[0])

    # --- what she says ---

    @rule(
        who=st.sampled_from([(HWK,), (IHK,), (CLUB,), (OFFICE,), (HWK, IHK), (HWK, CLUB), (HWK, OFFICE)]),
        more=st.frozensets(st.sampled_from(CATEGORIES)),
        with_identity=st.sampled_from([True, True, True, False]),
        level=st.sampled_from(MOSTLY_ALL),
        days=st.integers(0, 20),
        begins=st.sampled_from([0, 0, 0, 1]),
    )
    def she_consents(self, who, more, with_identity, level, days, begins):
        self.step()
        self._consent(who, more | {MINIMUM} if with_identity or not more else more, level, days, begins=begins)
        self.look()

    @rule(who=st.sampled_from([(HWK,), (CLUB,), (HWK, IHK)]), level=st.sampled_from(BackLevel))
    def she_says_so_on_the_telephone(self, who, level):
        self.step()
        self._consent(who, frozenset({MINIMUM, DataCategory.CONTACT}), level, 30, spoken=True)

    @precondition(
        lambda self: not self.history.erased and any(one.spoken and not one.ended for one in self.history.said)
    )
    @rule(data=st.data())
    def she_confirms(self, data):
        self.step()
        said = data.draw(st.sampled_from([one for one in self.history.said if one.spoken and not one.ended]))
        signed = self.scene.scan(self.enquiry)
        with suppress(LotsennetzError), self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            consent_commands.confirm_consent(work, self.scene.house, NAVIGATOR, self.enquiry.id, said.id, signed)
            said.ended = self.at
            until = datetime.combine(said.at.astimezone(AACHEN).date() + timedelta(days=30), time.min).date()
            self.history.said.append(Said(said.id, self.at, day_of(said.at), until, said.to))

    @precondition(lambda self: any(not one.ended for one in self.history.said))
    @rule(
        data=st.data(),
        part=st.sampled_from(["all", "body", "category"]),
        category=st.sampled_from((*CATEGORIES, PAPERS, PAPERS)),
    )
    def she_withdraws(self, data, part, category):
        """All of it, one body, or one kind of data."""
        self.step()
        said = data.draw(st.sampled_from([one for one in self.history.said if not one.ended]))
        body = data.draw(st.sampled_from(sorted(said.to))) if part == "body" else None
        self._withdraw(said, part, body, category)

    @precondition(lambda self: self._of_papers())
    @rule(data=st.data())
    def she_wants_no_paper_passed_on_any_more(self, data):
        self.step()
        self._withdraw(data.draw(st.sampled_from(self._of_papers())), "category", None, PAPERS)

    def _of_papers(self) -> list[Said]:
        """What she has said to bodies with which papers go along."""
        bodies = {self.scene.now(one).organization_id for one, papers in self.enclosed.items() if papers}
        return [
            one
            for one in self.history.said
            if not one.ended and any(body in bodies and PAPERS in what for body, (what, _) in one.to.items())
        ]

    def _withdraw(self, said: Said, part: str, body: UUID | None, category: DataCategory) -> None:
        named = {"category": category} if part == "category" else {}
        try:
            self.scene.withdraw(self.enquiry, said.id, body, **named)
        except LotsennetzError:
            assert self.history.erased or (
                part == "category" and not any(category in what for what, _ in said.to.values())
            )
            return
        said.ended = self.at
        left = {one: what for one, what in said.to.items() if one != body} if part != "all" else {}
        if part == "category":
            left = {one: (what - {category}, level) for one, (what, level) in left.items() if what - {category}}
        if left:
            self.history.said.append(replace(said, at=self.at, to=left, ended=None))
        for referral_id in [one for one, papers in self.enclosed.items() if papers]:
            self._take_all(referral_id)
        self.look()

    def _consent(self, who, categories, level, days, *, spoken=False, begins=0):
        first = day_of(self.at) + timedelta(days=begins)
        until = first + timedelta(days=days)
        entries = [
            replace(to_hwk(level), organization_id=one, service_id=SERVICES[one], categories=tuple(sorted(categories)))
            for one in who
        ]
        how = HEARD if spoken else {}
        try:
            given = self.scene.consent(self.enquiry, *entries, valid_from=first, valid_until=until, **how)
        except LotsennetzError:
            refused = self.history.erased or (OFFICE in who and len(who) > 1)
            assert refused or any(not categories <= self.terms[one][0] for one in who)
            return
        last = min(until, working_days_after(day_of(self.at), 5)) if spoken else until
        to = {one: (frozenset(map(str, categories)), str(level)) for one in who}
        self.history.said.append(Said(given.id, self.at, first, last, to, spoken))

    # --- what the welcome center does ---

    @precondition(lambda self: len(self.referrals) < 4)
    @rule(body=st.sampled_from(BODIES), follows=st.booleans())
    def she_is_referred(self, body, follows):
        self.step()
        self._refer(body, follows=follows)

    def _refer(self, body, *, follows=False):
        """Once more after an end, or anew; another one of the same matter may be under way."""
        ended = [one for one in self.referrals if self.scene.now(one).status.is_terminal]
        based_on = ended[-1] if follows and ended else None
        with suppress(LotsennetzError):
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                need = self.enquiry.needs[0].id
                drafted = referrals.draft(
                    work, self.scene.keys, NAVIGATOR, self.enquiry.id, need, SERVICES[body], based_on=based_on
                )
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
            self.referrals.append(prepared.id)

    # --- papers ---

    @precondition(lambda self: len(self.papers) < MOST_PAPERS and not self.history.erased)
    @rule()
    def she_brings_a_paper(self):
        self.step()
        self._bring()

    def _bring(self) -> UUID:
        content = a_pdf(b"<< /Paper %d >>" % self.counts["papers brought"])
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
            )
        self.papers[paper.id] = content
        self.counts["papers brought"] += 1
        return paper.id

    @precondition(lambda self: self.papers)
    @rule(data=st.data())
    def a_paper_goes_along(self, data):
        self.step()
        self._enclose(self._one(data).id, data.draw(st.sampled_from(list(self.papers))))
        self.look()

    def _enclose(self, referral_id: UUID, paper: UUID) -> None:
        referral = self.scene.now(referral_id)
        due = not (referral.status.is_terminal or self.history.erased) and PAPERS in self._accepted(referral)
        try:
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                enclosing.enclose(work, self.scene.keys, NAVIGATOR, referral_id, paper)
        except LotsennetzError:
            assert not due
            return
        assert due
        self.enclosed[referral_id].add(paper)
        self.counts["papers enclosed"] += 1

    @precondition(lambda self: any(self.enclosed.values()))
    @rule(data=st.data())
    def a_paper_goes_along_no_longer(self, data):
        self.step()
        referral_id = data.draw(st.sampled_from([one for one, papers in self.enclosed.items() if papers]))
        paper = data.draw(st.sampled_from(sorted(self.enclosed[referral_id])))
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            enclosing.take_out(work, self.scene.keys, NAVIGATOR, referral_id, paper)
        self.enclosed[referral_id].discard(paper)
        self.counts["papers taken out"] += 1
        self._take_paper(self.scene.now(referral_id), paper)
        self.look()

    @precondition(lambda self: self.papers and not self.history.erased)
    @rule(data=st.data(), sure=st.booleans())
    def a_paper_is_deleted(self, data, sure):
        if not sure:
            return
        self.step()
        paper = data.draw(st.sampled_from(list(self.papers)))
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            documents.delete(work, self.scene.keys, NAVIGATOR, self.enquiry.id, paper)
        del self.papers[paper]
        self.counts["papers deleted"] += 1
        for referral_id in self.enclosed:
            self._take_paper(self.scene.now(referral_id), paper)
            self.enclosed[referral_id].discard(paper)
        self.look()

    @precondition(lambda self: self.papers)
    @rule(data=st.data())
    def its_body_takes_a_paper(self, data):
        """Any paper she ever brought, whether it goes along with this referral or not."""
        self.step()
        self._take_paper(self._one(data), data.draw(st.sampled_from(list(self.papers))))

    def _take_paper(self, referral: Referral, paper: UUID, *, just_named: bool = False) -> None:
        lawful = (
            referral.status in RUNNING
            and paper in self.papers
            and paper in self.enclosed[referral.id]
            and self._may_receive(referral)
            and any({MINIMUM, PAPERS} <= names for names in self._lawful(referral))
        )
        by = partner(referral.organization_id)
        try:
            with self.scene.unit.work(actor=by.actor) as work:
                found = enclosing.fetch(work, self.scene.keys, referral.id, paper, by)
        except LotsennetzError as refused:
            self.counts[f"papers refused: {refused.slug}"] += 1
            found = None
        if isinstance(found, Withheld):
            self.counts[f"papers withheld: {found.reason}"] += 1
        if not isinstance(found, enclosing.Handed):
            assert not just_named, "the dossier has just named it, and it is refused"
            self.counts["papers refused"] += 1
            return
        assert lawful, "a paper left although no living consent lets it go along"
        assert found.document.content == self.papers[paper]
        self.handed += 1
        self.counts["papers fetched"] += 1

    @rule(changes=st.sampled_from(CHANGES))
    def her_record_is_corrected(self, changes):
        self.step()
        with suppress(LotsennetzError), self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            enquiries.rectify(work, self.scene.keys, NAVIGATOR, self.enquiry.id, changes)

    @rule(
        data=st.data(),
        words=st.none() | st.just("Sie lernt gerade"),
        known=st.sampled_from([{}, {"qualification_year": 2016}]),
    )
    def a_question_is_answered(self, data, words, known):
        self.step()
        self._answer(self._one(data), known, words)

    def _answer(self, referral: Referral, known: dict[str, Any], words: str | None) -> None:
        if Action.ANSWER not in referral.allowed_to(Party.NAVIGATOR):
            return
        told = {str(category_of(self.enquiry.enquirer, name)) for name in known}
        told |= {DataCategory.FREE_TEXT.value} if words else set()
        may_receive = self._may_receive(referral)
        try:
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                done = referrals.answer(
                    work, self.scene.keys, NAVIGATOR, referral.id, None, question_id=None, data=known, words=words
                )
        except LotsennetzError:
            taken = told <= set(map(str, self._accepted(referral)))
            assert self.history.erased or not may_receive or not taken
            self.counts["answers refused: no agreement"] += not may_receive
            self.counts["answers refused: not taken"] += may_receive and not taken
            return
        assert may_receive, "an answer went to a body without an agreement"
        self._compare_answer(referral.id, told, withheld=isinstance(done, Withheld))
        self.counts["answers"] += not isinstance(done, Withheld)

    def _compare_answer(self, referral_id: UUID, told: set[str], *, withheld: bool) -> None:
        """What was answered waits in the dossier, and was not answered where no consent for the dossier carries it."""
        carrying = [names for names in self._lawful(self.scene.now(referral_id)) if MINIMUM in names]
        if withheld:
            assert told, "nothing was told, and it was refused"
            assert not carrying or not all(told <= names for names in carrying), "refused although consented to"
        elif told:
            assert any(told <= names for names in carrying), f"{told} is in no single consent that carries a dossier"
            (row,) = self.scene.rows("SELECT categories FROM dossiers WHERE referral_id = %s", referral_id)
            assert told <= set(row["categories"]), "it was answered, and the dossier leaves it out"

    @rule(data=st.data(), words=st.none() | st.just("Sie lernt gerade"))
    def its_body_asks_and_is_answered(self, data, words):
        self.step()
        referral = self._one(data)
        if Action.ASK in referral.allowed_to(Party.PARTNER):
            self._say(referral, Action.ASK, by_hand=False)
            self._answer(self.scene.now(referral.id), {"postal_code": "52064"}, words)

    @rule(data=st.data(), in_error=st.booleans())
    def it_is_taken_back(self, data, in_error):
        self.step()
        referral = self._one(data)
        with suppress(LotsennetzError), self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            if in_error:
                referrals.mark_entered_in_error(work, NAVIGATOR, referral.id, None)
            else:
                referrals.cancel(work, self.scene.keys, NAVIGATOR, referral.id, None, reason=EndReason.SOLVED_ELSEWHERE)

    @precondition(lambda self: len(self.referrals) > 1 and not self.history.erased)
    @rule(sure=st.sampled_from([True, False, False]))
    def she_is_erased(self, sure):
        if not sure:
            return
        self.step()
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            enquiries.erase(work, NAVIGATOR, self.enquiry.id)
        self.history.erased = True

    # --- time, and what bodies publish ---

    @rule(span=st.sampled_from([timedelta(minutes=1), timedelta(hours=7), timedelta(days=1), timedelta(days=6)]))
    def time_passes(self, span):
        self.step()
        self._pass(span)
        self.look()

    @rule(around=st.sampled_from([-1, 0]))
    def it_is_midnight_in_aachen(self, around):
        """The last instant of a day, or the first of the next."""
        self.step()
        midnight = datetime.combine(day_of(self.at) + timedelta(days=1), time.min, AACHEN)
        self._pass(midnight + timedelta(microseconds=around) - self.at)
        self.look()

    def _pass(self, span):
        self.scene.clock.instant += span
        self.scene.tick()

    @rule(body=st.sampled_from(BODIES), with_new_key=st.booleans())
    def a_body_is_published_again(self, body, with_new_key):
        self.step()
        if with_new_key and body in OWN_KEY:
            self.private[body] = new_key()
        publish(self, body)

    @rule(data=st.data(), days=st.sampled_from((None, *AGREED)), asks=st.booleans())
    def the_agreement_with_a_body_changes(self, data, days, asks):
        """It ends, is gone for good, or comes back; mostly with somebody to whom something is under way."""
        self.step()
        bodies = [self.scene.now(one).organization_id for one in self.referrals] or list(BODIES)
        body = data.draw(st.sampled_from(bodies))
        concerned = [one for one in self.referrals if self.scene.now(one).organization_id == body]
        for referral_id in concerned if asks else ():
            if Action.ASK in (referral := self.scene.now(referral_id)).allowed_to(Party.PARTNER):
                self._say(referral, Action.ASK, by_hand=False)
        self.agreements[body] = None if days is None else day_of(self.at) + timedelta(days=days)
        publish(self, body)
        self.counts["agreements " + ("gone" if days is None else "ended" if days < 0 else "in force")] += 1
        for referral_id in concerned:
            self._take_all(referral_id)
            self._answer(self.scene.now(referral_id), {"postal_code": "52064"}, None)

    def _may_receive(self, referral: Referral) -> bool:
        """Nothing new goes to a body without an agreement; to whoever has the dossier, thirty days longer."""
        last = self.agreements[referral.organization_id]
        grace = timedelta(days=30 if referral.fetched_at else 0)
        return last is not None and day_of(self.at) <= last + grace

    @rule(
        body=st.sampled_from(BODIES),
        less=st.sampled_from(
            [frozenset[DataCategory](), frozenset({DataCategory.HEALTH, DataCategory.CONTACT}), frozenset({PAPERS})]
        ),
        level=st.sampled_from(BackLevel),
    )
    def a_body_changes_its_terms(self, body, less, level):
        self.step()
        publish_terms(self, body, ACCEPTED - less, level)
        self.look()

    @precondition(lambda self: any(self.enclosed.values()))
    @rule(data=st.data())
    def a_body_takes_papers_no_more(self, data):
        self.step()
        referral_id = data.draw(st.sampled_from([one for one, papers in self.enclosed.items() if papers]))
        body = self.scene.now(referral_id).organization_id
        accepted, level = self.terms[body]
        publish_terms(self, body, accepted - {PAPERS}, level)
        self._take_all(referral_id)

    # --- what bodies get ---

    def _one(self, data) -> Referral:
        return self.scene.now(data.draw(st.sampled_from(self.referrals)))

    @rule(data=st.data())
    def its_body_takes_the_dossier(self, data):
        """By its own system, on its unit's page, or as a sheet of paper."""
        self.step()
        self._take(self._one(data))

    def _accepted(self, referral: Referral) -> frozenset[DataCategory]:
        return self.terms[referral.organization_id][0]

    def _lawful(self, referral: Referral) -> list[frozenset[str]]:
        """What each living consent lets this body have, of what it takes at all."""
        given = self.history.may_be_given(referral.organization_id, self.at)
        return [names & self._accepted(referral) for names in given]

    def _take(self, referral: Referral) -> None:
        lawful = self._lawful(referral)
        consented = referral.status in RUNNING and any(MINIMUM in names for names in lawful)
        due = consented and self._may_receive(referral)
        try:
            content = self._taken(referral)
        except LotsennetzError as refused:
            self.counts[f"refused: {refused.slug}"] += 1
            content = None
        if content is None:
            assert not due, "refused although a living consent names this body"
            self.counts["refused"] += 1
            return
        assert due, "something left although no living consent names this body, or no agreement is in force"
        self._compare(content, lawful)
        last = self.agreements[referral.organization_id]
        self.counts["dossiers in the days of grace"] += last is not None and day_of(self.at) > last
        self._compare_papers(self.scene.now(referral.id), content)

    def _compare_papers(self, referral: Referral, content: dict[str, Any]) -> None:
        """The dossier names exactly what goes along, and what it names can be had at this instant."""
        named = {UUID(one["id"]) for one in content.get("documents", ())}
        assert named <= self.enclosed[referral.id] & set(self.papers)
        if "documents" in content:
            assert named == self.enclosed[referral.id] & set(self.papers)
            self._take_paper(referral, min(named), just_named=True)

    def _taken(self, referral: Referral) -> dict[str, Any] | None:
        body = referral.organization_id
        if CHANNELS[body] is ChannelKind.NONE:
            with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
                printed = partners.print_dossier(work, self.scene.keys, referral.id, NAVIGATOR)
            return None if isinstance(printed, Withheld) else dict(printed["person"])
        by = partner(body)
        with self.scene.unit.work(actor=by.actor) as work:
            found = partners.fetch_dossier(work, self.scene.keys, referral.id, by)
        if isinstance(found, Withheld):
            return None
        with self.scene.db.read() as connection:
            key = self.private.get(body) or custodial_private(connection, self.scene.keys.vault, body)
        return dict(sealing.open_with(found.sealed.jwe, key)["person"])

    def _compare(self, content: dict[str, Any], lawful: list[frozenset[str]]) -> None:
        self.counts["dossiers"] += 1
        self.counts["fields"] += len(content)
        held = {str(category_of(self.enquiry.enquirer, name)) for name in content}
        assert set(content) <= set(PERSON.fields)
        assert any(held <= names for names in lawful), f"{held} is in no single living consent"

    @rule(data=st.data())
    def another_body_tries(self, data):
        self.step()
        referral = self._one(data)
        stranger = partner(next(one for one in BODIES if one != referral.organization_id))
        with pytest.raises(LotsennetzError), self.scene.unit.work(actor=stranger.actor) as work:
            partners.fetch_dossier(work, self.scene.keys, referral.id, stranger)

    # --- what comes back ---

    @rule(data=st.data(), action=st.sampled_from(list(WORDS)), by_hand=st.booleans())
    def its_body_says_anything(self, data, action, by_hand):
        self.step()
        self._say(self._one(data), action, by_hand=by_hand)

    @rule(data=st.data())
    def its_body_does_what_it_is_offered(self, data):
        self.step()
        referral = self._one(data)
        offered = [action for action in referral.allowed_to(Party.PARTNER) if action in WORDS]
        if offered:
            self._say(referral, data.draw(st.sampled_from(offered)), by_hand=False)

    def _say(self, referral: Referral, action: Action, *, by_hand: bool) -> None:
        body = referral.organization_id
        level = self.history.may_be_told(body, self.at, str(self.terms[body][1]), referral.fetched_at)
        needed = needed_level(action, says_more=action is Action.COMPLETE)
        lawful = level is not None and needed is not None and LEVELS.index(level) >= LEVELS.index(needed)
        try:
            if by_hand:
                self._by_hand(referral, action)
            else:
                self.scene.answers(referral, action, WORDS[action])
        except RefusedError as refused:
            if refused.slug == "consent.back-level":
                assert not lawful or referral.status not in RUNNING, "refused although the consent lets it back"
                self.counts["words refused"] += 1
            assert self.scene.now(referral.id) == referral
            return
        except LotsennetzError:
            return
        assert lawful, f"{action} was told although no more than {level} may come back"
        self.counts["words"] += 1

    def _by_hand(self, referral: Referral, action: Action) -> None:
        details: dict[str, Any] = {
            Action.REJECT: {"reason": RejectionReason.NO_CAPACITY},
            Action.END: {"reason": EndReason.PERSON_MOVED},
            Action.COMPLETE: {"outcome": Outcome.GOAL_REACHED},
        }.get(action, {})
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            referrals.record_for_partner(
                work,
                self.scene.keys,
                NAVIGATOR,
                referral.id,
                None,
                action=action,
                way=Way.PHONE,
                told_on=self.scene.clock.today(),
                **details,
            )

    # --- in the end ---

    def teardown(self):
        if not hasattr(self, "referrals"):
            return
        ours = set(self.referrals)
        letters = self.scene.rows("SELECT body FROM outbox WHERE number > %s ORDER BY number", self.first)
        events = [envelope.read(bytes(one["body"])).data for one in letters]
        fetched = [event for event in events if isinstance(event, DossierFetched)]
        points = (DisclosurePoint.FETCH, DisclosurePoint.PRINT)
        decided = {
            event.decision_id: event
            for event in events
            if isinstance(event, DisclosureDecided) and event.point in points
        }
        papers = [event for event in events if isinstance(event, DocumentFetched)]
        assert len(papers) == self.handed
        assert all(decided[event.decision_id].categories == (PAPERS,) for event in papers)
        assert all(decided[event.decision_id].allowed for event in (*fetched, *papers))
        assert len(fetched) + len(papers) == sum(event.allowed for event in decided.values())
        self.counts.update(
            f"no: {event.refusal}" for event in events if isinstance(event, DisclosureDecided) and event.refusal
        )
        refused = [event for event in events if isinstance(event, CommandRefused)]
        assert not [
            event for event in refused if event.action and event.slug in ("consent.back-level", "referral.closed")
        ]
        for referral_id in ours:
            now = self.scene.now(referral_id)
            if now.status.is_terminal or now.status in (Status.DRAFT, Status.AWAITING_CONSENT):
                assert self.scene.rows("SELECT * FROM dossiers WHERE referral_id = %s", referral_id) == []


def publish(machine: Disclosures, body: UUID) -> None:
    """The next version of an organization, with the key it has now."""
    scene, private = machine.scene, machine.private.get(body)
    [row] = scene.rows("SELECT coalesce(max(version), 0) AS version FROM organizations WHERE id = %s", body)
    public = None if private is None else PublicJwk(own_key(private))
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(
            work,
            an_organization(
                body,
                version=row["version"] + 1,
                channel=Channel(kind=CHANNELS[body]),
                must_stand_alone=body == OFFICE,
                public_key=public,
                agreement=agreement_until(machine.agreements[body]),
            ),
        )


def agreement_until(last: date | None) -> Agreement | None:
    usual = an_organization().agreement
    return None if usual is None or last is None else replace(usual, valid_until=last)


def publish_terms(machine: Disclosures, body: UUID, accepted: frozenset[DataCategory], level: BackLevel) -> None:
    scene = machine.scene
    machine.terms[body] = (accepted, level)
    [row] = scene.rows("SELECT coalesce(max(version), 0) AS version FROM services WHERE id = %s", SERVICES[body])
    terms = some_terms(categories_accepted=tuple(sorted(accepted)), back_level=level)
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(SERVICES[body], body, version=row["version"] + 1, terms=terms))


def played(scene: Scene, sequences: int, steps: int) -> Counter[str]:
    shared = {"private": {body: new_key() for body in OWN_KEY}, "terms": {}, "agreements": {}}
    return play(Disclosures, scene, sequences, steps, **shared)


@pytest.mark.timeout(900)
def test_no_sequence_of_commands_lets_a_category_out_or_a_word_back_outside_a_living_consent(scene: Scene):
    counts = played(scene, 12, 20)
    assert counts["sequences"] >= 12
    assert min(counts["dossiers"], counts["refused"], counts["words"], counts["papers fetched"]) > 0


#: What has to happen in many lives, or a rule that is never lived through would say nothing.
LIVED = (
    "dossiers",
    "dossiers in the days of grace",
    "words",
    "words refused",
    "answers",
    "answers refused: no agreement",
    "agreements ended",
    "agreements gone",
    "agreements in force",
    "refused: agreement.not-in-force",
    "refused: referral.closed",
    "papers enclosed",
    "papers taken out",
    "papers deleted",
    "papers fetched",
    "papers refused: agreement.not-in-force",
    "papers refused: document.unknown",
    "papers refused: enclosure.dossier-first",
    "papers refused: enclosure.not-accepted",
    "papers refused: referral.closed",
    "papers withheld: WITHDRAWN",
    *(f"no: {reason}" for reason in ("WITHDRAWN", "EXPIRED", "NOT_YET_VALID", "CATEGORY_NOT_COVERED")),
)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_sequence_of_commands_does_however_many_are_tried(scene: Scene):
    lived_through(lambda sequences: played(scene, sequences, 25), LIVED)
