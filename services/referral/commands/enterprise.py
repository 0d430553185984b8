"""An employer's request is taken down: the ground that carries its own contact data, and nothing of any worker's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from contracts.codes import EnquirerKind, EnterpriseGround, Purpose
from contracts.event import Code, LanguageTag
from contracts.referral import EnterpriseRequestRecorded
from services.chassis.errors import InvalidError
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.commands.preparing import services_known
from services.referral.config import ReferralSettings
from services.referral.consent_texts import TextKind
from services.referral.domain import enterprise
from services.referral.domain.drafting import ConsentText
from services.referral.domain.grounds import EnterpriseRequest
from services.referral.store import consents, persons
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor

REQUEST_DAYS = 183


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestForm:
    """What the navigator took down. Who asked is read from the record, the notice from the texts."""

    recipients: Sequence[tuple[UUID, UUID]]
    purposes: tuple[Purpose, ...]
    notice_given: bool
    notice_language: str = "de"
    ground: EnterpriseGround = EnterpriseGround.CONTRACT
    asked_on: date | None = None
    valid_until: date | None = None


def record_enterprise_request(
    work: Work, house: ReferralSettings, by: StaffActor, enquiry_id: UUID, form: RequestForm
) -> EnterpriseRequest:
    """An employer asks to be put in touch with named bodies; never a consent, never a worker's data."""
    enquiry = enquiries.load(work, enquiry_id, by)
    if enquiry.enquirer is not EnquirerKind.EMPLOYER:
        raise InvalidError("enterprise-request.not-an-employer", {"enquiry_id": "an-employers-enquiry"})
    persons.raise_epoch(work, enquiry.person_id)
    notice = house.texts.text_for(
        house.texts.current(TextKind.EMPLOYER_NOTICE), form.notice_language, interpreter=False
    )
    services = services_known(work, [service for _, service in form.recipients])
    asked = enterprise.record(
        _request(work, house, enquiry, form, notice), services=services, notice=notice, on=work.today
    )
    consents.add_request(work, asked, enquiry.id)
    work.announce(recorded(enquiry.id, asked))
    return asked


def _request(
    work: Work, house: ReferralSettings, enquiry: Enquiry, form: RequestForm, notice: ConsentText
) -> EnterpriseRequest:
    record = persons.record_of(work.tx, house.keys.vault, enquiry.person_id)
    return EnterpriseRequest(
        id=work.new_id(),
        person_id=enquiry.person_id,
        recipients=tuple(form.recipients),
        purposes=form.purposes,
        requested_at=work.now,
        valid_until=form.valid_until or work.today + timedelta(days=REQUEST_DAYS),
        notice_given=form.notice_given,
        asked_by=enterprise.who_asked(record),
        asked_on=form.asked_on or work.today,
        ground=form.ground,
        notice_text_id=notice.id,
        notice_version=notice.version,
        notice_sha256=notice.sha256,
        notice_language=notice.language,
        controllers=tuple(one.organization_id for one in house.controllers.of(enquiry.organization_id)),
    )


def recorded(enquiry_id: UUID, request: EnterpriseRequest) -> EnterpriseRequestRecorded:
    """A request as the network hears of it; also when a part of it was withdrawn and the rest goes on."""
    return EnterpriseRequestRecorded(
        enquiry_id=enquiry_id,
        request_id=request.id,
        organization_ids=tuple(dict.fromkeys(organization for organization, _ in request.recipients)),
        purposes=request.purposes,
        asked_by=request.asked_by,
        ground=request.ground,
        notice_text_id=Code(request.notice_text_id),
        notice_sha256=Code(request.notice_sha256),
        language=LanguageTag(request.notice_language),
        valid_until=request.valid_until,
    )
