"""What referral says: enquiries, consents, referrals. Ids, codes and times only - no name, no contact, no free text."""

from datetime import date, datetime
from uuid import UUID

from contracts.codes import (
    Action,
    AskedBy,
    BackLevel,
    BreachReason,
    BreachRisk,
    CareResolution,
    ClashAnswer,
    ConsentChannel,
    DataCategory,
    DelayReason,
    Deletion,
    DiscardReason,
    DisclosurePoint,
    DocumentKind,
    DraftEnd,
    DuplicateAnswer,
    DuplicateRefusal,
    DuplicateSide,
    Duty,
    DutyCause,
    EndReason,
    EnquirerKind,
    EnterpriseGround,
    ExtensionReason,
    ExternalGround,
    FindingKind,
    FundingJustification,
    GivenBy,
    GroundKind,
    HelperEnd,
    HelperKind,
    HoldReason,
    IdentityCheck,
    LegalSphere,
    MatterState,
    MediaType,
    NoNoticeGround,
    NoteStep,
    Obstacle,
    ObstacleEffect,
    Outcome,
    ParkedOutcome,
    Party,
    PauseReason,
    PersonLinkPurpose,
    PersonLinkWay,
    PersonOnCare,
    PlanEnd,
    PlanOwner,
    Purpose,
    QuestionCode,
    RefusalReason,
    RejectionReason,
    Relation,
    ReminderKind,
    RequestAnswer,
    RequestChannel,
    ResolutionPurpose,
    ResolutionReason,
    ResolutionRefusal,
    RetentionGround,
    RetentionKind,
    SessionEnd,
    Signer,
    Site,
    StaffRole,
    Status,
    SubjectRight,
    TaskKind,
    Topic,
    Urgency,
    ViewPurpose,
    Way,
    WithdrawalChannel,
)
from contracts.event import Code, LanguageTag, OfficialKey, Reference, Slug, event, value

# --- enquiry --------------------------------------------------------------------------------------------------------


@event("referral.enquiry_recorded.v1", subject=("enquiry", "enquiry_id"))
class EnquiryRecorded:
    """Somebody asked the welcome center for help."""

    enquiry_id: UUID
    enquirer: EnquirerKind
    person_id: UUID | None
    site: Site
    organization_id: UUID
    topics: tuple[Topic, ...]
    #: The notice she had before her, where she asked for advice on a page of her own (GDPR Art. 13, 14).
    notice_text_id: Code | None = None
    notice_sha256: Code | None = None


@event("referral.need_recorded.v1", subject=("enquiry", "enquiry_id"))
class NeedRecorded:
    """One thing the enquirer needs."""

    enquiry_id: UUID
    need_id: UUID
    topic: Topic
    urgency: Urgency
    person_id: UUID | None = None


@event("referral.household_member_added.v1", subject=("enquiry", "enquiry_id"))
class HouseholdMemberAdded:
    """One more person belongs to the case, with a record and a consent of her own."""

    enquiry_id: UUID
    person_id: UUID
    relation: Relation


@event("referral.household_member_removed.v1", subject=("enquiry", "enquiry_id"))
class HouseholdMemberRemoved:
    """Somebody does not belong to the case any more."""

    enquiry_id: UUID
    person_id: UUID


@event("referral.services_suggested.v1", subject=("enquiry", "enquiry_id"))
class ServicesSuggested:
    """The network suggested services for a need; a person decides."""

    enquiry_id: UUID
    need_id: UUID
    service_ids: tuple[UUID, ...]
    excluded: int


@event("referral.obstacle_recorded.v1", subject=("enquiry", "enquiry_id"))
class ObstacleRecorded:
    """Something stood in the way of a case; what is met in single cases is counted, so that structures can change."""

    obstacle_id: UUID
    enquiry_id: UUID
    need_id: UUID
    referral_id: UUID | None
    topic: Topic
    obstacle: Obstacle
    effect: ObstacleEffect | None = None
    legal_sphere: LegalSphere | None = None
    area: OfficialKey | None = None


@event("referral.obstacle_corrected.v1", subject=("enquiry", "enquiry_id"))
class ObstacleCorrected:
    """It was something else that stood in the way."""

    obstacle_id: UUID
    enquiry_id: UUID
    need_id: UUID
    referral_id: UUID | None
    topic: Topic
    obstacle: Obstacle
    effect: ObstacleEffect | None = None
    legal_sphere: LegalSphere | None = None
    area: OfficialKey | None = None


@event("referral.obstacle_taken_back.v1", subject=("enquiry", "enquiry_id"))
class ObstacleTakenBack:
    """It was recorded by mistake and is not counted any more."""

    obstacle_id: UUID
    enquiry_id: UUID
    need_id: UUID
    referral_id: UUID | None


@event("referral.note_taken.v1", subject=("enquiry", "enquiry_id"))
class NoteTaken:
    """Somebody at the desk wrote down what was said, and when to come back to it; the words stay in the case."""

    note_id: UUID
    enquiry_id: UUID
    referral_id: UUID | None
    next_step: NoteStep | None = None
    due_on: date | None = None
    task_id: UUID | None = None


@event("referral.plan_goal_added.v1", subject=("enquiry", "enquiry_id"))
class PlanGoalAdded:
    """Somebody is accompanied to a goal; what it is stays in the case."""

    goal_id: UUID
    enquiry_id: UUID


@event("referral.plan_goal_ended.v1", subject=("enquiry", "enquiry_id"))
class PlanGoalEnded:
    """It is reached, or nobody goes there any more."""

    goal_id: UUID
    enquiry_id: UUID
    ended_as: PlanEnd


@event("referral.plan_step_added.v1", subject=("enquiry", "enquiry_id"))
class PlanStepAdded:
    """A step of a plan: who does it and by when; what it is stays in the case."""

    step_id: UUID
    goal_id: UUID
    enquiry_id: UUID
    owner: PlanOwner
    due_on: date


@event("referral.plan_step_moved.v1", subject=("enquiry", "enquiry_id"))
class PlanStepMoved:
    """A step of a plan has another day."""

    step_id: UUID
    enquiry_id: UUID
    due_on: date


@event("referral.plan_step_ended.v1", subject=("enquiry", "enquiry_id"))
class PlanStepEnded:
    """A step of a plan is done, or nobody does it any more."""

    step_id: UUID
    enquiry_id: UUID
    ended_as: PlanEnd


@event("referral.plan_handed_over.v1", subject=("enquiry", "enquiry_id"))
class PlanHandedOver:
    """Another body manages the case from here on, by a referral that it accepted."""

    handover_id: UUID
    enquiry_id: UUID
    referral_id: UUID
    organization_id: UUID


@event("referral.plan_taken_back.v1", subject=("enquiry", "enquiry_id"))
class PlanTakenBack:
    """The welcome center plans again."""

    handover_id: UUID
    enquiry_id: UUID
    referral_id: UUID


@event("referral.case_handed_over.v1", subject=("enquiry", "enquiry_id"))
class CaseHandedOver:
    """A lead made another member of the same desk responsible for a case; staff are named by their pseudonyms."""

    handover_id: UUID
    enquiry_id: UUID
    from_staff: Code
    to_staff: Code


@event("referral.colleagues_viewed.v1", subject=("view", "view_id"))
class ColleaguesViewed:
    """A lead is about to see the names of those who work at her desk; committed before anything was shown."""

    view_id: UUID
    organization_id: UUID
    site: Site
    role: StaffRole


@event("referral.contact_card_issued.v1", subject=("enquiry", "enquiry_id"))
class ContactCardIssued:
    """The person took the body's contact details along; nothing was disclosed."""

    enquiry_id: UUID
    need_id: UUID | None
    organization_id: UUID
    service_id: UUID | None


# --- consent --------------------------------------------------------------------------------------------------------


@value
class ConsentRecipient:
    """Organization and service that may receive, for which purposes and categories, and how much may come back."""

    organization_id: UUID
    service_id: UUID | None
    purposes: tuple[Purpose, ...]
    categories: tuple[DataCategory, ...]
    back_level: BackLevel


@event("referral.consent_prepared.v1", subject=("consent", "consent_id"))
class ConsentPrepared:
    """A consent was drafted, to be signed on paper, on the screen or online; nothing may leave on it yet."""

    consent_id: UUID
    consent_version: int
    person_id: UUID
    enquiry_id: UUID
    given_by: GivenBy
    text_id: Code
    text_sha256: Code
    language: LanguageTag
    recipients: tuple[ConsentRecipient, ...]
    controllers: tuple[UUID, ...]
    valid_until: date


@event("referral.consent_signed.v1", subject=("consent", "consent_id"))
class ConsentSigned:
    """One of those who have to agreed to a drafted consent; where several have to, it waits for the others."""

    consent_id: UUID
    consent_version: int
    person_id: UUID
    signer: Signer
    channel: ConsentChannel
    text_id: Code
    text_sha256: Code
    language: LanguageTag
    missing: int


@event("referral.consent_draft_ended.v1", subject=("consent", "consent_id"))
class ConsentDraftEnded:
    """A drafted consent came to nothing: replaced, declined, drafted by mistake, or never signed in time."""

    consent_id: UUID
    consent_version: int
    person_id: UUID
    reason: DraftEnd


@event("referral.consent_given.v1", subject=("consent", "consent_id"))
class ConsentGiven:
    """A person (or who may for her) consented to named recipients, purposes and categories."""

    consent_id: UUID
    consent_version: int
    person_id: UUID
    given_by: GivenBy
    channel: ConsentChannel
    text_id: Code
    text_sha256: Code
    language: LanguageTag
    recipients: tuple[ConsentRecipient, ...]
    valid_from: date
    valid_until: date


@event("referral.consent_withdrawn.v1", subject=("consent", "consent_id"))
class ConsentWithdrawn:
    """The consent - or its part for one recipient, one kind of data or both - holds no longer."""

    consent_id: UUID
    consent_version: int
    person_id: UUID
    organization_id: UUID | None
    service_id: UUID | None = None
    category: DataCategory | None = None
    channel: WithdrawalChannel


@event("referral.enterprise_request_recorded.v1", subject=("enquiry", "enquiry_id"))
class EnterpriseRequestRecorded:
    """An employer asked to be put in touch with named bodies; the ground that carries its own contact data."""

    enquiry_id: UUID
    request_id: UUID
    organization_ids: tuple[UUID, ...]
    purposes: tuple[Purpose, ...]
    asked_by: AskedBy
    ground: EnterpriseGround
    notice_text_id: Code
    notice_sha256: Code
    language: LanguageTag
    valid_until: date


@event("referral.enterprise_request_withdrawn.v1", subject=("enquiry", "enquiry_id"))
class EnterpriseRequestWithdrawn:
    """The employer's request - or its part for one body - holds no longer."""

    enquiry_id: UUID
    request_id: UUID
    organization_id: UUID | None
    service_id: UUID | None
    channel: WithdrawalChannel


@event("referral.disclosure_decided.v1", subject=("decision", "decision_id"))
class DisclosureDecided:
    """The consent engine allowed or refused a disclosure; every decision is told.

    At the back channel no category is asked for but a level. A yes names the level that may come back; a no names
    none, because which one was asked for would already tell what the partner wanted to say (§ 35 SGB I).
    """

    decision_id: UUID
    referral_id: UUID
    person_id: UUID | None
    organization_id: UUID
    service_id: UUID
    point: DisclosurePoint
    purpose: Purpose
    categories: tuple[DataCategory, ...]
    allowed: bool
    ground: GroundKind | None
    ground_id: UUID | None
    ground_version: int | None
    refusal: RefusalReason | None
    back_level: BackLevel | None = None


# --- referral: the sender's side ------------------------------------------------------------------------------------


@event("referral.drafted.v1", subject=("referral", "referral_id"))
class ReferralDrafted:
    """A referral was begun; only the sender sees it."""

    referral_id: UUID
    reference: Reference
    enquiry_id: UUID
    person_id: UUID | None
    organization_id: UUID
    service_id: UUID
    topic: Topic
    urgency: Urgency
    site: Site
    based_on: UUID | None
    own_employer: bool


@event("referral.prepared.v1", subject=("referral", "referral_id"))
class ReferralPrepared:
    """Complete and waiting for the undo window and the consent decision."""

    referral_id: UUID
    organization_id: UUID
    release_at: datetime


@event("referral.revised.v1", subject=("referral", "referral_id"))
class ReferralRevised:
    """Taken back to draft before it was released."""

    referral_id: UUID
    organization_id: UUID


@event("referral.requested.v1", subject=("referral", "referral_id"))
class ReferralRequested:
    """Released to the partner on a living consent; the sealed dossier waits to be fetched."""

    referral_id: UUID
    reference: Reference
    organization_id: UUID
    service_id: UUID
    urgency: Urgency
    back_level: BackLevel
    expires_on: date


@event("referral.answered.v1", subject=("referral", "referral_id"))
class ClarificationAnswered:
    """The sender answered the partner's question."""

    referral_id: UUID
    organization_id: UUID
    question_id: UUID


@event("referral.back_level_changed.v1", subject=("referral", "referral_id"))
class BackLevelChanged:
    """How much the partner may tell back has changed: by a consent, its withdrawal in part, or the partner's terms."""

    referral_id: UUID
    organization_id: UUID
    previous: BackLevel
    back_level: BackLevel


@event("referral.concluded.v1", subject=("referral", "referral_id"))
class ReferralConcluded:
    """The person says contact took place; the partner may tell no more than receipt."""

    referral_id: UUID
    organization_id: UUID
    contact_on: date
    outcome: Outcome


@event("referral.cancelled.v1", subject=("referral", "referral_id"))
class ReferralCancelled:
    """Taken back by the sender or the person."""

    referral_id: UUID
    organization_id: UUID
    reason: EndReason
    previous: Status


@event("referral.revoked.v1", subject=("referral", "referral_id"))
class ReferralRevoked:
    """Stopped at once because the consent that carried it was withdrawn."""

    referral_id: UUID
    organization_id: UUID
    previous: Status


@event("referral.marked_entered_in_error.v1", subject=("referral", "referral_id"))
class ReferralEnteredInError:
    """Wrong person or recipient. If it had been received or fetched, a breach check opens."""

    referral_id: UUID
    organization_id: UUID
    previous: Status
    breach_check: bool
    became_aware_at: datetime


@event("referral.expired.v1", subject=("referral", "referral_id"))
class ReferralExpired:
    """Nobody reacted in time."""

    referral_id: UUID
    organization_id: UUID
    previous: Status


# --- referral: the partner's side -----------------------------------------------------------------------------------


@event("referral.received.v1", subject=("referral", "referral_id"))
class ReferralReceived:
    """The partner's own system acknowledged the referral."""

    referral_id: UUID
    organization_id: UUID
    by_hand: Way | None = None


@event("referral.clarification_asked.v1", subject=("referral", "referral_id"))
class ClarificationAsked:
    """The partner needs to know something before it can decide; the ball is with the sender."""

    referral_id: UUID
    organization_id: UUID
    question_id: UUID
    question: QuestionCode
    changes_status: bool


@event("referral.accepted.v1", subject=("referral", "referral_id"))
class ReferralAccepted:
    """The partner takes over and will make contact by a date."""

    referral_id: UUID
    organization_id: UUID
    contact_by: date
    by_hand: Way | None = None


@event("referral.waitlisted.v1", subject=("referral", "referral_id"))
class ReferralWaitlisted:
    """Yes in principle, date unknown or estimated."""

    referral_id: UUID
    organization_id: UUID
    estimated_on: date | None
    by_hand: Way | None = None


@event("referral.rejected.v1", subject=("referral", "referral_id"))
class ReferralRejected:
    """The addressed partner declined before doing any work; it may name a better service."""

    referral_id: UUID
    organization_id: UUID
    reason: RejectionReason
    better_service_id: UUID | None
    by_hand: Way | None = None


@event("referral.started.v1", subject=("referral", "referral_id"))
class ReferralStarted:
    """First contact was made: the warm handover is done."""

    referral_id: UUID
    organization_id: UUID
    first_contact_on: date
    by_hand: Way | None = None


@event("referral.appointment_set.v1", subject=("referral", "referral_id"))
class AppointmentSet:
    """The partner named an appointment, or (`first` is false) changed it; when and where is told by no event."""

    referral_id: UUID
    organization_id: UUID
    appointment_id: UUID
    first: bool
    by_hand: Way | None = None


@event("referral.appointment_cancelled.v1", subject=("referral", "referral_id"))
class AppointmentCancelled:
    """The partner called the appointment off."""

    referral_id: UUID
    organization_id: UUID
    appointment_id: UUID
    by_hand: Way | None = None


@event("referral.appointments_clash_answered.v1", subject=("referral", "referral_id"))
class AppointmentsClashAnswered:
    """Two appointments of one person overlap; the desk has looked into it and says why both stay as they are."""

    clash_id: UUID
    referral_id: UUID
    enquiry_id: UUID
    answer: ClashAnswer


@event("referral.helper_invited.v1", subject=("referral", "referral_id"))
class HelperInvited:
    """Somebody may come along to one appointment, once she has signed that she keeps it to herself."""

    referral_id: UUID
    appointment_id: UUID
    invitation_id: UUID
    kind: HelperKind
    expires_at: datetime


@event("referral.helper_declared.v1", subject=("referral", "referral_id"))
class HelperDeclared:
    """Whoever was invited signed the declaration of confidentiality; from then on she sees this one appointment."""

    referral_id: UUID
    appointment_id: UUID
    invitation_id: UUID
    text_id: Code
    text_sha256: Code
    language: LanguageTag


@event("referral.helper_ended.v1", subject=("referral", "referral_id"))
class HelperEnded:
    """An invitation opens nothing any more."""

    referral_id: UUID
    appointment_id: UUID
    invitation_id: UUID
    ending: HelperEnd


@event("referral.paused.v1", subject=("referral", "referral_id"))
class ReferralPaused:
    """Work waits for something outside."""

    referral_id: UUID
    organization_id: UUID
    reason: PauseReason


@event("referral.resumed.v1", subject=("referral", "referral_id"))
class ReferralResumed:
    """Work goes on."""

    referral_id: UUID
    organization_id: UUID


@event("referral.completed.v1", subject=("referral", "referral_id"))
class ReferralCompleted:
    """Done; the outcome is recorded."""

    referral_id: UUID
    organization_id: UUID
    outcome: Outcome
    obstacles: tuple[Obstacle, ...]
    by_hand: Way | None = None


@event("referral.ended_early.v1", subject=("referral", "referral_id"))
class ReferralEndedEarly:
    """Began, and ended without reaching the goal."""

    referral_id: UUID
    organization_id: UUID
    reason: EndReason
    by_hand: Way | None = None


# --- dossier --------------------------------------------------------------------------------------------------------


@event("referral.dossier_sealed.v1", subject=("referral", "referral_id"))
class DossierSealed:
    """The consented fields were encrypted for one recipient."""

    referral_id: UUID
    organization_id: UUID
    categories: tuple[DataCategory, ...]
    key_id: Code
    custodial: bool


@event("referral.dossier_fetched.v1", subject=("referral", "referral_id"))
class DossierFetched:
    """The partner fetched the sealed dossier (or it was printed); consent was asked again at that moment."""

    referral_id: UUID
    organization_id: UUID
    person_id: UUID | None
    decision_id: UUID
    categories: tuple[DataCategory, ...]
    ground: GroundKind
    ground_id: UUID | None
    ground_version: int | None
    first: bool
    printed: bool = False


@event("referral.dossier_destroyed.v1", subject=("referral", "referral_id"))
class DossierDestroyed:
    """The sealed dossier no longer exists."""

    referral_id: UUID
    organization_id: UUID


@event("referral.receipt_confirmed.v1", subject=("referral", "referral_id"))
class ReceiptConfirmed:
    """The partner handed in its own signed word that it has what one of the network's receipts says."""

    referral_id: UUID
    organization_id: UUID
    receipt_id: UUID
    key_id: Code
    token_sha256: Code


# --- documents ------------------------------------------------------------------------------------------------------


@event("referral.document_added.v1", subject=("document", "document_id"))
class DocumentAdded:
    """A paper of the person was taken in: checked by content, sealed under her key."""

    document_id: UUID
    enquiry_id: UUID
    person_id: UUID | None
    kind: DocumentKind
    media_type: MediaType
    size: int


@event("referral.document_deleted.v1", subject=("document", "document_id"))
class DocumentDeleted:
    """A paper is kept no longer."""

    document_id: UUID
    enquiry_id: UUID
    person_id: UUID | None
    kind: DocumentKind


@event("referral.document_enclosed.v1", subject=("referral", "referral_id"))
class DocumentEnclosed:
    """A paper was marked to go along; whether it leaves is decided at each fetch."""

    referral_id: UUID
    organization_id: UUID
    document_id: UUID
    kind: DocumentKind


@event("referral.document_taken_out.v1", subject=("referral", "referral_id"))
class DocumentTakenOut:
    """A paper goes along no longer."""

    referral_id: UUID
    organization_id: UUID
    document_id: UUID


@event("referral.document_fetched.v1", subject=("referral", "referral_id"))
class DocumentFetched:
    """The partner fetched a paper; consent was asked at that moment."""

    referral_id: UUID
    organization_id: UUID
    person_id: UUID | None
    document_id: UUID
    kind: DocumentKind
    decision_id: UUID
    ground: GroundKind
    ground_id: UUID | None
    ground_version: int | None


# --- duties, deadlines, tasks ---------------------------------------------------------------------------------------


@event("referral.duty_opened.v1", subject=("referral", "referral_id"))
class DutyOpened:
    """The partner owes an answer about what it fetched; where a category is named, about that alone."""

    referral_id: UUID
    organization_id: UUID
    duty_id: UUID
    duty: Duty
    cause: DutyCause
    category: DataCategory | None
    due_on: date


@event("referral.duty_escalated.v1", subject=("referral", "referral_id"))
class DutyEscalated:
    """Still no answer five working days after it was due: the contact named in the agreement is told."""

    referral_id: UUID
    organization_id: UUID
    duties: tuple[Duty, ...]
    due_on: date


@event("referral.stop_acknowledged.v1", subject=("referral", "referral_id"))
class StopAcknowledged:
    """The partner stopped its work on the referral."""

    referral_id: UUID
    organization_id: UUID
    by_hand: Way | None = None


@event("referral.deletion_stated.v1", subject=("referral", "referral_id"))
class DeletionStated:
    """The partner stated that it deleted the data, or on which legal ground it keeps them."""

    referral_id: UUID
    organization_id: UUID
    deletion: Deletion
    ground: RetentionGround | None
    category: DataCategory | None = None
    by_hand: Way | None = None


@event("referral.rectification_acknowledged.v1", subject=("referral", "referral_id"))
class RectificationAcknowledged:
    """The partner has the corrected data, because it fetched them anew or says so (GDPR Art. 16, 19)."""

    referral_id: UUID
    organization_id: UUID
    category: DataCategory | None
    by_fetch: bool
    by_hand: Way | None = None


@event("referral.breach_escalated.v1", subject=("referral", "referral_id"))
class BreachEscalated:
    """So many hours after becoming aware, a check for a data breach is still not assessed."""

    referral_id: UUID
    breach_id: UUID
    hours: int


@event("referral.breach_assessed.v1", subject=("referral", "referral_id"))
class BreachAssessed:
    """The lead assessed a check for a data breach, so many hours after becoming aware (GDPR Art. 33, 34)."""

    referral_id: UUID
    breach_id: UUID
    risk: BreachRisk
    reasons: tuple[BreachReason, ...]
    hours: int
    notified_authority_at: datetime | None
    delay: DelayReason | None
    notified_person_at: datetime | None
    no_notice_ground: NoNoticeGround | None


@event("referral.reminder_due.v1", subject=("referral", "referral_id"))
class ReminderDue:
    """A deadline draws near; notifications decides who is told how."""

    referral_id: UUID
    organization_id: UUID
    reminder: ReminderKind
    waiting_for: Party


@event("referral.finding_raised.v1", subject=("finding", "finding_id"))
class FindingRaised:
    """Something the data-protection officer has to look at; a deadline of the law or of an agreement was missed."""

    finding_id: UUID
    kind: FindingKind
    referral_id: UUID | None
    enquiry_id: UUID | None
    organization_id: UUID | None


@event("referral.task_opened.v1", subject=("task", "task_id"))
class TaskOpened:
    """Something waits on a desk of the welcome center."""

    task_id: UUID
    referral_id: UUID | None
    enquiry_id: UUID | None
    kind: TaskKind
    role: StaffRole
    site: Site
    due_on: date
    consent_id: UUID | None = None


@event("referral.task_closed.v1", subject=("task", "task_id"))
class TaskClosed:
    """It was done."""

    task_id: UUID
    kind: TaskKind


@event("referral.task_snoozed.v1", subject=("task", "task_id"))
class TaskSnoozed:
    """Somebody put it off for everybody at its desk; on that day it comes back by itself."""

    task_id: UUID
    kind: TaskKind
    until: date


@event("referral.task_woken.v1", subject=("task", "task_id"))
class TaskWoken:
    """Somebody took it up again before that day."""

    task_id: UUID
    kind: TaskKind


@event("referral.desk_absence_set.v1", subject=("desk_absence", "absence_id"))
class DeskAbsenceSet:
    """On these days a desk of the welcome center is closed, or only one role at it away, and another works for it."""

    absence_id: UUID
    organization_id: UUID
    site: Site
    substitute: Site
    from_on: date
    until_on: date
    role: StaffRole | None = None


@event("referral.desk_absence_ended.v1", subject=("desk_absence", "absence_id"))
class DeskAbsenceEnded:
    """A desk is open again earlier than was said."""

    absence_id: UUID


@event("referral.substitution_begun.v1", subject=("desk_absence", "absence_id"))
class SubstitutionBegun:
    """A member of the substitute's desk works at the closed one from now on, and sees what its own people see."""

    absence_id: UUID
    site: Site


@event("referral.substitution_ended.v1", subject=("desk_absence", "absence_id"))
class SubstitutionEnded:
    """Somebody who stood in is back at the own desk."""

    absence_id: UUID


# --- the person's rights ---------------------------------------------------------------------------------------------


@event("referral.subject_request_received.v1", subject=("subject_request", "request_id"))
class SubjectRequestReceived:
    """Somebody asks for something about her own data; the answer is due within a month."""

    request_id: UUID
    person_id: UUID | None
    enquiry_id: UUID | None
    right: SubjectRight
    channel: RequestChannel
    received_on: date
    due_on: date


@event("referral.subject_request_extended.v1", subject=("subject_request", "request_id"))
class SubjectRequestExtended:
    """It takes up to two months longer, for a reason the law names; the person was told."""

    request_id: UUID
    person_id: UUID | None
    enquiry_id: UUID | None
    reason: ExtensionReason
    due_on: date


@event("referral.subject_request_answered.v1", subject=("subject_request", "request_id"))
class SubjectRequestAnswered:
    """The request was answered."""

    request_id: UUID
    person_id: UUID | None
    enquiry_id: UUID | None
    right: SubjectRight
    answer: RequestAnswer
    answered_on: date


@event("referral.subject_access_given.v1", subject=("subject_access", "access_id"))
class SubjectAccessGiven:
    """A person was handed everything that is recorded about her; the hash tells what it said, and nothing else does."""

    access_id: UUID
    request_id: UUID | None
    person_id: UUID | None
    enquiry_id: UUID
    identity_check: IdentityCheck
    language: LanguageTag
    sha256: Code


# --- what staff told outside the system -------------------------------------------------------------------------------


@event("referral.external_disclosure_recorded.v1", subject=("disclosure", "disclosure_id"))
class ExternalDisclosureRecorded:
    """Staff told somebody outside the system on a statutory ground; it is a fact to look at and opens nothing."""

    disclosure_id: UUID
    person_id: UUID | None
    enquiry_id: UUID
    ground: ExternalGround
    categories: tuple[DataCategory, ...]
    told_at: datetime
    organization_id: UUID | None
    confirm_by: date


@event("referral.external_disclosure_confirmed.v1", subject=("disclosure", "disclosure_id"))
class ExternalDisclosureConfirmed:
    """A second member of staff looked at what was told outside and confirms the ground."""

    disclosure_id: UUID
    person_id: UUID | None
    enquiry_id: UUID
    ground: ExternalGround
    categories: tuple[DataCategory, ...]
    told_at: datetime
    organization_id: UUID | None


@event("referral.external_disclosure_held_back.v1", subject=("disclosure", "disclosure_id"))
class ExternalDisclosureHeldBack:
    """Somebody else decided until when the person does not hear of it; without a day she hears of it now."""

    disclosure_id: UUID
    enquiry_id: UUID
    until: date | None


# --- how everything ends --------------------------------------------------------------------------------------------


@event("referral.resolution_asked.v1", subject=("resolution", "resolution_id"))
class ResolutionAsked:
    """The data-protection officer asks who stands behind a pseudonym of the log; a second person has until then.

    It is a person's pseudonym or that of a member of staff.
    """

    resolution_id: UUID
    person_id: UUID | None
    staff: Code | None
    reason: ResolutionReason
    purpose: ResolutionPurpose
    expires_at: datetime


@event("referral.resolution_read.v1", subject=("resolution", "resolution_id"))
class ResolutionRead:
    """Somebody is about to read why the name of a member of staff is asked for; of a person that is a view."""

    resolution_id: UUID
    staff: Code
    role: StaffRole


@event("referral.resolution_agreed.v1", subject=("resolution", "resolution_id"))
class ResolutionAgreed:
    """A second person agreed; the name may be looked at, once, until then."""

    resolution_id: UUID
    person_id: UUID | None
    staff: Code | None
    expires_at: datetime


@event("referral.resolution_refused.v1", subject=("resolution", "resolution_id"))
class ResolutionRefused:
    """A second person did not agree; no name is shown."""

    resolution_id: UUID
    person_id: UUID | None
    staff: Code | None
    refusal: ResolutionRefusal


@event("referral.resolution_shown.v1", subject=("resolution", "resolution_id"))
class ResolutionShown:
    """Whoever asked was shown the name, once."""

    resolution_id: UUID
    person_id: UUID | None
    staff: Code | None


@event("referral.resolution_expired.v1", subject=("resolution", "resolution_id"))
class ResolutionExpired:
    """Nobody answered in time, or what was agreed to was not looked at in time."""

    resolution_id: UUID
    person_id: UUID | None
    staff: Code | None
    agreed: bool


@event("referral.enquiry_closed.v1", subject=("enquiry", "enquiry_id"))
class EnquiryClosed:
    """The case is over: from now on it lies there restricted until it is deleted."""

    enquiry_id: UUID
    organization_id: UUID
    site: Site


@event("referral.enquiry_resumed.v1", subject=("enquiry", "enquiry_id"))
class EnquiryResumed:
    """The person came back before it was deleted; it is worked on again."""

    enquiry_id: UUID
    organization_id: UUID
    site: Site


@event("referral.hold_set.v1", subject=("hold", "hold_id"))
class LegalHoldSet:
    """Nothing of this person is deleted up to and including a day, for a reason on the list."""

    hold_id: UUID
    person_id: UUID | None
    enquiry_id: UUID
    reason: HoldReason
    until: date


@event("referral.hold_lifted.v1", subject=("hold", "hold_id"))
class LegalHoldLifted:
    """It holds no longer, before its day."""

    hold_id: UUID
    person_id: UUID | None
    enquiry_id: UUID


@event("referral.draft_deleted.v1", subject=("referral", "referral_id"))
class ReferralDraftDeleted:
    """A referral that never left was forgotten for too long and is gone."""

    referral_id: UUID
    enquiry_id: UUID


@event("referral.consent_record_deleted.v1", subject=("consent", "consent_id"))
class ConsentRecordDeleted:
    """A consent, or an employer's request, that ended long ago need not be proved any more."""

    consent_id: UUID


@value
class RetentionCount:
    """How many of one kind."""

    kind: RetentionKind
    deleted: int


@event("referral.retention_run.v1", subject=("retention", "run_id"))
class RetentionRun:
    """A run has deleted what was due on a day; holds kept some persons, the longest until a day."""

    run_id: UUID
    as_of: date
    started_at: datetime
    counts: tuple[RetentionCount, ...]
    held: int
    held_until: date | None


# --- refusals, views, sign-in ---------------------------------------------------------------------------------------


@event("referral.command_refused.v1", subject=("refusal", "refusal_id"))
class CommandRefused:
    """A command was refused. Above the back level neither action nor reason of the command is kept."""

    refusal_id: UUID
    referral_id: UUID | None
    organization_id: UUID | None
    slug: Slug
    action: Action | None
    count: int = 1


@event("referral.personal_data_viewed.v1", subject=("view", "view_id"))
class PersonalDataViewed:
    """Somebody looked at personal data; committed before anything was shown. Without a role it was the person."""

    view_id: UUID
    enquiry_id: UUID | None
    referral_id: UUID | None
    person_id: UUID | None
    role: StaffRole | None
    purpose: ViewPurpose
    categories: tuple[DataCategory, ...]


@event("referral.signed_in.v1", subject=("session", "session_id"))
class SignedIn:
    """A staff member signed in to referral, in one role."""

    session_id: UUID
    role: StaffRole
    site: Site | None


@event("referral.parked_settled.v1", subject=("settlement", "settlement_id"))
class ParkedSettled:
    """An operator had a message tried again that referral had put aside, or gave it up. Never what it said."""

    settlement_id: UUID
    event_id: UUID | None
    outcome: ParkedOutcome
    cause: Code
    reason: DiscardReason | None


@event("referral.sign_in_refused.v1", subject=("refusal", "refusal_id"))
class SignInRefused:
    """A sign-in, token or link was refused."""

    refusal_id: UUID
    slug: Slug
    count: int


@event("referral.signed_out.v1", subject=("session", "session_id"))
class SignedOut:
    """A staff member signed out of referral."""

    session_id: UUID


@event("referral.session_ended.v1", subject=("session", "session_id"))
class SessionEnded:
    """A session of staff at referral was ended, by another way than signing out of it."""

    session_id: UUID
    how: SessionEnd


@event("referral.desk_entered.v1", subject=("referral", "referral_id"))
class DeskEntered:
    """A light-path unit used its single-use link and now works at the desk."""

    referral_id: UUID
    organization_id: UUID
    link_id: UUID


@event("referral.desk_link_requested.v1", subject=("referral", "referral_id"))
class DeskLinkRequested:
    """A light-path unit stands before a used or expired link and asks for a new one, to its known mailbox."""

    referral_id: UUID
    organization_id: UUID
    link_id: UUID


@event("referral.desk_code_issued.v1", subject=("desk_unit", "organization_id"))
class DeskCodeIssued:
    """A light-path unit was given a code past its mailbox: once typed, one device of it opens dossiers."""

    organization_id: UUID
    code_id: UUID
    way: Way
    expires_at: datetime


@event("referral.desk_code_wanted.v1", subject=("referral", "referral_id"))
class DeskCodeWanted:
    """Somebody came in by a unit's mailed link on a device the unit has not made known, and asks for a code."""

    referral_id: UUID
    organization_id: UUID


@event("referral.desk_code_refused.v1", subject=("desk_unit", "organization_id"))
class DeskCodeRefused:
    """A wrong code was typed; with no tries left the unit's open codes are locked."""

    organization_id: UUID
    referral_id: UUID
    tries_left: int


@event("referral.desk_code_revoked.v1", subject=("desk_unit", "organization_id"))
class DeskCodeRevoked:
    """A code that nobody has used was taken back."""

    organization_id: UUID
    code_id: UUID


@event("referral.desk_device_known.v1", subject=("desk_unit", "organization_id"))
class DeskDeviceKnown:
    """A device of a unit used up a code and opens dossiers from now on, together with a mailed link."""

    organization_id: UUID
    device_id: UUID
    code_id: UUID
    expires_at: datetime


@event("referral.desk_device_revoked.v1", subject=("desk_unit", "organization_id"))
class DeskDeviceRevoked:
    """The welcome center took a device's right to open dossiers back."""

    organization_id: UUID
    device_id: UUID


# --- the person herself ---------------------------------------------------------------------------------------------


@event("referral.person_link_issued.v1", subject=("person_link", "link_id"))
class PersonLinkIssued:
    """A single-use link was made for a person; an invitation names nobody."""

    link_id: UUID
    enquiry_id: UUID
    person_id: UUID | None
    purpose: PersonLinkPurpose
    way: PersonLinkWay
    expires_at: datetime


@event("referral.person_link_used.v1", subject=("person_link", "link_id"))
class PersonLinkUsed:
    """The button behind a link was pressed: the link is spent, a short session begins."""

    link_id: UUID
    enquiry_id: UUID
    person_id: UUID | None
    purpose: PersonLinkPurpose


@event("referral.person_link_voided.v1", subject=("person_link", "link_id"))
class PersonLinkVoided:
    """A link that nobody had used opens nothing any more."""

    link_id: UUID
    enquiry_id: UUID
    person_id: UUID | None
    purpose: PersonLinkPurpose


@event("referral.person_letter_sent.v1", subject=("person_letter", "letter_id"))
class PersonLetterSent:
    """The mail server took a letter to a person; it holds a link and no word about her."""

    letter_id: UUID
    link_id: UUID
    purpose: PersonLinkPurpose
    attempt: int


@event("referral.person_letter_failed.v1", subject=("person_letter", "letter_id"))
class PersonLetterFailed:
    """A letter to a person did not leave; the last time it is parked and somebody is told."""

    letter_id: UUID
    link_id: UUID
    purpose: PersonLinkPurpose
    attempt: int
    cause: Code
    parked: bool


@event("referral.person_key_destroyed.v1", subject=("person", "person_id"))
class PersonKeyDestroyed:
    """The key of a person's data no longer exists, so neither do the data."""

    person_id: UUID


@event("referral.duplicate_care_asked.v1", subject=("enquiry", "enquiry_id"))
class DuplicateCareAsked:
    """One controller was to be asked whether it cares for somebody on a topic: what was decided, and the one word.

    Inside the controller that asks nothing leaves and no ground is needed; any other is asked on a consent alone.
    """

    question_id: UUID
    enquiry_id: UUID
    referral_id: UUID | None
    person_id: UUID
    organization_id: UUID
    asked_id: UUID
    topic: Topic
    categories: tuple[DataCategory, ...]
    answer: DuplicateAnswer
    refusal: DuplicateRefusal | None = None
    consent_refusal: RefusalReason | None = None
    ground: GroundKind | None = None
    ground_id: UUID | None = None
    ground_version: int | None = None


@event("referral.duplicate_matter_opened.v1", subject=("duplicate_matter", "matter_id"))
class DuplicateMatterOpened:
    """Two cases may be the same care of the same person; each desk hears of its own side only."""

    matter_id: UUID
    question_id: UUID
    enquiry_id: UUID
    person_id: UUID
    found_enquiry_id: UUID
    found_referral_id: UUID
    topic: Topic


@event("referral.duplicate_matter_stated.v1", subject=("duplicate_matter", "matter_id"))
class DuplicateMatterStated:
    """One side wrote down what the person answered or what becomes of it, and how both sides stand now."""

    matter_id: UUID
    enquiry_id: UUID
    person_id: UUID
    side: DuplicateSide
    person_says: PersonOnCare | None
    resolution: CareResolution | None
    state: MatterState


@event("referral.double_funding_hinted.v1", subject=("enquiry", "enquiry_id"))
class DoubleFundingHinted:
    """A service was chosen whose funding excludes another of the same person: refused, or justified by a code.

    The others are named as far as the desk may see them; of the rest only that there are some.
    """

    hint_id: UUID
    enquiry_id: UUID
    need_id: UUID
    person_id: UUID | None
    referral_id: UUID | None
    service_id: UUID
    other_service_ids: tuple[UUID, ...]
    is_elsewhere: bool
    justification: FundingJustification | None


@event("referral.deletions_replayed.v1", subject=("replay", "replay_id"))
class DeletionsReplayed:
    """After a restore, whoever had been erased since the backup was erased again, and what was withdrawn withdrawn."""

    replay_id: UUID
    named: int
    records_closed: int
    keys_destroyed: int
    noted_in_table: int
    noted_in_ledger: int
    withdrawn_again: int = 0


@event("referral.keys_rewrapped.v1", subject=("rewrap", "rewrap_id"))
class KeysRewrapped:
    """An operator changed the service key: what former keys had wrapped or indexed now depends on the current one."""

    rewrap_id: UUID
    wrapping_id: Code
    person_keys: int
    custodial_keys: int
    blind_indexes: int
    unreadable: int
    left: int


@event("referral.stream_reported.v1", subject=("stream", "stream_id"))
class StreamReported:
    """How far referral has published, so that a missing event can be seen."""

    stream_id: UUID
    position: int
    count: int
    rolling_sha256: Code
    reported_at: datetime
