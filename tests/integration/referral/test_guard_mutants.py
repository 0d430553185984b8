"""Each guard of commands and store matters: without it the scenario named beside it fails, on a real database."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from contracts.codes import (
    Action,
    BackLevel,
    ConsentChannel,
    DataCategory,
    DocumentKind,
    DuplicateAnswer,
    EndReason,
    EnquirerKind,
    GivenBy,
    ProofKind,
    Purpose,
    QuestionCode,
    Relation,
    Signer,
    Site,
    Status,
    Topic,
    Urgency,
)
from contracts.directory import Agreement
from contracts.partner import actions
from contracts.referral import DuplicateCareAsked
from services.chassis.db import Database
from services.chassis.errors import InvalidError, LotsennetzError, NotFoundError, RefusedError, StaleError
from services.referral import handlers
from services.referral.commands import (
    cascade,
    disclosing,
    enclosing,
    enquiries,
    enterprise,
    household,
    majority,
    partners,
    preparing,
    referrals,
    saving,
    signing,
    telling,
    withdrawing,
)
from services.referral.commands.preparing import DraftForm
from services.referral.commands.referrals import Withheld
from services.referral.domain.drafting import Custody, DraftedConsent
from services.referral.domain.referral import Referral
from services.referral.store import documents as document_store
from services.referral.store import dossiers, drafts, enclosures, grounds, persons
from services.referral.store import referrals as referral_store
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.scene import (
    HEARD,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    NOW,
    RECORD,
    TO_PARTNER,
    Scene,
    a_service,
    an_organization,
    partner,
    some_terms,
    somebody_else,
    to_hwk,
)
from tests.mutants.surgery import Guard, without
from tests.unit.referral.papers import a_pdf

WITH_PAPERS = (*TO_PARTNER, DataCategory.DOCUMENTS)
ACCEPT = actions.Accept(contact_by=None)


class Town:
    """One scene for all guards; each scenario brings somebody new."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene.told_directory()
        self.version = 1
        self.new()

    def new(self) -> None:
        self.scene.clock.instant = NOW
        self.version += 1
        with self.scene.unit.work(actor="system:directory") as work:
            handlers.keep_organization(work, an_organization(version=self.version))
            handlers.keep_service(work, a_service(version=self.version))

    def publish(self, **terms: Any) -> None:
        """The partner's service, with other terms than usual."""
        self.version += 1
        with self.scene.unit.work(actor="system:directory") as work:
            handlers.keep_service(work, a_service(version=self.version, terms=some_terms(**terms)))

    def agree(self, agreement: Agreement | None) -> None:
        """What the directory says of the agreement with the partner now."""
        self.version += 1
        with self.scene.unit.work(actor="system:directory") as work:
            handlers.keep_organization(work, an_organization(version=self.version, agreement=agreement))

    def with_paper(self, *, fetched: bool = True) -> tuple[Referral, UUID]:
        """Referred, and a paper goes along that she has consented to; the dossier has named it."""
        self.publish(categories_accepted=WITH_PAPERS)
        referral = self.referred(replace(to_hwk(), categories=WITH_PAPERS))
        paper = self.paper(self.enquiry)
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            enclosing.enclose(work, self.scene.keys, NAVIGATOR, referral.id, paper)
        if fetched:
            self.scene.fetched(referral)
        return self.scene.now(referral.id), paper

    def paper(self, enquiry: Enquiry, kind: DocumentKind = DocumentKind.CERTIFICATE) -> UUID:
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return document_store.keep(
                work,
                self.scene.keys.vault,
                enquiry.person_id,
                enquiry_id=enquiry.id,
                kind=kind,
                content=a_pdf(),
                media_type="application/pdf",
            )

    def take_paper(self, referral: Referral, paper: UUID) -> Any:
        by = partner(referral.organization_id)
        with self.scene.unit.work(actor=by.actor) as work:
            return enclosing.fetch(work, self.scene.keys, referral.id, paper, by)

    def a_company(self) -> Enquiry:
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return enquiries.record_enquiry(
                work,
                self.scene.keys.vault,
                NAVIGATOR,
                enquirer=EnquirerKind.EMPLOYER,
                site=Site.AACHEN,
                record={"company": "Musterbau Beispiel GmbH", "mailbox": "post@musterbau.example"},
                needs=[(Topic.ANWERBUNG, Urgency.NORMAL)],
            )

    def under_custody(self, holders: int) -> DraftedConsent:
        """A form on the table that both parents, or the one, have to sign for a child."""
        self.enquiry = self.scene.an_enquiry(**{**somebody_else(), "birth_date": "2015-06-01"})
        form = DraftForm(
            given_by=GivenBy.GUARDIAN, language="de", recipients=(to_hwk(),), custody=Custody(holders=holders)
        )
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return preparing.prepare_consent(work, self.scene.house, NAVIGATOR, self.enquiry.id, form)

    def sign(self, drafted: DraftedConsent, signer: Signer) -> Any:
        proof = None if signer is Signer.PERSON else ProofKind.BIRTH_CERTIFICATE
        scan = self.scene.scan(self.enquiry)
        how = signing.Signing(channel=ConsentChannel.SIGNED_PAPER, signer=signer, document_id=scan, proof=proof)
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return signing.sign_consent(work, self.scene.house, NAVIGATOR, self.enquiry.id, drafted.id, how)

    def expect_waiting(self, person_id: UUID) -> None:
        """Nobody who changes her consent gets past whoever discloses at this moment."""
        with psycopg.connect(self.scene.db.dsn) as other:
            other.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("UPDATE persons SET consent_epoch = consent_epoch + 1 WHERE id = %s", (person_id,))

    def referred(self, *entries: Any, fetched: bool = False) -> Referral:
        self.enquiry = self.scene.an_enquiry(**somebody_else())
        self.consent = self.scene.consent(self.enquiry, *entries)
        prepared = self.scene.prepared(self.enquiry)
        self.scene.clock.instant += timedelta(minutes=1)
        with self.scene.unit.work(actor="system:clock") as work:
            referrals.release(work, self.scene.keys, prepared.id)
        if fetched:
            self.scene.fetched(prepared)
        return self.scene.now(prepared.id)

    def silently(self, sql: str, *params: Any) -> None:
        """Change a row as if no command had come by yet to follow it; the last change of the person stands."""
        with self.scene.db.session() as connection:
            connection.execute(sql, params)

    def take(self, referral: Referral, organization_id: Any = None) -> Any:
        by = partner(organization_id or referral.organization_id)
        with self.scene.unit.work(actor=by.actor) as work:
            return partners.fetch_dossier(work, self.scene.keys, referral.id, by)

    def answer(self, referral: Referral, data: dict[str, Any], words: str | None) -> Any:
        self.scene.answers(referral, Action.ASK, actions.Ask(question=QuestionCode.OTHER))
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return referrals.answer(
                work, self.scene.keys, NAVIGATOR, referral.id, None, question_id=None, data=data, words=words
            )


# --- scenarios: each holds in the whole, and fails where its guard is gone ------------------------------------------


def nothing_is_handed_out_on_a_withdrawn_consent(town: Town) -> None:
    referral = town.referred()
    town.silently("UPDATE consents SET withdrawn_at = %s WHERE id = %s", town.scene.clock.now(), town.consent.id)
    assert isinstance(town.take(referral), Withheld)


def nothing_is_told_on_a_withdrawn_consent(town: Town) -> None:
    referral = town.referred(fetched=True)
    town.silently("UPDATE consents SET withdrawn_at = %s WHERE id = %s", town.scene.clock.now(), town.consent.id)
    with pytest.raises(RefusedError, match="back-level"):
        town.scene.answers(referral, Action.ACCEPT, ACCEPT)


def the_clock_may_go_back(town: Town) -> None:
    referral = town.referred()
    town.scene.clock.instant += timedelta(minutes=9)
    with town.scene.unit.work(actor="test") as work:
        persons.raise_epoch(work, referral.person_id)
        work.tx.execute("UPDATE consents SET withdrawn_at = %s WHERE id = %s", (work.now, town.consent.id))
    town.scene.clock.instant -= timedelta(minutes=5)
    with town.scene.unit.work(actor="test") as work:
        persons.raise_epoch(work, referral.person_id)
    assert isinstance(town.take(referral), Withheld)


def of_the_erased_nothing_is_told(town: Town) -> None:
    referral = town.referred(fetched=True)
    with town.scene.unit.work(actor="test") as work:
        persons.erase(work, referral.person_id, "test")
    with pytest.raises(RefusedError, match="back-level"):
        town.scene.answers(referral, Action.ACCEPT, ACCEPT)


def erasing_stops_what_runs(town: Town) -> None:
    referral = town.referred(fetched=True)
    with town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, town.enquiry.id)
    assert town.scene.now(referral.id).status is Status.CANCELLED


def after_the_end_it_is_closed(town: Town) -> None:
    referral = town.referred(fetched=True)
    town.scene.withdraw(town.enquiry, town.consent.id)
    with pytest.raises(LotsennetzError, match=r"referral\.closed"):
        town.take(referral)


def a_stranger_gets_nothing(town: Town) -> None:
    referral = town.referred()
    with pytest.raises(LotsennetzError, match=r"referral\.unknown"):
        town.take(referral, IHK)


def narrower_terms_count_at_the_fetch(town: Town) -> None:
    """The dossier waits with her contact in it; the partner takes none any more."""
    referral = town.referred()
    terms = some_terms(categories_accepted=(DataCategory.IDENTITY,))
    with town.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(version=town.version + 1, terms=terms))
    town.version += 1
    town.take(referral)
    [row] = town.scene.rows("SELECT categories FROM dossiers WHERE referral_id = %s", referral.id)
    assert row["categories"] == ["IDENTITY"]


def a_new_ground_is_named_in_the_dossier(town: Town) -> None:
    referral = town.referred()
    town.silently("UPDATE dossiers SET ground = 'consent/another' WHERE referral_id = %s", referral.id)
    town.take(referral)
    [row] = town.scene.rows("SELECT ground FROM dossiers WHERE referral_id = %s", referral.id)
    assert str(town.consent.id) in row["ground"]


def a_dossier_sealed_to_an_old_key_is_sealed_anew(town: Town) -> None:
    referral = town.referred()
    town.silently("UPDATE dossiers SET key_id = 'old' WHERE referral_id = %s", referral.id)
    town.take(referral)
    [row] = town.scene.rows("SELECT key_id FROM dossiers WHERE referral_id = %s", referral.id)
    assert row["key_id"] != "old"


def what_changes_between_reading_and_writing_is_noticed(town: Town) -> None:
    referral = town.referred(fetched=True)
    by = partner(HWK)
    with pytest.raises(StaleError), town.scene.unit.work(actor=by.actor) as work:
        partners.perform(work, town.scene.keys, referral.id, by, Action.ACCEPT, ACCEPT, None)
        with town.scene.unit.work(actor="test") as other:
            persons.raise_epoch(other, referral.person_id)


def what_is_offered_follows_a_withdrawal(town: Town) -> None:
    referral = town.referred(fetched=True)
    wide = town.consent
    town.scene.consent(town.enquiry, to_hwk(BackLevel.RECEIPT))
    town.scene.withdraw(town.enquiry, wide.id)
    assert town.scene.now(referral.id).back_level is BackLevel.RECEIPT


def what_is_offered_follows_a_consent(town: Town) -> None:
    referral = town.referred(to_hwk(BackLevel.RECEIPT), fetched=True)
    town.scene.consent(town.enquiry, to_hwk(BackLevel.STATUS))
    assert town.scene.now(referral.id).back_level is BackLevel.STATUS


def nothing_leaves_within_the_undo_window(town: Town) -> None:
    enquiry = town.scene.an_enquiry(**somebody_else())
    town.scene.consent(enquiry)
    prepared = town.scene.prepared(enquiry)
    with town.scene.unit.work(actor="system:clock") as work:
        referrals.release(work, town.scene.keys, prepared.id)
    assert town.scene.now(prepared.id).status is Status.AWAITING_CONSENT


def without_an_agreement_nothing_leaves(town: Town) -> None:
    enquiry = town.scene.an_enquiry(**somebody_else())
    town.scene.consent(enquiry)
    prepared = town.scene.prepared(enquiry)
    with town.scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(version=town.version + 1, agreement=None))
    town.version += 1
    town.scene.clock.instant += timedelta(minutes=1)
    with town.scene.unit.work(actor="system:clock") as work:
        referrals.release(work, town.scene.keys, prepared.id)
    assert town.scene.now(prepared.id).status is Status.AWAITING_CONSENT


def an_answer_holds_only_what_is_consented_to(town: Town) -> None:
    referral = town.referred(fetched=True)
    assert isinstance(town.answer(referral, {"health_note": "Asthma"}, None), Withheld)


def words_in_an_answer_are_free_text(town: Town) -> None:
    referral = town.referred(fetched=True)
    assert isinstance(town.answer(referral, {}, "Sie hat Asthma"), Withheld)


def pieces_of_two_consents_carry_no_answer(town: Town) -> None:
    referral = town.referred(fetched=True)
    town.scene.consent(town.enquiry, replace(to_hwk(), categories=(DataCategory.FREE_TEXT,)))
    assert isinstance(town.answer(referral, {}, "Sie hat Asthma"), Withheld)


def an_answer_is_disclosed_by_the_fetch(town: Town) -> None:
    referral = town.referred(fetched=True)
    town.answer(referral, {"city": "Stolberg"}, None)
    [row] = town.scene.rows(
        "SELECT disclosed FROM decisions WHERE referral_id = %s AND point = 'answer' AND allowed", referral.id
    )
    assert row["disclosed"] is False


def an_answer_is_for_the_body_that_asked(town: Town) -> None:
    """A dossier of hers to another body holds nothing of it, although free text may go there, too."""
    all_of_it = (*TO_PARTNER, DataCategory.FREE_TEXT)
    first = town.referred(replace(to_hwk(), categories=all_of_it), fetched=True)
    town.answer(first, {}, "Sie lernt gerade")
    second = replace(first, id=UUID(int=first.id.int ^ 1))
    with town.scene.db.read() as connection:
        own, other = (enclosures.record_of(connection, town.scene.keys.vault, one) for one in (first, second))
    assert own["note"] == "Sie lernt gerade"
    assert "note" not in other


def a_correction_reaches_the_waiting_dossier(town: Town) -> None:
    referral = town.referred()
    [before] = town.scene.rows("SELECT sealed FROM dossiers WHERE referral_id = %s", referral.id)
    with town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.rectify(work, town.scene.keys, NAVIGATOR, town.enquiry.id, {"city": "Stolberg"})
    [after] = town.scene.rows("SELECT sealed FROM dossiers WHERE referral_id = %s", referral.id)
    assert before["sealed"] != after["sealed"]


def every_withdrawal_raises_the_epoch(town: Town) -> None:
    referral = town.referred()

    def epoch() -> int:
        return int(
            town.scene.rows("SELECT consent_epoch FROM persons WHERE id = %s", referral.person_id)[0]["consent_epoch"]
        )

    before = epoch()
    town.scene.withdraw(town.enquiry, town.consent.id)
    assert epoch() > before


def after_the_end_no_dossier_waits(town: Town) -> None:
    referral = town.referred()
    with town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.cancel(work, town.scene.keys, NAVIGATOR, referral.id, None, reason=EndReason.SOLVED_ELSEWHERE)
    assert town.scene.rows("SELECT * FROM dossiers WHERE referral_id = %s", referral.id) == []


def paper_is_for_bodies_without_a_channel(town: Town) -> None:
    referral = town.referred()
    with pytest.raises(RefusedError, match="has-a-channel"), town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        partners.print_dossier(work, town.scene.keys, referral.id, NAVIGATOR)


# --- papers ---


def no_paper_leaves_on_a_withdrawn_consent(town: Town) -> None:
    referral, paper = town.with_paper()
    town.silently("UPDATE consents SET withdrawn_at = %s WHERE id = %s", town.scene.clock.now(), town.consent.id)
    assert isinstance(town.take_paper(referral, paper), Withheld)


def pieces_of_two_consents_carry_no_paper(town: Town) -> None:
    referral, paper = town.with_paper()
    town.scene.withdraw(town.enquiry, town.consent.id, category=DataCategory.DOCUMENTS)
    town.scene.consent(town.enquiry, replace(to_hwk(), categories=(DataCategory.DOCUMENTS,)))
    assert isinstance(town.take_paper(referral, paper), Withheld)


def after_the_end_no_paper_leaves(town: Town) -> None:
    referral, paper = town.with_paper()
    town.scene.withdraw(town.enquiry, town.consent.id)
    with pytest.raises(RefusedError, match=r"referral\.closed"):
        town.take_paper(referral, paper)


def no_paper_leaves_before_its_dossier(town: Town) -> None:
    referral, paper = town.with_paper(fetched=False)
    with pytest.raises(RefusedError, match="dossier-first"):
        town.take_paper(referral, paper)


def without_an_agreement_no_paper_leaves(town: Town) -> None:
    referral, paper = town.with_paper()
    town.agree(None)
    with pytest.raises(RefusedError, match=r"agreement\.not-in-force"):
        town.take_paper(referral, paper)


def no_paper_leaves_that_the_terms_take_no_more(town: Town) -> None:
    referral, paper = town.with_paper()
    town.publish()
    with pytest.raises(RefusedError, match=r"enclosure\.not-accepted"):
        town.take_paper(referral, paper)


def no_paper_goes_along_that_the_terms_do_not_take(town: Town) -> None:
    referral = town.referred()
    paper = town.paper(town.enquiry)
    with (
        pytest.raises(RefusedError, match=r"enclosure\.not-accepted"),
        town.scene.unit.work(actor=NAVIGATOR.actor) as work,
    ):
        enclosing.enclose(work, town.scene.keys, NAVIGATOR, referral.id, paper)


def nobody_elses_paper_goes_along(town: Town) -> None:
    referral, _ = town.with_paper()
    paper = town.paper(town.scene.an_enquiry(**somebody_else()))
    with pytest.raises(NotFoundError, match=r"document\.unknown"), town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enclosing.enclose(work, town.scene.keys, NAVIGATOR, referral.id, paper)


def no_consent_form_goes_along(town: Town) -> None:
    referral, _ = town.with_paper()
    paper = town.paper(town.enquiry, DocumentKind.CONSENT_FORM)
    with pytest.raises(RefusedError, match="consent-form"), town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enclosing.enclose(work, town.scene.keys, NAVIGATOR, referral.id, paper)


# --- agreements ---


def without_an_agreement_no_dossier_is_handed_out(town: Town) -> None:
    referral = town.referred()
    town.agree(None)
    with pytest.raises(RefusedError, match=r"agreement\.not-in-force"):
        town.take(referral)


def without_an_agreement_no_answer_goes_out(town: Town) -> None:
    referral = town.referred(fetched=True)
    town.agree(None)
    with pytest.raises(RefusedError, match=r"agreement\.not-in-force"):
        town.answer(referral, {"city": "Stolberg"}, None)


def grace_is_for_whoever_has_the_dossier(town: Town) -> None:
    usual = an_organization().agreement
    assert usual is not None
    waiting, under_way = town.referred(), town.referred(fetched=True)
    town.agree(replace(usual, valid_until=NOW.date() - timedelta(days=1)))
    assert isinstance(town.take(under_way), partners.Fetched)
    with pytest.raises(RefusedError, match=r"agreement\.not-in-force"):
        town.take(waiting)


# --- a withdrawal in part ---


def what_is_left_of_a_consent_goes_on(town: Town) -> None:
    referral = town.referred(to_hwk(), replace(to_hwk(), organization_id=IHK, service_id=IHK_SERVICE))
    town.scene.withdraw(town.enquiry, town.consent.id, IHK)
    assert isinstance(town.take(referral), partners.Fetched)


def what_is_carried_no_longer_has_to_be_deleted(town: Town) -> None:
    referral = town.referred(fetched=True)
    town.scene.withdraw(town.enquiry, town.consent.id, category=DataCategory.CONTACT)
    now = town.scene.now(referral.id)
    assert now.status is Status.REQUESTED
    assert [one.category for one in now.duties] == [DataCategory.CONTACT]


def the_waiting_dossier_loses_what_was_withdrawn(town: Town) -> None:
    referral = town.referred()
    town.scene.withdraw(town.enquiry, town.consent.id, category=DataCategory.CONTACT)
    [row] = town.scene.rows("SELECT categories FROM dossiers WHERE referral_id = %s", referral.id)
    assert "CONTACT" not in row["categories"]


def a_withdrawal_touches_nobody_else(town: Town) -> None:
    referral = town.referred(to_hwk(), replace(to_hwk(), organization_id=IHK, service_id=IHK_SERVICE))
    sql = "SELECT count(*) AS number FROM decisions WHERE referral_id = %s"
    before = town.scene.rows(sql, referral.id)
    town.scene.withdraw(town.enquiry, town.consent.id, IHK)
    assert town.scene.rows(sql, referral.id) == before


def what_was_taken_back_is_not_taken_back_again(town: Town) -> None:
    town.referred()
    town.scene.withdraw(town.enquiry, town.consent.id)
    with pytest.raises(RefusedError, match=r"consent\.withdrawn"):
        town.scene.withdraw(town.enquiry, town.consent.id)


# --- care that is given already ---


def a_second_referral_of_the_same_matter_is_noticed(town: Town) -> None:
    town.referred()
    with pytest.raises(RefusedError, match="duplicate-care"):
        town.scene.prepared(town.enquiry, IHK_SERVICE)


def what_was_asked_about_her_stays_a_fact(town: Town) -> None:
    first = town.referred()
    with pytest.raises(RefusedError, match="duplicate-care"):
        town.scene.prepared(town.enquiry, IHK_SERVICE)
    facts = [one for one in town.scene.said(DuplicateCareAsked) if one.person_id == first.person_id]
    assert [one.answer for one in facts if one.referral_id not in (None, first.id)] == [DuplicateAnswer.YES]


# --- locks ---


def a_withdrawal_waits_for_a_fetch_under_way(town: Town) -> None:
    referral = town.referred(fetched=True)
    by = partner(HWK)
    with town.scene.unit.work(actor=by.actor) as work:
        partners.fetch_dossier(work, town.scene.keys, referral.id, by)
        town.expect_waiting(referral.person_id)


def a_withdrawal_waits_for_a_word_that_is_written(town: Town) -> None:
    referral = town.referred(fetched=True)
    by = partner(HWK)
    with town.scene.unit.work(actor=by.actor) as work:
        assert work.tx  # a transaction that lasts, as it would with words to keep
        partners.perform(work, town.scene.keys, referral.id, by, Action.ACCEPT, ACCEPT, None)
        town.expect_waiting(referral.person_id)


# --- families and companies ---


def a_members_consent_is_her_own(town: Town) -> None:
    town.enquiry = town.scene.an_enquiry(**somebody_else())
    with town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        member = household.add_person(
            work,
            town.scene.keys.vault,
            NAVIGATOR,
            town.enquiry.id,
            relation=Relation.SPOUSE,
            record={**RECORD, **somebody_else()},
        )
    given = town.scene.consent(town.enquiry, person_id=member.person_id)
    assert given.person_id == member.person_id
    prepared = town.scene.prepared(town.enquiry)
    town.scene.clock.instant += timedelta(minutes=1)
    with town.scene.unit.work(actor="system:clock") as work:
        referrals.release(work, town.scene.keys, prepared.id)
    assert town.scene.now(prepared.id).status is Status.AWAITING_CONSENT


def one_of_two_parents_is_not_enough(town: Town) -> None:
    drafted = town.under_custody(2)
    assert isinstance(town.sign(drafted, Signer.CUSTODY_HOLDER), DraftedConsent)


def a_form_printed_before_brings_nothing_back(town: Town) -> None:
    town.enquiry = town.scene.an_enquiry(**somebody_else())
    little = replace(to_hwk(), categories=(DataCategory.IDENTITY,))
    given = town.scene.consent(town.enquiry, little, **HEARD)
    with town.scene.db.read() as connection:
        form = drafts.load(connection, given.id)
    town.scene.withdraw(town.enquiry, given.id)
    with pytest.raises(RefusedError, match=r"consent\.changed-since-drafted"):
        town.sign(form, Signer.PERSON)


def what_she_alone_agreed_to_stops_when_she_turns_out_to_be_a_child(town: Town) -> None:
    referral = town.referred()
    with town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.rectify(work, town.scene.keys, NAVIGATOR, town.enquiry.id, {"birth_date": "2012-06-01"})
    assert town.scene.now(referral.id).status is Status.CANCELLED


def a_company_consents_for_nobody(town: Town) -> None:
    with pytest.raises(RefusedError, match="employer-cannot-consent"):
        town.scene.consent(town.a_company())


def a_person_is_no_company(town: Town) -> None:
    enquiry = town.scene.an_enquiry(**somebody_else())
    form = enterprise.RequestForm(recipients=[(HWK, HWK_SERVICE)], purposes=(Purpose.ANERKENNUNG,), notice_given=True)
    with pytest.raises(InvalidError, match="not-an-employer"), town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enterprise.record_enterprise_request(work, town.scene.house, NAVIGATOR, enquiry.id, form)


SCENARIOS: dict[str, Callable[[Town], None]] = {
    name: item
    for name, item in list(globals().items())
    if callable(item) and getattr(item, "__annotations__", {}).get("town") is Town
}

GUARDS = [
    Guard(partners.fetch_dossier, "if disclosure.allowed is None:", "if False:", "no bytes without a yes",
          "nothing_is_handed_out_on_a_withdrawn_consent"),
    Guard(partners.fetch_dossier, "if referral.status not in RUNNING:", "if False:", "closed is closed",
          "after_the_end_it_is_closed"),
    Guard(partners._current_dossier, "kept is None or not disclosing.still_fits(work, keys, kept, disclosure)",
          "kept is None", "what waits has to fit the decision of now", "narrower_terms_count_at_the_fetch"),
    Guard(disclosing.still_fits, "kept.categories == allowed.categories", "True", "the same categories",
          "narrower_terms_count_at_the_fetch"),
    Guard(disclosing.still_fits, "kept.ground == disclosure.consentref", "True", "the same ground",
          "a_new_ground_is_named_in_the_dossier"),
    Guard(disclosing.still_fits, "kept.sealed.key_id in _accepted(work, vault_keys, disclosure.listing)", "True",
          "a key of now", "a_dossier_sealed_to_an_old_key_is_sealed_anew"),
    Guard(partners.print_dossier, "is not ChannelKind.NONE", "is None", "paper only where there is no channel",
          "paper_is_for_bodies_without_a_channel"),
    Guard(grounds.from_row, 'max(now, row["person_changed_at"])', "now", "what has ended has ended",
          "the_clock_may_go_back"),
    Guard(grounds.from_row, 'row["person_erased_at"] is not None', "False", "the erased consent to nothing",
          "of_the_erased_nothing_is_told"),
    Guard(persons.raise_epoch, "greatest(changed_at, %s)", "%s", "the last change never goes back",
          "the_clock_may_go_back"),
    Guard(telling.decide, "needed is None or referral.status not in RUNNING", "True", "each word is decided",
          "nothing_is_told_on_a_withdrawn_consent"),
    Guard(telling.decide, "if isinstance(answer, Refused):", "if False:", "a no is a no",
          "nothing_is_told_on_a_withdrawn_consent"),
    Guard(partners.perform, "epoch=referral.way_back.standing.epoch", "epoch=None",
          "written on the consent it was decided on",
          "what_changes_between_reading_and_writing_is_noticed"),
    Guard(cascade.follow_withdrawal, "telling.follow(work, referral.id)", "pass", "what is offered follows",
          "what_is_offered_follows_a_withdrawal"),
    Guard(cascade.reconsider, "telling.follow(work, referral.id)", "pass", "what is offered follows",
          "what_is_offered_follows_a_consent"),
    Guard(referrals.release, "or referral.release_at > work.now", "", "the undo window",
          "nothing_leaves_within_the_undo_window"),
    Guard(referrals.answer, "if not isinstance(decision, Allowed):", "if False:", "an answer is a disclosure",
          "an_answer_holds_only_what_is_consented_to"),
    Guard(disclosing.decide_answer, " | ({DataCategory.FREE_TEXT} if words else frozenset())", "",
          "words are free text", "words_in_an_answer_are_free_text"),
    Guard(disclosing.decide_answer, "narrowed(_composed(referral, record, listing, standing).decision, told)", "answer",
          "on one ground with the dossier", "pieces_of_two_consents_carry_no_answer"),
    Guard(disclosing.decide_answer, "disclosed=False", "disclosed=True", "answering is no fetching",
          "an_answer_is_disclosed_by_the_fetch"),
    Guard(dossiers.answered, "WHERE referral_id = %s AND", "WHERE %s IS NOT NULL AND", "for whoever asked",
          "an_answer_is_for_the_body_that_asked"),
    Guard(enquiries.erase, "cascade.stop_all(work, whose)", "pass", "erasing stops what runs",
          "erasing_stops_what_runs"),
    Guard(withdrawing.withdraw, "persons.raise_epoch(work, consent.person_id)", "pass", "whoever discloses notices",
          "every_withdrawal_raises_the_epoch"),
    Guard(saving.save, "if after.status.is_terminal:", "if False:", "nothing waits after the end",
          "after_the_end_no_dossier_waits"),
    Guard(referral_store.visible, 'VISIBLE_TO_PARTNER + " AND requested_on IS NOT NULL", (by.organization_id,)',
          '"true", ()', "only the addressed partner",
          "a_stranger_gets_nothing"),
    Guard(enclosing.fetch, "if not isinstance(answer, Allowed):", "if False:", "a paper needs a yes of its own",
          "no_paper_leaves_on_a_withdrawn_consent"),
    Guard(disclosing.decide_enclosure, "beside | asked, standing", "asked, standing", "on one ground with the dossier",
          "pieces_of_two_consents_carry_no_paper"),
    Guard(enclosing._may_be_asked_for, "if referral.status not in RUNNING:", "if False:", "closed is closed",
          "after_the_end_no_paper_leaves"),
    Guard(enclosing._may_be_asked_for, "check_agreement(work, referral)", "pass", "papers need an agreement, too",
          "without_an_agreement_no_paper_leaves"),
    Guard(enclosing._may_be_asked_for, 'raise refusal(referral, "enclosure.not-accepted", None, moment_of(work))',
          "pass", "the terms of now", "no_paper_leaves_that_the_terms_take_no_more"),
    Guard(enclosing._may_be_asked_for, 'raise refusal(referral, "enclosure.dossier-first", None, moment_of(work))',
          "pass", "the dossier first", "no_paper_leaves_before_its_dossier"),
    Guard(enclosing._own_paper, "if paper.person_id != referral.person_id:", "if False:", "her own papers",
          "nobody_elses_paper_goes_along"),
    Guard(enclosing._check, "if paper.kind is DocumentKind.CONSENT_FORM:", "if False:", "it names all she trusts",
          "no_consent_form_goes_along"),
    Guard(enclosing._check, "if DataCategory.DOCUMENTS not in terms.categories_accepted:", "if False:",
          "only what is taken", "no_paper_goes_along_that_the_terms_do_not_take"),
    Guard(partners.fetch_dossier, "check_agreement(work, referral)", "pass", "nothing without an agreement",
          "without_an_agreement_no_dossier_is_handed_out"),
    Guard(referrals.answer, "check_agreement(work, referral)", "pass", "nor an answer",
          "without_an_agreement_no_answer_goes_out"),
    Guard(referrals.check_agreement, "has_dossier=referral.is_fetched", "has_dossier=True", "grace is no beginning",
          "grace_is_for_whoever_has_the_dossier"),
    Guard(referrals.check_agreement, "has_dossier=referral.is_fetched", "has_dossier=False", "and it is grace",
          "grace_is_for_whoever_has_the_dossier"),
    Guard(referrals.release, "is_ready = not lacking(footing, work.today)", "is_ready = True",
          "nothing new without an agreement", "without_an_agreement_nothing_leaves"),
    Guard(withdrawing._withdraw_consent,
          "consents.add(work, taken.following, consents.enquiry_of(work.tx, current.id))", "pass",
          "the rest goes on", "what_is_left_of_a_consent_goes_on"),
    Guard(withdrawing._withdraw_consent, "if already or (", "if False and (", "once is once",
          "what_was_taken_back_is_not_taken_back_again"),
    Guard(withdrawing._withdraw_consent,
          "cascade.follow_withdrawal(work, keys, current.person_id, taken.concerned)", "pass", "it follows at once",
          "the_waiting_dossier_loses_what_was_withdrawn"),
    Guard(cascade._after_fetch, "Carried.ALL if held <= carried else Carried.LESS", "Carried.ALL",
          "less is not all", "what_is_carried_no_longer_has_to_be_deleted"),
    Guard(cascade._after_fetch, "held - (carried or held)", "held", "what is still carried may stay",
          "what_is_carried_no_longer_has_to_be_deleted"),
    Guard(cascade.withdraw_from, "disclosing.seal(work, keys, referral, disclosure)", "pass", "sealed anew",
          "the_waiting_dossier_loses_what_was_withdrawn"),
    Guard(cascade.follow_withdrawal, "if (referral.organization_id, referral.service_id) in concerned:", "if True:",
          "only what it covers", "a_withdrawal_touches_nobody_else"),
    Guard(referrals.prepare, "duplicates=asked.seen.ours", "duplicates=()", "somebody looks at it first",
          "a_second_referral_of_the_same_matter_is_noticed"),
    Guard(referrals.prepare, "asked = duplicates.ask_before_sending(work, keys.vault, asking, by, referral)",
          "asked = duplicates.Asked(duplicates.Seen(), ())", "it is asked anew",
          "a_second_referral_of_the_same_matter_is_noticed"),
    Guard(referrals.prepare, "error.facts = (*error.facts, *asked.facts)", "pass", "a question is a fact",
          "what_was_asked_about_her_stays_a_fact"),
    Guard(persons.hold_epoch, " FOR SHARE", "", "her consent is held while something leaves",
          "a_withdrawal_waits_for_a_fetch_under_way"),
    Guard(referral_store.save, "work.tx.execute(UPDATE, params)",
          'work.tx.execute(UPDATE.replace(" FOR SHARE", ""), params)', "and while a word is written",
          "a_withdrawal_waits_for_a_word_that_is_written"),
    Guard(preparing.prepare_consent, "whose = member.person_id", "whose = enquiry.person_id",
          "each for herself", "a_members_consent_is_her_own"),
    Guard(signing._give_if_complete, "if missing_signers(drafted, born_on, work.today):", "if False:",
          "all who have to", "one_of_two_parents_is_not_enough"),
    Guard(signing.complete_consent, "_still_follows(work, drafted)", "pass", "a no is not undone by an old form",
          "a_form_printed_before_brings_nothing_back"),
    Guard(majority._follow, "cascade.follow_withdrawal(work, keys, consent.person_id, named)", "pass",
          "a child's own yes is none", "what_she_alone_agreed_to_stops_when_she_turns_out_to_be_a_child"),
    Guard(preparing.prepare_consent, "if enquiry.enquirer is not EnquirerKind.PERSON:", "if False:",
          "an employer never consents", "a_company_consents_for_nobody"),
    Guard(enterprise.record_enterprise_request, "if enquiry.enquirer is not EnquirerKind.EMPLOYER:", "if False:",
          "an employer's ground is an employer's", "a_person_is_no_company"),
]  # fmt: skip
#: Always looked at; all of them in the long run.
SAMPLE = (0, 2, 7, 10, 12, 16, 17, 22, 31, 36, 46)


@pytest.fixture(scope="module")
def town(make_database: Callable[[str], Any]) -> Iterator[Town]:
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db)
        yield Town(scene)
        scene.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_in_the_whole_house_every_scenario_holds(town: Town, name: str):
    town.new()
    SCENARIOS[name](town)


@pytest.mark.parametrize(
    "guard",
    [
        pytest.param(guard, id=str(guard), marks=[] if number in SAMPLE else [pytest.mark.long])
        for number, guard in enumerate(GUARDS)
    ],
)
def test_without_this_guard_its_scenario_fails(town: Town, guard: Guard):
    town.new()
    with without(guard), pytest.raises(BaseException):  # noqa: B017 - however it fails, it is noticed
        SCENARIOS[guard.killer](town)


def test_every_scenario_guards_something() -> None:
    named = {guard.killer for guard in GUARDS}
    assert named <= set(SCENARIOS)
