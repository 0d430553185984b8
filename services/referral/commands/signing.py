"""Somebody agrees to what was prepared: on paper, on the pad, online or by word of mouth - all end in one command.

In force once everybody who has to has agreed; until then it stays drafted and carries nothing.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from contracts.codes import ConsentChannel, GivenBy, ProofKind, Signer, TaskKind
from contracts.event import Code, LanguageTag
from contracts.referral import ConsentSigned
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.work import Work
from services.referral.calendar import is_working_day
from services.referral.commands import cascade
from services.referral.commands.preparing import ask_to_confirm, born_on_of, key_of, open_draft, open_task, services_of
from services.referral.config import ReferralSettings
from services.referral.consent_texts import TextKind, TextLibrary
from services.referral.domain import capture
from services.referral.domain.drafting import ConsentText, DraftedConsent, confirms_too_late, missing_signers
from services.referral.domain.grounds import Consent, Signature, Witness, given
from services.referral.store import consents, documents, drafts, persons, timeline
from services.referral.store.documents import Paper
from services.referral.store.referrals import StaffActor


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How one of them agreed. Language and interpreter are the draft's unless this one was shown other words.

    What shows it is never said by the caller: it is looked up in the paper that lies sealed, or made from what she saw.
    """

    channel: ConsentChannel
    signer: Signer = Signer.PERSON
    signed_on: date | None = None
    language: str | None = None
    interpreter: bool | None = None
    #: The scan of what was signed.
    document_id: UUID | None = None
    #: What her own page showed, in its canonical form.
    statement: str | None = None
    proof: ProofKind | None = None
    witness: Witness | None = None
    interpreter_name: str | None = None

    @property
    def to_seal(self) -> dict[str, str]:
        """What names somebody, or tells what she saw: it lies under the person's key, beside the draft."""
        kept = {"interpreter": self.interpreter_name, "statement": self.statement}
        return {name: words for name, words in kept.items() if words}


def sign_consent(
    work: Work, house: ReferralSettings, by: StaffActor, enquiry_id: UUID, consent_id: UUID, signing: Signing
) -> Consent | DraftedConsent:
    """Record at the desk that somebody agreed: on paper, on the pad, or by word of mouth before a witness."""
    return complete_consent(work, house, open_draft(work, by, enquiry_id, consent_id), signing)


def complete_consent(
    work: Work, house: ReferralSettings, drafted: DraftedConsent, signing: Signing
) -> Consent | DraftedConsent:
    """Somebody agrees to a draft that the caller may see. In force once nobody is missing, otherwise still a draft."""
    persons.raise_epoch(work, drafted.person_id)
    drafted = drafts.load(work.tx, drafted.id, lock=True)
    _still_follows(work, drafted)
    signature, text = _signature(work, house, drafted, signing)
    born_on = born_on_of(work, house, drafted.person_id)
    drafted = capture.sign(drafted, signature, text=text, on=work.today, born_on=born_on)
    drafts.keep_signatures(work, drafted)
    drafts.remember(work, key_of(work, house, drafted), drafted, signing.to_seal)
    if signature.waits_for_witness:
        open_task(work, drafted.enquiry_id, drafted.id, TaskKind.CONSENT_TO_WITNESS, work.today)
    else:
        _tell_signed(work, drafted, signature, len(missing_signers(drafted, born_on, work.today)))
    return _give_if_complete(work, house, drafted)


def witness_consent(
    work: Work, house: ReferralSettings, by: StaffActor, enquiry_id: UUID, consent_id: UUID
) -> Consent | DraftedConsent:
    """The second member of staff, signed in as herself, confirms what she heard."""
    drafted = open_draft(work, by, enquiry_id, consent_id)
    persons.raise_epoch(work, drafted.person_id)
    drafted = drafts.load(work.tx, consent_id, lock=True)
    _still_follows(work, drafted)
    waiting = [one for one in drafted.signatures if one.waits_for_witness]
    drafted = capture.witness(drafted, work.actor)
    drafts.keep_signatures(work, drafted)
    missing = len(missing_signers(drafted, born_on_of(work, house, drafted.person_id), work.today))
    for one in waiting:
        _tell_signed(work, drafted, one, missing)
    return _give_if_complete(work, house, drafted)


def _still_follows(work: Work, drafted: DraftedConsent) -> None:
    """A form printed before its consent changed, lapsed or was withdrawn brings nothing back to life."""
    if drafted.version == 1:
        return
    latest = consents.load(work.tx, drafted.id, drafted.person_id)
    if latest.withdrawn_at is not None or latest.version != drafted.version - 1:
        raise RefusedError("consent.changed-since-drafted")
    if confirms_too_late(drafted, latest, work.today):
        raise InvalidError("consent.lapsed", {"consent_id": "still-within-the-days-to-confirm"})


def _signature(
    work: Work, house: ReferralSettings, drafted: DraftedConsent, signing: Signing
) -> tuple[Signature, ConsentText]:
    interpreter = drafted.interpreter if signing.interpreter is None else signing.interpreter
    language = signing.language or drafted.language
    text_id = text_shown(house.texts, drafted, signing.signer, signing.channel)
    text = house.texts.text_for(text_id, language, interpreter=interpreter)
    signature = Signature(
        signer=signing.signer,
        channel=signing.channel,
        text_id=text.id,
        text_version=text.version,
        text_sha256=text.sha256,
        language=language,
        interpreter=interpreter,
        signed_on=signing.signed_on or work.today,
        recorded_at=work.now,
        recorded_by=work.actor,
        document_id=signing.document_id,
        proof=signing.proof,
        witness=signing.witness,
        witnessed_by=_witnessed_by(signing),
    )
    return replace(signature, evidence_sha256=_evidence(work, drafted, signing, signature)), text


def _witnessed_by(signing: Signing) -> str | None:
    """The interpreter is there and is named, under the person's key; a colleague says so in her own session."""
    if signing.witness is not Witness.INTERPRETER:
        return None
    if not signing.interpreter_name:
        raise InvalidError("consent.incomplete", {"interpreter_name": "who-heard-it"})
    return Witness.INTERPRETER


def text_shown(texts: TextLibrary, drafted: DraftedConsent, signer: Signer, channel: ConsentChannel) -> str:
    """Which words this one agrees to: those printed, her own from 16 on, or what is read out to her."""
    if channel is ConsentChannel.VERBAL_WITNESSED:
        return texts.current(TextKind.SPOKEN)
    if drafted.given_by is GivenBy.GUARDIAN and signer is Signer.PERSON:
        return texts.current(TextKind.YOUNG_PERSON)
    return drafted.text_id


def _evidence(work: Work, drafted: DraftedConsent, signing: Signing, signature: Signature) -> str | None:
    """The hash of the paper, or of what her page showed; of what was only said it is that of the record itself."""
    if signing.document_id is not None:
        return _form_of(work, drafted, signing.document_id).evidence_sha256
    if signing.statement is not None:
        return hashlib.sha256(signing.statement.encode()).hexdigest()
    return None if signing.channel in capture.ON_PAPER else _declaration(work, drafted, signature)


def _form_of(work: Work, drafted: DraftedConsent, document_id: UUID) -> Paper:
    """The scan lies sealed with this enquiry, and is hers; of any other paper the record would say what is not so.

    A paper that shows a consent already shows no second one: each form says what it is for.
    """
    for paper in documents.of_ids(work.tx, [document_id]):
        if (paper.enquiry_id, paper.person_id) == (drafted.enquiry_id, drafted.person_id) and paper.evidence_sha256:
            if consents.is_shown_by(work.tx, paper.person_id, paper.id):
                raise InvalidError("consent.incomplete", {"document_id": "a-form-not-used-before"})
            return paper
    raise InvalidError("consent.incomplete", {"document_id": "a-signed-form-of-this-person"})


def _declaration(work: Work, drafted: DraftedConsent, signature: Signature) -> str:
    """What shows a spoken consent: terms, words, capacity, moment."""
    said = [drafted.terms_sha256, signature.text_sha256, signature.signer, signature.channel, work.now.isoformat()]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _give_if_complete(work: Work, house: ReferralSettings, drafted: DraftedConsent) -> Consent | DraftedConsent:
    born_on = born_on_of(work, house, drafted.person_id)
    if missing_signers(drafted, born_on, work.today):
        return drafted
    consent = capture.complete(
        drafted,
        services=services_of(work, drafted.recipients),
        at=work.now,
        on=work.today,
        is_working_day=is_working_day,
        born_on=born_on,
    )
    drafts.end(work, drafted)
    earlier = consents.load(work.tx, drafted.id, drafted.person_id) if drafted.version > 1 else None
    if earlier is not None:
        consents.end(work, replace(earlier, superseded_at=work.now))
    consents.add(work, consent, drafted.enquiry_id)
    work.announce(given(consent))
    if earlier is not None:
        named = {(one.organization_id, one.service_id) for one in earlier.recipients}
        cascade.follow_withdrawal(work, house.keys, drafted.person_id, named)
    cascade.reconsider(work, drafted.person_id)
    timeline.close_tasks_of_consent(work, consent.id)
    if consent.lapses_on is not None:
        ask_to_confirm(work, drafted, consent.lapses_on)
    return consent


def _tell_signed(work: Work, drafted: DraftedConsent, signature: Signature, missing: int) -> None:
    work.announce(
        ConsentSigned(
            consent_id=drafted.id,
            consent_version=drafted.version,
            person_id=drafted.person_id,
            signer=signature.signer,
            channel=signature.channel,
            text_id=Code(signature.text_id),
            text_sha256=Code(signature.text_sha256),
            language=LanguageTag(signature.language),
            missing=missing,
        )
    )
