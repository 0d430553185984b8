"""The code lists of the network: what may be said, in words every service shares.

A code is stable for ever; its sentence lives in the message catalogues under the key ``<list>.<code>``.
Lists follow FHIR R4 ``Task.status`` (status), HSDS 3 (audience, capacity) and ISO/IEC TS 27560 (consent) where these
say anything; the rest is the network's own.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Status(StrEnum):
    """Where a referral stands. Each code maps to one FHIR ``Task.status`` through `FHIR_TASK_STATUS`."""

    DRAFT = "draft"
    AWAITING_CONSENT = "awaiting_consent"
    REQUESTED = "requested"
    RECEIVED = "received"
    CLARIFICATION = "clarification"
    WAITLISTED = "waitlisted"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    ENDED_EARLY = "ended_early"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered_in_error"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL


TERMINAL = frozenset(
    {
        Status.COMPLETED,
        Status.ENDED_EARLY,
        Status.REJECTED,
        Status.EXPIRED,
        Status.CANCELLED,
        Status.ENTERED_IN_ERROR,
    }
)

FHIR_TASK_STATUS = {
    Status.DRAFT: "draft",
    Status.AWAITING_CONSENT: "draft",
    Status.REQUESTED: "requested",
    Status.RECEIVED: "received",
    Status.CLARIFICATION: "on-hold",
    Status.WAITLISTED: "on-hold",
    Status.ACCEPTED: "accepted",
    Status.IN_PROGRESS: "in-progress",
    Status.PAUSED: "on-hold",
    Status.COMPLETED: "completed",
    Status.ENDED_EARLY: "failed",
    Status.REJECTED: "rejected",
    Status.EXPIRED: "rejected",
    Status.CANCELLED: "cancelled",
    Status.ENTERED_IN_ERROR: "entered-in-error",
}


class Action(StrEnum):
    """What somebody may do with a referral."""

    PREPARE = "prepare"
    REVISE = "revise"
    REQUEST = "request"
    RECEIVE = "receive"
    ASK = "ask"
    ANSWER = "answer"
    ACCEPT = "accept"
    WAITLIST = "waitlist"
    REJECT = "reject"
    START = "start"
    SET_APPOINTMENT = "set_appointment"
    CANCEL_APPOINTMENT = "cancel_appointment"
    PAUSE = "pause"
    RESUME = "resume"
    COMPLETE = "complete"
    CONCLUDE = "conclude"
    END = "end"
    EXPIRE = "expire"
    CANCEL = "cancel"
    REVOKE = "revoke"
    MARK_ENTERED_IN_ERROR = "mark_entered_in_error"
    ACKNOWLEDGE_STOP = "acknowledge_stop"
    STATE_DELETION = "state_deletion"
    ACKNOWLEDGE_RECTIFICATION = "acknowledge_rectification"
    DISPUTE = "dispute"


class Party(StrEnum):
    """On whose behalf an action is done."""

    NAVIGATOR = "navigator"
    PARTNER = "partner"
    PERSON = "person"
    SYSTEM = "system"
    CLOCK = "clock"


class Urgency(StrEnum):
    """How soon the partner has to act; sets contact-by and expiry."""

    URGENT = "urgent"
    NORMAL = "normal"
    LOW = "low"


class BackLevel(StrEnum):
    """How much a partner may tell back (order matters: none < receipt < status < outcome)."""

    NONE = "none"
    RECEIPT = "receipt"
    STATUS = "status"
    OUTCOME = "outcome"

    def covers(self, needed: "BackLevel") -> bool:
        order = list(BackLevel)
        return order.index(self) >= order.index(needed)


class Topic(StrEnum):
    """What an enquiry is about. The same codes serve as consent purposes."""

    ARBEIT = "ARBEIT"
    AUSBILDUNG = "AUSBILDUNG"
    QUALIFIZIERUNG = "QUALIFIZIERUNG"
    ANERKENNUNG = "ANERKENNUNG"
    SPRACHE = "SPRACHE"
    AUFENTHALT = "AUFENTHALT"
    EINBUERGERUNG = "EINBUERGERUNG"
    LEISTUNG = "LEISTUNG"
    GESUNDHEIT = "GESUNDHEIT"
    BANK_VERSICHERUNG = "BANK_VERSICHERUNG"
    WOHNEN = "WOHNEN"
    SCHULE_KITA = "SCHULE_KITA"
    GRUENDUNG = "GRUENDUNG"
    ANKOMMEN = "ANKOMMEN"
    BEGLEITUNG = "BEGLEITUNG"
    ANWERBUNG = "ANWERBUNG"
    FACHKRAEFTEVERFAHREN = "FACHKRAEFTEVERFAHREN"
    BETRIEBLICHE_INTEGRATION = "BETRIEBLICHE_INTEGRATION"


EMPLOYER_TOPICS = frozenset({Topic.ANWERBUNG, Topic.FACHKRAEFTEVERFAHREN, Topic.BETRIEBLICHE_INTEGRATION})

#: Founding and taking over concern both: whoever looks for a business, and the company that looks for a successor.
SHARED_TOPICS = frozenset({Topic.GRUENDUNG})

#: The nine matters a person can settle at the Kompetenzzentrum Integration und Arbeit (decision paper of 8 Nov 2024).
KIA_TOPICS = (
    Topic.GESUNDHEIT,
    Topic.BANK_VERSICHERUNG,
    Topic.SCHULE_KITA,
    Topic.AUFENTHALT,
    Topic.ANERKENNUNG,
    Topic.QUALIFIZIERUNG,
    Topic.ARBEIT,
    Topic.SPRACHE,
    Topic.ANKOMMEN,
)


class Purpose(StrEnum):
    """What data may be used for: every topic, passing on as such (VERWEIS), and the duplicate-care check."""

    ARBEIT = "ARBEIT"
    AUSBILDUNG = "AUSBILDUNG"
    QUALIFIZIERUNG = "QUALIFIZIERUNG"
    ANERKENNUNG = "ANERKENNUNG"
    SPRACHE = "SPRACHE"
    AUFENTHALT = "AUFENTHALT"
    EINBUERGERUNG = "EINBUERGERUNG"
    LEISTUNG = "LEISTUNG"
    GESUNDHEIT = "GESUNDHEIT"
    BANK_VERSICHERUNG = "BANK_VERSICHERUNG"
    WOHNEN = "WOHNEN"
    SCHULE_KITA = "SCHULE_KITA"
    GRUENDUNG = "GRUENDUNG"
    ANKOMMEN = "ANKOMMEN"
    BEGLEITUNG = "BEGLEITUNG"
    ANWERBUNG = "ANWERBUNG"
    FACHKRAEFTEVERFAHREN = "FACHKRAEFTEVERFAHREN"
    BETRIEBLICHE_INTEGRATION = "BETRIEBLICHE_INTEGRATION"
    VERWEIS = "VERWEIS"
    DOPPELPRUEFUNG = "DOPPELPRUEFUNG"


class DataCategory(StrEnum):
    """Kinds of personal data. `SENSITIVITY` orders them; free text counts as the most sensitive."""

    IDENTITY = "IDENTITY"
    CONTACT = "CONTACT"
    LANGUAGE = "LANGUAGE"
    QUALIFICATION = "QUALIFICATION"
    EMPLOYMENT = "EMPLOYMENT"
    RESIDENCE = "RESIDENCE"
    FAMILY = "FAMILY"
    HOUSING = "HOUSING"
    BENEFITS = "BENEFITS"
    HEALTH = "HEALTH"
    DOCUMENTS = "DOCUMENTS"
    FREE_TEXT = "FREE_TEXT"
    BUSINESS_CONTACT = "BUSINESS_CONTACT"


class LegalSphere(StrEnum):
    """The law a service acts under (Rechtskreis)."""

    SGB2 = "SGB2"
    SGB3 = "SGB3"
    SGB5 = "SGB5"
    SGB8 = "SGB8"
    SGB9 = "SGB9"
    SGB12 = "SGB12"
    ASYLBLG = "ASYLBLG"
    AUFENTHG = "AUFENTHG"
    STAG = "STAG"
    BQFG = "BQFG"
    HANDWO = "HANDWO"


#: Legal spheres with case management of their own: the network passes on and does not accompany.
PASS_ON_SPHERES = frozenset({LegalSphere.SGB2, LegalSphere.SGB3, LegalSphere.SGB5, LegalSphere.SGB8, LegalSphere.SGB12})


class ServiceRole(StrEnum):
    """What a body does in a matter."""

    DECIDES = "decides"
    ADVISES = "advises"
    ACCOMPANIES = "accompanies"
    FUNDS = "funds"


class CompetenceRole(StrEnum):
    """What the law makes a body in an administrative service: it decides, or it takes applications in for another."""

    DECIDES = "decides"
    RECEIVES = "receives"


class Audience(StrEnum):
    """For whom a service is."""

    PERSON = "person"
    EMPLOYER = "employer"
    BOTH = "both"


class Capacity(StrEnum):
    """What a service says about its free places; what is old counts as unknown."""

    CAPACITY = "capacity"
    NO_CAPACITY = "no_capacity"
    WAITLIST = "waitlist"
    ASSESSMENT_FIRST = "assessment_first"
    UNKNOWN = "unknown"


class ChannelKind(StrEnum):
    """How a partner is reached. `contact` is nobody's own: the contact named in the agreement, when others fail."""

    AMQP = "amqp"
    WEBHOOK = "webhook"
    PULL = "pull"
    LIGHT = "light"
    NONE = "none"
    CONTACT = "contact"


#: What a partner can choose as its channel.
OWN_CHANNELS = tuple(kind for kind in ChannelKind if kind is not ChannelKind.CONTACT)


class AgreementKind(StrEnum):
    """In which capacity a partner takes part (GDPR Art. 4(7), 26, 28)."""

    INDEPENDENT = "independent"
    JOINT = "joint"
    PROCESSOR = "processor"


class TransferParty(StrEnum):
    """Who sits outside the European Economic Area: the partner itself, or somebody who processes for it."""

    RECIPIENT = "recipient"
    PROCESSOR = "processor"


class TransferSafeguard(StrEnum):
    """What carries a transfer to a third country (GDPR Art. 45-49)."""

    ADEQUACY = "adequacy"
    STANDARD_CLAUSES = "standard_clauses"
    BINDING_RULES = "binding_rules"
    OTHER_SAFEGUARD = "other_safeguard"
    DEROGATION = "derogation"


class DataProtectionLaw(StrEnum):
    """Under which law an organization processes personal data."""

    GDPR = "GDPR"
    KDG = "KDG"
    DSG_EKD = "DSG-EKD"


class KeyUse(StrEnum):
    """What a partner's public key is for: dossiers are sealed to it, or its receipts are checked with it (RFC 7517)."""

    ENC = "enc"
    SIG = "sig"


class EnquirerKind(StrEnum):
    """Who asks for help."""

    PERSON = "person"
    EMPLOYER = "employer"


class Relation(StrEnum):
    """How somebody belongs to the person who asked."""

    SELF = "self"
    SPOUSE = "spouse"
    PARTNER = "partner"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    RELATIVE = "relative"
    OTHER = "other"


class Site(StrEnum):
    """The places of the welcome center."""

    AACHEN = "aachen"
    MOENCHENGLADBACH = "moenchengladbach"
    NEUSS = "neuss"


class StaffRole(StrEnum):
    """The roles of signed-in people."""

    NAVIGATOR = "navigator"
    LEAD = "lead"
    PARTNER_CLERK = "partner_clerk"
    DIRECTORY_EDITOR = "directory_editor"
    DPO = "dpo"
    AUDITOR = "auditor"
    COORDINATOR = "coordinator"
    OPERATIONS = "operations"
    HELPER = "helper"


class ClashAnswer(StrEnum):
    """Why two appointments of one person that overlap stay as they are."""

    KEEPS_BOTH = "keeps_both"
    AGREED_OTHERWISE = "agreed_otherwise"
    SOMEBODY_ELSE_GOES = "somebody_else_goes"
    ANOTHER_PERSON = "another_person"
    OVER = "over"


class HelperKind(StrEnum):
    """As what somebody comes along to one appointment."""

    INTERPRETER = "interpreter"
    VOLUNTEER = "volunteer"


class HelperEnd(StrEnum):
    """Why an invitation opens nothing any more; once the appointment is over it ends by itself."""

    BY_NAVIGATOR = "by_navigator"
    BY_HERSELF = "by_herself"
    OVER = "over"


class ConsentChannel(StrEnum):
    """How consent was given (words after ISO/IEC TS 27560)."""

    SIGNED_PAPER = "signed_paper"
    SIGN_PAD = "sign_pad"
    ONLINE = "online"
    VERBAL_WITNESSED = "verbal_witnessed"


class WithdrawalChannel(StrEnum):
    """How a withdrawal was told: any way will do, and no form is asked for (GDPR Art. 7(3))."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    LETTER = "letter"
    EMAIL = "email"
    ONLINE = "online"


class GivenBy(StrEnum):
    """Who gave consent; never an employer."""

    SELF = "self"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"


class Signer(StrEnum):
    """In which capacity somebody signs a consent."""

    PERSON = "person"
    CUSTODY_HOLDER = "custody_holder"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"


class ProofKind(StrEnum):
    """What was seen that shows somebody may sign for another; it is noted, not copied."""

    BIRTH_CERTIFICATE = "BIRTH_CERTIFICATE"
    CUSTODY_DECLARATION = "CUSTODY_DECLARATION"
    SOLE_CUSTODY_CERTIFICATE = "SOLE_CUSTODY_CERTIFICATE"
    COURT_ORDER = "COURT_ORDER"
    GUARDIAN_APPOINTMENT = "GUARDIAN_APPOINTMENT"
    POWER_OF_ATTORNEY = "POWER_OF_ATTORNEY"
    CARE_ORDER = "CARE_ORDER"


class ConsentState(StrEnum):
    """Where one version of a consent stands. Only what is given carries anything."""

    DRAFTED = "drafted"
    GIVEN = "given"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class DraftEnd(StrEnum):
    """Why a drafted consent never came into force."""

    REPLACED = "replaced"
    DECLINED = "declined"
    MISTAKE = "mistake"
    LAPSED = "lapsed"


class GroundKind(StrEnum):
    """On what footing data is disclosed."""

    CONSENT = "consent"
    STATUTORY = "statutory"
    ENTERPRISE_REQUEST = "enterprise_request"
    NO_PERSONAL_DATA = "no_personal_data"


class EnterpriseGround(StrEnum):
    """On which letter of GDPR Art. 6(1) an employer's own contact data are passed on; which one is for a lawyer."""

    CONTRACT = "ART_6_1_B"
    PUBLIC_TASK = "ART_6_1_E"
    LEGITIMATE_INTEREST = "ART_6_1_F"


class AskedBy(StrEnum):
    """Who asks on an employer's behalf; a function mailbox is nobody's."""

    FUNCTION_MAILBOX = "function_mailbox"
    NAMED_CONTACT = "named_contact"
    TELEPHONE = "telephone"
    COMPANY = "company"
    NOBODY = "nobody"


class RefusalReason(StrEnum):
    """Why the consent engine says no."""

    NO_CONSENT = "NO_CONSENT"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    RECIPIENT_NOT_COVERED = "RECIPIENT_NOT_COVERED"
    PURPOSE_NOT_COVERED = "PURPOSE_NOT_COVERED"
    CATEGORY_NOT_COVERED = "CATEGORY_NOT_COVERED"
    TEXT_NOT_REVIEWED = "TEXT_NOT_REVIEWED"
    RECIPIENT_MUST_STAND_ALONE = "RECIPIENT_MUST_STAND_ALONE"
    EMPLOYER_MAY_NOT_CARRY = "EMPLOYER_MAY_NOT_CARRY"
    BACK_LEVEL_NOT_COVERED = "BACK_LEVEL_NOT_COVERED"
    GROUND_UNREADABLE = "GROUND_UNREADABLE"


class DisclosurePoint(StrEnum):
    """Where the consent engine was asked."""

    REQUEST = "request"
    ANSWER = "answer"
    FETCH = "fetch"
    BACK_CHANNEL = "back_channel"
    RESEAL = "reseal"
    PRINT = "print"


class Way(StrEnum):
    """Past all systems: how a partner told something recorded by hand, how a unit was given its code."""

    PHONE = "phone"
    LETTER = "letter"
    IN_PERSON = "in_person"


class CauseSide(StrEnum):
    """On whose side the cause of a reason lies."""

    PERSON = "person"
    PARTNER = "partner"
    SENDER = "sender"
    OUTSIDE = "outside"


class NextStep(StrEnum):
    """What a reason sets off on the navigator's desk."""

    OFFER_ALTERNATIVES = "offer_alternatives"
    MATCH_AGAIN = "match_again"
    NOT_SAME_PARTNER_AGAIN = "not_same_partner_again"
    RECORD_OBSTACLE = "record_obstacle"
    NOTHING = "nothing"


class RejectionReason(StrEnum):
    """Why a partner declines before doing any work."""

    NOT_COMPETENT = "NOT_COMPETENT"
    OUT_OF_AREA = "OUT_OF_AREA"
    TARGET_GROUP = "TARGET_GROUP"
    NO_CAPACITY = "NO_CAPACITY"
    ALREADY_CARED_FOR = "ALREADY_CARED_FOR"
    DOUBLE_FUNDING = "DOUBLE_FUNDING"
    INFORMATION_MISSING = "INFORMATION_MISSING"
    LANGUAGE = "LANGUAGE"
    LEGAL_BAR = "LEGAL_BAR"
    OTHER = "OTHER"


class EndReason(StrEnum):
    """Why a referral is cancelled or ends early."""

    PERSON_DECLINED = "PERSON_DECLINED"
    PERSON_UNREACHABLE = "PERSON_UNREACHABLE"
    PERSON_MOVED = "PERSON_MOVED"
    SOLVED_ELSEWHERE = "SOLVED_ELSEWHERE"
    EMPLOYER_WITHDREW = "EMPLOYER_WITHDREW"
    LEGAL_SPHERE_CHANGED = "LEGAL_SPHERE_CHANGED"
    MISTAKE = "MISTAKE"
    DUPLICATE = "DUPLICATE"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    PARTNER_CLOSED = "PARTNER_CLOSED"
    OTHER = "OTHER"


class PauseReason(StrEnum):
    """What a referral in progress waits for outside."""

    VISA = "VISA"
    RECOGNITION_NOTICE = "RECOGNITION_NOTICE"
    COURSE_START = "COURSE_START"
    DOCUMENTS = "DOCUMENTS"
    PERSON_AWAY = "PERSON_AWAY"
    OTHER = "OTHER"


class QuestionCode(StrEnum):
    """What a partner asks back."""

    QUALIFICATION_DETAILS = "QUALIFICATION_DETAILS"
    LANGUAGE_LEVEL = "LANGUAGE_LEVEL"
    AVAILABILITY = "AVAILABILITY"
    CONTACT_DETAILS = "CONTACT_DETAILS"
    DOCUMENT_MISSING = "DOCUMENT_MISSING"
    COMPETENCE_UNCLEAR = "COMPETENCE_UNCLEAR"
    OTHER = "OTHER"


class Outcome(StrEnum):
    """What came of a referral."""

    GOAL_REACHED = "GOAL_REACHED"
    ADVICE_GIVEN = "ADVICE_GIVEN"
    PROCEDURE_STARTED = "PROCEDURE_STARTED"
    COURSE_PLACE_FOUND = "COURSE_PLACE_FOUND"
    EMPLOYMENT_FOUND = "EMPLOYMENT_FOUND"
    PASSED_ON = "PASSED_ON"
    HANDED_OVER_NO_FEEDBACK = "HANDED_OVER_NO_FEEDBACK"


class Obstacle(StrEnum):
    """Hindrances met in single cases that may lead to structural change."""

    WAITING_TIME = "WAITING_TIME"
    LANGUAGE_BARRIER = "LANGUAGE_BARRIER"
    UNCLEAR_COMPETENCE = "UNCLEAR_COMPETENCE"
    MISSING_DOCUMENTS = "MISSING_DOCUMENTS"
    COST = "COST"
    NO_SERVICE = "NO_SERVICE"
    LEGAL_BAR = "LEGAL_BAR"
    OTHER = "OTHER"


class ObstacleEffect(StrEnum):
    """What an obstacle did to the case."""

    DELAYED = "DELAYED"
    MORE_EFFORT = "MORE_EFFORT"
    SECOND_BEST = "SECOND_BEST"
    NOT_HELPED = "NOT_HELPED"
    GAVE_UP = "GAVE_UP"


class SafeChannel(StrEnum):
    """How a person can be reached without anybody else hearing of it."""

    PHONE = "PHONE"
    TEXT_MESSAGE = "TEXT_MESSAGE"
    EMAIL = "EMAIL"
    POST = "POST"
    IN_PERSON = "IN_PERSON"


class ContactLimit(StrEnum):
    """What must not be done when a person is reached: somebody else could hear of it."""

    NEUTRAL_ONLY = "NEUTRAL_ONLY"
    NO_MESSAGE_LEFT = "NO_MESSAGE_LEFT"
    NUMBER_WITHHELD = "NUMBER_WITHHELD"
    NO_PHONE = "NO_PHONE"
    NO_TEXT_MESSAGE = "NO_TEXT_MESSAGE"
    NO_EMAIL = "NO_EMAIL"
    NO_POST = "NO_POST"


class ContactTime(StrEnum):
    """A part of the day: when a person can be reached safely, or when she has no time."""

    MORNING = "MORNING"
    NOON = "NOON"
    AFTERNOON = "AFTERNOON"
    EVENING = "EVENING"
    WEEKEND = "WEEKEND"


class PlanOwner(StrEnum):
    """Who does a step of an accompaniment plan."""

    WELCOME_CENTER = "WELCOME_CENTER"
    PERSON = "PERSON"
    PARTNER = "PARTNER"
    CASE_MANAGEMENT = "CASE_MANAGEMENT"


class PlanEnd(StrEnum):
    """How a goal or a step of an accompaniment plan ended."""

    DONE = "DONE"
    DROPPED = "DROPPED"


class NoteStep(StrEnum):
    """What comes of a conversation, on a day that was named."""

    CALL_AGAIN = "CALL_AGAIN"
    AWAIT_CALL = "AWAIT_CALL"
    ASK_PARTNER = "ASK_PARTNER"
    FIND_SERVICE = "FIND_SERVICE"
    GET_PAPERS = "GET_PAPERS"
    APPOINTMENT = "APPOINTMENT"
    OTHER = "OTHER"


class Duty(StrEnum):
    """What a partner owes about data it has fetched (GDPR Art. 7(3), 16, 17, 19)."""

    ACKNOWLEDGE_STOP = "acknowledge_stop"
    STATE_DELETION = "state_deletion"
    ACKNOWLEDGE_RECTIFICATION = "acknowledge_rectification"


class Participation(StrEnum):
    """Whether an organization takes part in the network: it does, rests for a while, or has left for good."""

    TAKING_PART = "taking_part"
    SUSPENDED = "suspended"
    ENDED = "ended"


class DutyCause(StrEnum):
    """What a duty was opened for."""

    WITHDRAWAL = "withdrawal"
    CANCEL = "cancel"
    EXPIRY = "expiry"
    ERROR = "error"
    ERASURE = "erasure"
    RECTIFICATION = "rectification"
    PARTICIPATION_ENDED = "participation_ended"


class DutyState(StrEnum):
    """How a duty stands in the ledger; `superseded`: something wider is owed instead of it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DELETED = "deleted"
    RETAINED = "retained"
    FETCHED_ANEW = "fetched_anew"
    SUPERSEDED = "superseded"


class Deletion(StrEnum):
    """What a partner did with what it had fetched."""

    DELETED = "deleted"
    RETAINED = "retained"


class RetentionGround(StrEnum):
    """On which legal ground a partner keeps what it fetched."""

    STATUTORY_FILE_DUTY = "STATUTORY_FILE_DUTY"
    LEGAL_CLAIM = "LEGAL_CLAIM"
    OWN_PROCEDURE = "OWN_PROCEDURE"
    OTHER = "OTHER"


class TaskKind(StrEnum):
    """Why somebody at the welcome center has something to do."""

    REFERRAL_REJECTED = "referral_rejected"
    REFERRAL_EXPIRED = "referral_expired"
    QUESTION_OPEN = "question_open"
    QUESTION_OVERDUE = "question_overdue"
    ANSWER_MISSING = "answer_missing"
    ANSWER_STILL_MISSING = "answer_still_missing"
    CONTACT_OVERDUE = "contact_overdue"
    CONTACT_STILL_MISSING = "contact_still_missing"
    DUTY_OVERDUE = "duty_overdue"
    ANSWERED_LATE = "answered_late"
    CONCLUDE_DUE = "conclude_due"
    CONSENT_RUNS_OUT = "consent_runs_out"
    BREACH_CHECK = "breach_check"
    BREACH_ESCALATED = "breach_escalated"
    SERVICE_RETIRED = "service_retired"
    CONSENT_MISSING = "consent_missing"
    CONSENT_TO_CONFIRM = "consent_to_confirm"
    CONSENT_TO_WITNESS = "consent_to_witness"
    COMES_OF_AGE = "comes_of_age"
    RECORDED_BY_HAND_DISPUTED = "recorded_by_hand_disputed"
    WAITLIST_UNRENEWED = "waitlist_unrenewed"
    NEED_WITHOUT_SERVICE = "need_without_service"
    LETTER_UNDELIVERED = "letter_undelivered"
    INVITATION_ACCEPTED = "invitation_accepted"
    SUBJECT_REQUEST_DUE = "subject_request_due"
    AGREEMENT_ENDS = "agreement_ends"
    AGREEMENT_ENDED = "agreement_ended"
    PARTNER_KEY_ENDS = "partner_key_ends"
    PARTNER_KEY_MISSING = "partner_key_missing"
    PARTNER_SUSPENDED = "partner_suspended"
    PARTNER_LEFT = "partner_left"
    DISCLOSURE_UNCONFIRMED = "disclosure_unconfirmed"
    DUPLICATE_TO_CLARIFY = "duplicate_to_clarify"
    DESK_CODE_WANTED = "desk_code_wanted"
    FOLLOW_UP_DUE = "follow_up_due"
    PLAN_STEP_DUE = "plan_step_due"
    GOAL_WITHOUT_STEP = "goal_without_step"
    APPOINTMENTS_CLASH = "appointments_clash"


class DuplicateAnswer(StrEnum):
    """Whether a person is in care on a topic already; never more than this. `refused`: it was not asked at all."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class DuplicateRefusal(StrEnum):
    """Why it was not asked whether a controller cares for somebody already."""

    LIMIT_REACHED = "limit_reached"
    NOT_CONSENTED = "not_consented"
    SOCIAL_DATA_BODY = "social_data_body"
    BODY_UNKNOWN = "body_unknown"


class DuplicateSide(StrEnum):
    """Which of the two cases it is: the one that asked, or the one that was found."""

    ASKING = "asking"
    FOUND = "found"


class PersonOnCare(StrEnum):
    """What the person answered when she was asked whether she is cared for elsewhere."""

    CARED_FOR_THERE = "cared_for_there"
    NOT_ME = "not_me"
    DOES_NOT_SAY = "does_not_say"


class CareResolution(StrEnum):
    """What a desk says becomes of a case that may be the same care twice."""

    HERE = "here"
    THERE = "there"
    OTHER_CARE = "other_care"
    OTHER_PERSON = "other_person"


class FundingJustification(StrEnum):
    """Why two services may be chosen although their funding excludes each other."""

    OTHER_CONTENT = "OTHER_CONTENT"
    OTHER_TIME = "OTHER_TIME"
    FUNDER_AGREES = "FUNDER_AGREES"


class MatterState(StrEnum):
    """How the two sides of a possible double care stand to each other."""

    OPEN = "open"
    AT_ODDS = "at_odds"
    SETTLED = "settled"


class ReminderKind(StrEnum):
    """Which deadline draws near."""

    FIRST = "first"
    SECOND = "second"
    WAITLIST = "waitlist"
    CONSENT = "consent"
    DUTY = "duty"
    CONTACT = "contact"
    #: No deadline: somebody at the welcome center asks how it stands.
    FOLLOW_UP = "follow_up"


class NoticeKind(StrEnum):
    """Why a partner is told something; a notice carries no more than this code, ids and a link."""

    REFERRAL_REQUESTED = "referral_requested"
    QUESTION_ANSWERED = "question_answered"
    REFERRAL_STOPPED = "referral_stopped"
    DUTY_OPENED = "duty_opened"
    DATA_CORRECTED = "data_corrected"
    DUTY_ESCALATED = "duty_escalated"
    REMINDER = "reminder"
    RECORDED_BY_HAND = "recorded_by_hand"
    REFERRAL_CLOSED = "referral_closed"
    DESK_LINK_RENEWED = "desk_link_renewed"
    TEST = "test"


class ProposalOutcome(StrEnum):
    """How a partner's proposal about its entry in the directory ended: by an editor's word, or by the partner's own."""

    RELEASED = "released"
    CHANGED = "changed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


class ChannelOutcome(StrEnum):
    """What became of a partner's channel that waited for a second person: it is used, or why it is not."""

    CONFIRMED = "confirmed"
    #: The partner knows nothing of it.
    NOT_FROM_PARTNER = "not_from_partner"
    #: The partner meant another address.
    MISTYPED = "mistyped"
    #: Nobody there could be asked.
    NOT_REACHED = "not_reached"
    TAKEN_BACK = "taken_back"
    REPLACED = "replaced"


#: Why a second person does not put a channel in force.
CHANNEL_REFUSALS = (ChannelOutcome.NOT_FROM_PARTNER, ChannelOutcome.MISTYPED, ChannelOutcome.NOT_REACHED)


class ParkedOutcome(StrEnum):
    """What an operator did with a message that had been put aside."""

    RETRY = "retry"
    DISCARD = "discard"


class SessionEnd(StrEnum):
    """How a session ended that nobody signed out of."""

    BY_ITS_OWNER = "by_its_owner"
    BY_RESPONSIBLE = "by_responsible"
    BY_SIGN_IN_SERVICE = "by_sign_in_service"


class DiscardReason(StrEnum):
    """Why an operator gives up something that did not get through: a notice, or a message that was put aside."""

    TOLD_ANOTHER_WAY = "TOLD_ANOTHER_WAY"
    OUTDATED = "OUTDATED"
    RECEIVER_GONE = "RECEIVER_GONE"
    DUPLICATE = "DUPLICATE"
    MADE_BY_MISTAKE = "MADE_BY_MISTAKE"
    UNREADABLE = "UNREADABLE"


class LetterPlace(StrEnum):
    """Where the broker keeps a letter that did not get where it belongs; the values are the queues' names."""

    UNROUTED = "unrouted"
    DEAD = "dead"
    PARTNERS_DEAD = "partners.dead"


class DocumentKind(StrEnum):
    """What a kept paper is; a consent form is evidence, the others may go along with a referral."""

    CONSENT_FORM = "CONSENT_FORM"
    VOLLMACHT = "VOLLMACHT"
    CUSTODY_PROOF = "CUSTODY_PROOF"
    CERTIFICATE = "CERTIFICATE"
    NOTICE = "NOTICE"
    OTHER = "OTHER"


class MediaType(StrEnum):
    """Which files are kept at all: papers and pictures of papers, nothing that runs or unpacks."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TIFF = "image/tiff"


class BreachRisk(StrEnum):
    """How likely a data breach harms the person (GDPR Art. 33, 34)."""

    NONE = "none"
    RISK = "risk"
    HIGH = "high"


class BreachReason(StrEnum):
    """Why the risk of a data breach is judged as it is: what soothes, then what weighs."""

    RECIPIENT_BOUND = "recipient_bound"
    DELETED_UNUSED = "deleted_unused"
    UNREADABLE = "unreadable"
    HARMLESS_DATA = "harmless_data"
    SEEN_BY_STRANGER = "seen_by_stranger"
    NOT_CONTAINED = "not_contained"
    SENSITIVE_DATA = "sensitive_data"
    RESIDENCE_AT_STAKE = "residence_at_stake"
    PERSON_VULNERABLE = "person_vulnerable"


class DelayReason(StrEnum):
    """Why the supervisory authority was told later than 72 hours (GDPR Art. 33(1) sentence 2)."""

    FACTS_UNCLEAR = "facts_unclear"
    HEARD_LATE_INSIDE = "heard_late_inside"
    AUTHORITY_UNREACHABLE = "authority_unreachable"
    TECHNICAL_FAILURE = "technical_failure"
    STAFF_MISSING = "staff_missing"


class NoNoticeGround(StrEnum):
    """Why the person is not told of a high risk; the law knows these three (GDPR Art. 34(3))."""

    DATA_SAFEGUARDED = "data_safeguarded"
    RISK_REMOVED = "risk_removed"
    TOLD_PUBLICLY = "told_publicly"


class FindingKind(StrEnum):
    """What the data-protection officer is shown because referral itself noticed it."""

    DUTY_OVERDUE = "duty_overdue"
    EXTERNAL_DISCLOSURE = "external_disclosure"
    DISCLOSURE_UNCONFIRMED = "disclosure_unconfirmed"
    BREACH_OVERDUE = "breach_overdue"
    AGREEMENT_ENDED = "agreement_ended"


class ExternalGround(StrEnum):
    """Why staff told somebody outside the system without consent; opens nothing. Which apply is for counsel [law]."""

    ACUTE_DANGER = "acute_danger"
    KKG_4 = "kkg_4"
    SGB8_8A = "sgb8_8a"
    COURT_ORDER = "court_order"
    OTHER_STATUTE = "other_statute"


class RetentionKind(StrEnum):
    """What ends by itself when its time has run out, and under which name a run counts it."""

    RESTRICTION = "RESTRICTION"
    ENQUIRY_DRAFT = "ENQUIRY_DRAFT"
    REFERRAL_DRAFT = "REFERRAL_DRAFT"
    CONSENT_DRAFT = "CONSENT_DRAFT"
    CUSTODIAL_DOSSIER = "CUSTODIAL_DOSSIER"
    PARTNER_WORDS = "PARTNER_WORDS"
    PERSON_LINK = "PERSON_LINK"
    DOCUMENT = "DOCUMENT"
    ENQUIRY_WITHOUT_REFERRAL = "ENQUIRY_WITHOUT_REFERRAL"
    CLOSED_CASE = "CLOSED_CASE"
    PERSON_WITHOUT_CASE = "PERSON_WITHOUT_CASE"
    CONSENT_RECORD = "CONSENT_RECORD"
    RIGHTS_RECORD = "RIGHTS_RECORD"
    ACCESS_RECORD = "ACCESS_RECORD"


class LogRetentionGround(StrEnum):
    """Why entries of the audit log are kept as long as they are, and no longer."""

    PROOF_OF_DISCLOSURE = "PROOF_OF_DISCLOSURE"
    SECURITY_OF_PROCESSING = "SECURITY_OF_PROCESSING"
    LEGAL_CLAIM = "LEGAL_CLAIM"
    STATUTORY_DUTY = "STATUTORY_DUTY"


class LogFindingKind(StrEnum):
    """What the log itself shows that the data-protection officer should look at."""

    USED_AFTER_WITHDRAWAL = "used_after_withdrawal"
    CONSENT_NOT_IN_LOG = "consent_not_in_log"
    DELETION_OVERDUE = "deletion_overdue"
    RAISED = "raised"
    BY_LEAVER = "by_leaver"
    OUTSIDE_HOURS = "outside_hours"
    UNRELATED_CASE = "unrelated_case"
    MANY_IN_A_ROW = "many_in_a_row"


class FindingJudgement(StrEnum):
    """What the officer makes of a finding."""

    HARMLESS = "harmless"
    NEEDS_CLARIFICATION = "needs_clarification"
    BREACH = "breach"


class HoldReason(StrEnum):
    """Why somebody's data must not be deleted yet (GDPR Art. 17(3), 18)."""

    LEGAL_CLAIM = "LEGAL_CLAIM"
    COURT_OR_AUTHORITY = "COURT_OR_AUTHORITY"
    SUPERVISORY_COMPLAINT = "SUPERVISORY_COMPLAINT"
    WISH_OF_THE_PERSON = "WISH_OF_THE_PERSON"
    BREACH = "BREACH"


class Classification(StrEnum):
    """CloudEvents ``dataclassification``: who may see an event. Unknown values are refused."""

    PUBLIC = "public"
    INTERNAL = "internal"
    RESTRICTED = "restricted"


class ViewPurpose(StrEnum):
    """Why somebody looked at personal data."""

    CASE_WORK = "case_work"
    SUBSTITUTION = "substitution"
    SEARCH = "search"
    PARTNER_WORK = "partner_work"
    OVERSIGHT = "oversight"
    PERSON_SELF = "person_self"
    COMING_ALONG = "coming_along"
    SUBJECT_ACCESS = "subject_access"
    LEGAL_CLAIM = "legal_claim"


class ResolutionReason(StrEnum):
    """Why the name behind a pseudonym of the audit log is asked for."""

    FINDING = "FINDING"
    COMPLAINT = "COMPLAINT"
    AUTHORITY = "AUTHORITY"
    BREACH = "BREACH"


class ResolutionPurpose(StrEnum):
    """What the name behind a pseudonym will be used for."""

    CLEAR_UP = "CLEAR_UP"
    TELL_PERSON = "TELL_PERSON"
    ANSWER_PERSON = "ANSWER_PERSON"
    ANSWER_AUTHORITY = "ANSWER_AUTHORITY"


class ResolutionRefusal(StrEnum):
    """Why a second person does not agree to a name being shown."""

    NOT_NECESSARY = "NOT_NECESSARY"
    OTHER_WAY = "OTHER_WAY"
    OCCASION_UNCLEAR = "OCCASION_UNCLEAR"


class SubjectRight(StrEnum):
    """What a person may ask for about her own data (GDPR Art. 15 to 18, 20, 21)."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    PORTABILITY = "portability"
    OBJECTION = "objection"


class RequestChannel(StrEnum):
    """How a request about one's own data came in."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    LETTER = "letter"
    MAIL = "mail"
    SELF_SERVICE = "self_service"


class RequestAnswer(StrEnum):
    """What became of a request; every no has its ground (Art. 11(2), 12(4) to (6))."""

    GRANTED = "granted"
    PARTLY_GRANTED = "partly_granted"
    NOTHING_HELD = "nothing_held"
    IDENTITY_UNCLEAR = "identity_unclear"
    UNFOUNDED = "unfounded"
    LEGAL_BAR = "legal_bar"
    WITHDRAWN = "withdrawn"


class ExtensionReason(StrEnum):
    """Why a request takes longer than a month; the law knows these two (Art. 12(3))."""

    COMPLEXITY = "complexity"
    MANY_REQUESTS = "many_requests"


class IdentityCheck(StrEnum):
    """How somebody made sure that the person is who she says, before her data were handed to her (Art. 12(6))."""

    ID_DOCUMENT = "id_document"
    KNOWN_IN_PERSON = "known_in_person"
    SELF_SERVICE_LINK = "self_service_link"
    SIGNATURE_COMPARED = "signature_compared"
    REPRESENTATIVE_AUTHORITY = "representative_authority"


class PersonLinkPurpose(StrEnum):
    """What a person may do behind a single-use link that she was given."""

    SELF_SERVICE = "self_service"
    CONSENT = "consent"
    INVITATION = "invitation"


class PersonLinkWay(StrEnum):
    """How a link reached the person: by mail, or shown to her on a screen or on paper."""

    MAILED = "mailed"
    SHOWN = "shown"


class Assertion(StrEnum):
    """Three-valued truth of an eligibility rule: unknown is a question to ask, never a no."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of a reason list: who caused it, whether it needs a comment, what it sets off, and when it is valid."""

    code: str
    cause: CauseSide
    next_step: NextStep
    needs_comment: bool = False
    valid_from: date = date(2026, 1, 1)
    valid_until: date | None = None

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


def _reasons(*rows: Reason) -> dict[str, Reason]:
    return {row.code: row for row in rows}


REJECTION_REASONS = _reasons(
    Reason(RejectionReason.NOT_COMPETENT, CauseSide.SENDER, NextStep.OFFER_ALTERNATIVES),
    Reason(RejectionReason.OUT_OF_AREA, CauseSide.SENDER, NextStep.OFFER_ALTERNATIVES),
    Reason(RejectionReason.TARGET_GROUP, CauseSide.SENDER, NextStep.MATCH_AGAIN),
    Reason(RejectionReason.NO_CAPACITY, CauseSide.PARTNER, NextStep.OFFER_ALTERNATIVES),
    Reason(RejectionReason.ALREADY_CARED_FOR, CauseSide.OUTSIDE, NextStep.NOT_SAME_PARTNER_AGAIN),
    Reason(RejectionReason.DOUBLE_FUNDING, CauseSide.OUTSIDE, NextStep.MATCH_AGAIN),
    Reason(RejectionReason.INFORMATION_MISSING, CauseSide.SENDER, NextStep.MATCH_AGAIN),
    Reason(RejectionReason.LANGUAGE, CauseSide.PARTNER, NextStep.RECORD_OBSTACLE),
    Reason(RejectionReason.LEGAL_BAR, CauseSide.OUTSIDE, NextStep.RECORD_OBSTACLE, needs_comment=True),
    Reason(RejectionReason.OTHER, CauseSide.PARTNER, NextStep.OFFER_ALTERNATIVES, needs_comment=True),
)

END_REASONS = _reasons(
    Reason(EndReason.PERSON_DECLINED, CauseSide.PERSON, NextStep.NOTHING),
    Reason(EndReason.PERSON_UNREACHABLE, CauseSide.PERSON, NextStep.MATCH_AGAIN),
    Reason(EndReason.PERSON_MOVED, CauseSide.PERSON, NextStep.MATCH_AGAIN),
    Reason(EndReason.SOLVED_ELSEWHERE, CauseSide.OUTSIDE, NextStep.NOTHING),
    Reason(EndReason.EMPLOYER_WITHDREW, CauseSide.OUTSIDE, NextStep.MATCH_AGAIN),
    Reason(EndReason.LEGAL_SPHERE_CHANGED, CauseSide.OUTSIDE, NextStep.MATCH_AGAIN),
    Reason(EndReason.MISTAKE, CauseSide.SENDER, NextStep.MATCH_AGAIN),
    Reason(EndReason.DUPLICATE, CauseSide.SENDER, NextStep.NOTHING),
    Reason(EndReason.CONSENT_WITHDRAWN, CauseSide.PERSON, NextStep.NOTHING),
    Reason(EndReason.PARTNER_CLOSED, CauseSide.PARTNER, NextStep.OFFER_ALTERNATIVES),
    Reason(EndReason.OTHER, CauseSide.OUTSIDE, NextStep.MATCH_AGAIN, needs_comment=True),
)
