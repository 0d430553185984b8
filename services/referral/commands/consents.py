"""Consent is given and confirmed; what waits for it follows at once. How it ends by will: `withdrawing`."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from contracts.codes import ConsentChannel, GivenBy, ProofKind, Signer
from contracts.referral import ConsentRecipient
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.work import Work
from services.referral.commands import enquiries, preparing, signing
from services.referral.commands.preparing import DraftForm
from services.referral.commands.signing import Signing
from services.referral.config import ReferralSettings
from services.referral.domain.drafting import Custody, DraftedConsent
from services.referral.domain.grounds import Consent, Witness, has_lapsed
from services.referral.store import consents, drafts
from services.referral.store.referrals import StaffActor


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentForm:
    """A consent taken down in one go: what it says, and how it was given."""

    given_by: GivenBy
    channel: ConsentChannel
    language: str
    recipients: tuple[ConsentRecipient, ...]
    person_id: UUID | None = None
    text_id: str | None = None
    interpreter: bool = False
    witness: Witness | None = None
    interpreter_name: str | None = None
    secrecy_release: bool = False
    document_id: UUID | None = None
    proof: ProofKind | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    custody: Custody | None = None
    follows: UUID | None = None

    @property
    def draft(self) -> DraftForm:
        return DraftForm(
            given_by=self.given_by,
            language=self.language,
            recipients=self.recipients,
            person_id=self.person_id,
            text_id=self.text_id,
            interpreter=self.interpreter,
            secrecy_release=self.secrecy_release,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            custody=self.custody,
            follows=self.follows,
        )

    @property
    def signing(self) -> Signing:
        return Signing(
            channel=self.channel,
            signer=self.signer,
            document_id=self.document_id,
            proof=self.proof,
            witness=self.witness,
            interpreter_name=self.interpreter_name,
        )

    @property
    def signer(self) -> Signer:
        if self.given_by is GivenBy.GUARDIAN and self.custody is not None:
            return self.custody.signers[0]
        return {GivenBy.SELF: Signer.PERSON, GivenBy.REPRESENTATIVE: Signer.REPRESENTATIVE}.get(
            self.given_by, Signer.CUSTODY_HOLDER
        )


def give_consent(
    work: Work, house: ReferralSettings, by: StaffActor, enquiry_id: UUID, form: ConsentForm
) -> Consent | DraftedConsent:
    """Prepared and agreed to in one step; still a draft where somebody else has to agree as well."""
    drafted = preparing.prepare_consent(work, house, by, enquiry_id, form.draft)
    return signing.complete_consent(work, house, drafted, form.signing)


def confirm_consent(
    work: Work, house: ReferralSettings, by: StaffActor, enquiry_id: UUID, consent_id: UUID, document_id: UUID
) -> Consent | DraftedConsent:
    """What was said is confirmed in writing: the same terms, signed, are the next version; it no longer lapses."""
    enquiry = enquiries.load(work, enquiry_id, by)
    consent = consents.of_enquiry(work.tx, consent_id, enquiry.id)
    if consent.withdrawn_at is not None:
        raise RefusedError("consent.withdrawn")
    if consent.channel is not ConsentChannel.VERBAL_WITNESSED:
        raise RefusedError("consent.nothing-to-confirm")
    if has_lapsed(consent, work.today):
        raise InvalidError("consent.lapsed", {"consent_id": "still-within-the-days-to-confirm"})
    drafted = drafts.load(work.tx, consent_id)
    signed = Signing(channel=ConsentChannel.SIGNED_PAPER, document_id=document_id)
    return signing.complete_consent(work, house, drafted, signed)
