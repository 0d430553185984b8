"""The words a newcomer stumbles over, and every code list of the network that people meet, in the order they are shown.

Words and meanings stand in the catalogues: ``term:<word>`` and ``meaning:<word>``, ``list:<list>``, and where the word
of a code does not say enough ``meaning:<list>:<code>``. A code that is added to a list is in the glossary by itself.
"""

from collections.abc import Mapping
from enum import StrEnum

from contracts import codes
from contracts.codes import END_REASONS, REJECTION_REASONS, Reason

#: Word by word, what else to look at: another word, or a list.
TERMS: Mapping[str, tuple[str, ...]] = {
    "referral": ("status", "action", "warm_handover"),
    "referral_advice": ("warm_handover", "standing_structure"),
    "warm_handover": ("referral",),
    "enquiry": ("need", "enquirer_kind"),
    "need": ("enquiry", "purpose"),
    "matching": ("standing_structure", "competence"),
    "standing_structure": ("own_measure", "competence"),
    "own_measure": ("standing_structure",),
    "competence": ("service_role", "legal_sphere"),
    "legal_sphere": ("legal_sphere_codes",),
    "ars": ("competence",),
    "consent": ("consent_state", "data_category", "withdrawal"),
    "withdrawal": ("withdrawal_channel", "duty"),
    "consent_text": ("consent",),
    "back_level": ("back_level_codes", "social_data_body"),
    "data_category": ("data_category_codes",),
    "dossier": ("sealing", "handover_sheet"),
    "sealing": ("dossier",),
    "contact_card": ("handover_sheet",),
    "handover_sheet": ("dossier",),
    "partner": ("channel_kind", "participation"),
    "light_path": ("channel_kind",),
    "by_hand": ("way",),
    "participation": ("participation_codes", "agreement_kind"),
    "snooze": ("task_kind",),
    "desk": ("site", "substitution"),
    "substitution": ("desk", "view_purpose"),
    "obstacle": ("obstacle_codes", "obstacle_effect"),
    "double_care": ("duplicate_answer", "double_funding"),
    "double_funding": ("funding_justification",),
    "overlap_group": ("standing_structure",),
    "capacity": ("capacity_codes",),
    "assurance": ("capacity",),
    "controller": ("agreement_kind",),
    "social_data_body": ("back_level",),
    "duty": ("duty_codes", "deletion", "retention_ground"),
    "hold": ("hold_reason",),
    "subject_access": ("subject_right", "request_answer"),
    "breach": ("breach_risk", "breach_reason"),
    "audit_log": ("integrity", "pseudonym"),
    "pseudonym": ("resolution_reason",),
    "finding": ("log_finding_kind", "finding_judgement"),
    "integrity": ("audit_log",),
    "parked": ("parked_outcome", "discard_reason"),
    "kia": (),
}

LISTS: tuple[type[StrEnum], ...] = (
    codes.Status,
    codes.Action,
    codes.Party,
    codes.Urgency,
    codes.TaskKind,
    codes.RejectionReason,
    codes.EndReason,
    codes.CauseSide,
    codes.NextStep,
    codes.PauseReason,
    codes.QuestionCode,
    codes.Outcome,
    codes.Obstacle,
    codes.ObstacleEffect,
    codes.ReminderKind,
    codes.Way,
    codes.DocumentKind,
    codes.NoteStep,
    codes.PlanOwner,
    codes.PlanEnd,
    codes.SafeChannel,
    codes.ContactTime,
    codes.ContactLimit,
    codes.ClashAnswer,
    codes.HelperKind,
    codes.HelperEnd,
    codes.EnquirerKind,
    codes.Relation,
    codes.Purpose,
    codes.DataCategory,
    codes.BackLevel,
    codes.ConsentState,
    codes.DraftEnd,
    codes.GroundKind,
    codes.RefusalReason,
    codes.ConsentChannel,
    codes.WithdrawalChannel,
    codes.GivenBy,
    codes.Signer,
    codes.ProofKind,
    codes.LegalSphere,
    codes.ServiceRole,
    codes.Audience,
    codes.Capacity,
    codes.ChannelKind,
    codes.Participation,
    codes.AgreementKind,
    codes.DataProtectionLaw,
    codes.ProposalOutcome,
    codes.ChannelOutcome,
    codes.StaffRole,
    codes.Site,
    codes.ViewPurpose,
    codes.DuplicateAnswer,
    codes.DuplicateRefusal,
    codes.PersonOnCare,
    codes.CareResolution,
    codes.MatterState,
    codes.FundingJustification,
    codes.Duty,
    codes.DutyCause,
    codes.DutyState,
    codes.Deletion,
    codes.RetentionGround,
    codes.HoldReason,
    codes.RetentionKind,
    codes.SubjectRight,
    codes.RequestAnswer,
    codes.ExtensionReason,
    codes.IdentityCheck,
    codes.BreachRisk,
    codes.BreachReason,
    codes.DelayReason,
    codes.NoNoticeGround,
    codes.ExternalGround,
    codes.FindingKind,
    codes.LogFindingKind,
    codes.FindingJudgement,
    codes.ResolutionReason,
    codes.ResolutionPurpose,
    codes.ResolutionRefusal,
    codes.LogRetentionGround,
    codes.NoticeKind,
    codes.DiscardReason,
    codes.ParkedOutcome,
    codes.SessionEnd,
)

#: Lists that are left out, and why.
IN_ONE_FORM = "stands in one form only, which says what it means"
FOR_PROGRAMS = "is read by programs and by nobody else"
LEFT_OUT: Mapping[type[StrEnum], str] = {
    codes.Topic: "its codes and words are those of Purpose",
    codes.CompetenceRole: IN_ONE_FORM,
    codes.TransferParty: IN_ONE_FORM,
    codes.TransferSafeguard: IN_ONE_FORM,
    codes.EnterpriseGround: IN_ONE_FORM,
    codes.AskedBy: IN_ONE_FORM,
    codes.RequestChannel: IN_ONE_FORM,
    codes.PersonLinkPurpose: IN_ONE_FORM,
    codes.PersonLinkWay: IN_ONE_FORM,
    codes.LetterPlace: IN_ONE_FORM,
    codes.DuplicateSide: FOR_PROGRAMS,
    codes.DisclosurePoint: FOR_PROGRAMS,
    codes.KeyUse: FOR_PROGRAMS,
    codes.MediaType: FOR_PROGRAMS,
    codes.Classification: FOR_PROGRAMS,
    codes.Assertion: FOR_PROGRAMS,
}

#: Lists of which every code needs a sentence besides its word.
EXPLAINED = frozenset(
    {
        codes.Status,
        codes.Urgency,
        codes.BackLevel,
        codes.ConsentState,
        codes.LegalSphere,
        codes.ServiceRole,
        codes.Capacity,
        codes.ChannelKind,
        codes.StaffRole,
    }
)

#: What a reason sets off, from the lists the lifecycle itself reads.
REASONS: Mapping[type[StrEnum], Mapping[str, Reason]] = {
    codes.RejectionReason: REJECTION_REASONS,
    codes.EndReason: END_REASONS,
}


def slug_of(codes_of: type[StrEnum]) -> str:
    """`RejectionReason` is `rejection_reason`, as in the keys of the catalogues."""
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in codes_of.__name__).lstrip("_")
