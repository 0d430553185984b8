"""Suggest services, and hold a choice against the rules: existing structures first, no double funding unnoticed."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from uuid import UUID

from contracts.codes import FundingJustification, Topic
from contracts.referral import ConsentRecipient, DoubleFundingHinted, ServicesSuggested
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.domain.funding import excluding_each_other
from services.referral.domain.matching import Ranking, stand_before, why_not
from services.referral.domain.referral import Referral, refusal
from services.referral.domain.seeking import NO_ANSWERS
from services.referral.store import candidates, enquiries, funding, matchings
from services.referral.store.enquiries import Enquiry, Need
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault

NO_NAMES: Mapping[Topic, Collection[UUID]] = MappingProxyType({})


def suggest(
    work: Work,
    vault: Vault,
    by: StaffActor,
    enquiry_id: UUID,
    need_id: UUID,
    answers: Mapping[str, str] = NO_ANSWERS,
) -> Ranking:
    """What could help with this need, and why; that it was suggested is a fact, the rest a person decides."""
    enquiry = enquiries.load(work.tx, enquiry_id, site=by.site, organization_id=by.employer)
    need = enquiry.need(need_id)
    found = matchings.ranking(work, vault, enquiry, need, answers)
    matchings.keep(work, enquiry, need, found)
    work.announce(
        ServicesSuggested(
            enquiry_id=enquiry.id,
            need_id=need.id,
            service_ids=tuple(one.service_id for one in found.suggestions),
            excluded=len(found.exclusions),
        )
    )
    return found


def rankings(
    work: Work, vault: Vault, enquiry: Enquiry, named: Mapping[Topic, Collection[UUID]] = NO_NAMES
) -> list[tuple[Need, Ranking]]:
    """Every need with what would be suggested for it now, for a form that offers it; nothing of it is kept yet."""
    return [
        (need, matchings.ranking(work, vault, enquiry, need, NO_ANSWERS, named=named.get(need.topic, ())))
        for need in enquiry.needs
    ]


def suggest_for_consent(
    work: Work,
    vault: Vault,
    by: StaffActor,
    enquiry_id: UUID,
    person_id: UUID | None,
    recipients: Iterable[ConsentRecipient],
) -> None:
    """Keep what was suggested for the needs a consent is about: its form tells her why each body is named."""
    enquiry = enquiries.load(work.tx, enquiry_id, site=by.site, organization_id=by.employer)
    topics = {str(purpose) for one in recipients for purpose in one.purposes}
    whose = person_id or enquiry.person_id
    for need in enquiry.needs:
        if need.person_id == whose and str(need.topic) in topics:
            suggest(work, vault, by, enquiry_id, need.id)


def choose(
    work: Work, vault: Vault, enquiry: Enquiry, referral: Referral, justification: FundingJustification | None = None
) -> None:
    """Note a choice with its alternatives. An own measure is refused while an existing service fits and may still help,
    or, where nothing can be referred there, before she was shown the way; services whose funding excludes each other
    need a justification."""
    need, named = enquiry.need(referral.need_id), {referral.service_id}
    found = matchings.ranking(work, vault, enquiry, need, NO_ANSWERS, named=named)
    because = why_not(found, referral.service_id)
    if because:
        existing = list(map(str, stand_before(found)))
        raise refusal(
            referral, "matching.existing-structure-first", None, moment_of(work), because=because, alternatives=existing
        )
    _expect_no_double_funding(work, enquiry, referral, justification)
    matchings.keep_choice(work, enquiry, referral, found, justification)


def _expect_no_double_funding(
    work: Work, enquiry: Enquiry, referral: Referral, justification: FundingJustification | None
) -> None:
    """Each hint is kept: as a refusal, or with the code that justified the choice."""
    candidate = candidates.of(work.tx, [referral.service_id], work.today)[referral.service_id]
    chosen = funding.chosen_for(work, referral.person_id, enquiry.organization_id, besides=referral.id)
    others = excluding_each_other(candidate, chosen)
    if not others:
        return
    ours = {one.candidate.service_id for one in others if one.site is enquiry.site}
    hint = DoubleFundingHinted(
        hint_id=work.new_id(),
        enquiry_id=enquiry.id,
        need_id=referral.need_id,
        person_id=referral.advised_person_id,
        referral_id=referral.id if justification else None,
        service_id=referral.service_id,
        other_service_ids=tuple(sorted(ours)),
        is_elsewhere=any(one.site is not enquiry.site for one in others),
        justification=justification,
    )
    if justification is None:
        error = refusal(
            referral,
            "matching.double-funding",
            None,
            moment_of(work),
            services=[str(one) for one in hint.other_service_ids],
            elsewhere=hint.is_elsewhere,
        )
        error.facts = (*error.facts, hint)
        raise error
    funding.tell(work, hint)
