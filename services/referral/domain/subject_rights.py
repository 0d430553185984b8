"""How long a request about one's own data may take, and what may be done with it (GDPR Art. 12(3))."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from contracts.codes import ExtensionReason, RequestAnswer, RequestChannel, Site, SubjectRight
from services.chassis.errors import InvalidError, RefusedError
from services.referral.domain.capture import add_months

ANSWER_MONTHS = 1
#: Together with the first one: "may be extended by two further months".
LONGEST_MONTHS = 3
#: The task lies on the desk with a week left, not on the last day.
TASK_DAYS_BEFORE = timedelta(days=7)


#: The answers that say that something was done. Of an erasure a part may be done otherwise: a paper, a referral.
YES = frozenset({RequestAnswer.GRANTED, RequestAnswer.PARTLY_GRANTED})
DONE_BY = dict.fromkeys(SubjectRight, YES) | {SubjectRight.ERASURE: frozenset({RequestAnswer.GRANTED})}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRequest:
    """One request, whoever it comes from; `person_id` is missing where nothing is held about who asks."""

    id: UUID
    right: SubjectRight
    channel: RequestChannel
    site: Site
    organization_id: UUID
    received_on: date
    due_on: date
    person_id: UUID | None = None
    enquiry_id: UUID | None = None
    #: Of an employer, whom facts never name.
    is_contact: bool = False
    extension_reason: ExtensionReason | None = None
    extended_on: date | None = None
    answer: RequestAnswer | None = None
    answered_on: date | None = None
    task_id: UUID | None = None

    @property
    def is_open(self) -> bool:
        return self.answer is None

    @property
    def named_person_id(self) -> UUID | None:
        """The person as facts name her."""
        return None if self.is_contact else self.person_id

    @property
    def remind_on(self) -> date:
        return max(self.due_on - TASK_DAYS_BEFORE, self.received_on)


def due_on(received_on: date) -> date:
    """One month after it came, whatever the length of the months."""
    return add_months(received_on, ANSWER_MONTHS)


def check_received(received_on: date, today: date) -> None:
    if received_on > today:
        raise InvalidError("subject-request.received-in-future", {"received_on": "today-or-earlier"})


def extend(request: SubjectRequest, reason: ExtensionReason, today: date) -> SubjectRequest:
    """Take up to two months longer; once, and only while the first month still runs, because she is told within it."""
    _expect_open(request)
    if request.extended_on is not None:
        raise RefusedError("subject-request.extended-already")
    if today > request.due_on:
        raise RefusedError("subject-request.too-late-to-extend")
    return replace(
        request,
        extension_reason=reason,
        extended_on=today,
        due_on=add_months(request.received_on, LONGEST_MONTHS),
    )


def answer(
    request: SubjectRequest, said: RequestAnswer, answered_on: date, today: date, *, is_done: bool = True
) -> SubjectRequest:
    """Say what became of it; that it was granted only once it is done."""
    _expect_open(request)
    if said in DONE_BY[request.right] and not is_done:
        raise RefusedError("subject-request.not-done")
    if not request.received_on <= answered_on <= today:
        raise InvalidError("subject-request.answered-when", {"answered_on": "between-receipt-and-today"})
    return replace(request, answer=said, answered_on=answered_on)


def _expect_open(request: SubjectRequest) -> None:
    if not request.is_open:
        raise RefusedError("subject-request.answered")
