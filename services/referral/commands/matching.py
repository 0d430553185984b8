"""Suggest services, and hold a choice against the rules: existing structures first, no double funding unnoticed."""

from collections.abc import Mapping
from uuid import UUID

from contracts.referral import ServicesSuggested
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.domain.matching import Justification, Ranking, excluding_each_other
from services.referral.domain.referral import Referral, refusal
from services.referral.domain.seeking import NO_ANSWERS
from services.referral.store import directory, enquiries, matchings
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault


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


def choose(
    work: Work, vault: Vault, enquiry: Enquiry, referral: Referral, justification: Justification | None = None
) -> None:
    """Note a choice with its alternatives. An own measure is refused while an existing service fits and may still help;
    services whose funding excludes each other need a justification."""
    found = matchings.ranking(work, vault, enquiry, enquiry.need(referral.need_id), NO_ANSWERS)
    blocked = {one.service_id: one.blocked_because for one in found.suggestions if one.blocked_because}
    if referral.service_id in blocked:
        existing = [str(one.service_id) for one in found.suggestions if one.blocked_because is None]
        because = blocked[referral.service_id]
        raise refusal(
            referral, "matching.existing-structure-first", None, moment_of(work), because=because, alternatives=existing
        )
    candidate = directory.listing(work.tx, referral.service_id).candidate(work.today)
    others = excluding_each_other(candidate, matchings.chosen_for(work, referral.person_id, besides=referral.id))
    if others and justification is None:
        services = [str(one) for one in others]
        raise refusal(referral, "matching.double-funding", None, moment_of(work), services=services)
    matchings.keep_choice(work, referral, found, justification)
