"""What comes next in an enquiry: read off what is there, so that nobody on the telephone has to read the whole page."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import ConsentState, Status, Topic
from services.referral.domain.grounds import Consent, EnterpriseRequest, holds_on
from services.referral.store.enquiries import Enquiry

#: Ended so that the need stands as before.
WITHOUT_RESULT = frozenset({Status.REJECTED, Status.EXPIRED, Status.CANCELLED, Status.ENTERED_IN_ERROR})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: its sentence in the catalogue, where it is done, what it is about, and until when."""

    code: str
    href: str
    reference: str = ""
    topic: Topic | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the page shows anyway, as far as it says what to do."""

    enquiry: Enquiry
    referrals: Sequence[dict[str, Any]]
    consents: Sequence[tuple[Consent, str]]
    drafts: Sequence[dict[str, Any]]
    #: An employer's own requests, each with how it stands.
    requests: Sequence[tuple[EnterpriseRequest, str]] = ()
    today: date

    @property
    def in_force(self) -> int:
        """How many consents or requests hold today."""
        held = [holds_on(consent, self.today) for consent, _ in self.consents]
        return sum(held) + [state for _, state in self.requests].count(ConsentState.GIVEN)


def next_steps(standing: Standing) -> list[Step]:
    """The most pressing first: what lapses by itself, what somebody waits for, what has not begun."""
    return [
        *_spoken(standing),
        *_unsigned(standing),
        *_of_referrals(standing.referrals, {Status.CLARIFICATION: "question"}),
        *_consent(standing),
        *_of_referrals(standing.referrals, {Status.DRAFT: "draft"}),
        *_needs(standing),
    ]


def _spoken(standing: Standing) -> Iterator[Step]:
    """A consent by word of mouth ends by itself unless it is confirmed."""
    waiting = {one["draft"].id for one in standing.drafts}
    for consent, state in standing.consents:
        if state == ConsentState.GIVEN and consent.lapses_on and not consent.confirmed_at:
            place = f"#draft-{consent.id}" if consent.id in waiting else "#consents"
            yield Step("confirm", place, due_on=consent.lapses_on)


def _unsigned(standing: Standing) -> Iterator[Step]:
    spoken = {consent.id for consent, state in standing.consents if state == ConsentState.GIVEN and consent.lapses_on}
    for one in standing.drafts:
        if one["unwitnessed"]:
            yield Step("witness", f"#draft-{one['draft'].id}")
        elif one["draft"].id not in spoken:
            yield Step("sign", f"#draft-{one['draft'].id}")


def _of_referrals(referrals: Iterable[dict[str, Any]], codes: dict[Status, str]) -> Iterator[Step]:
    for one in referrals:
        code = codes.get(Status(one["status"]))
        if code:
            yield Step(code, f"/referral/referrals/{one['id']}", reference=one["reference"])


def _consent(standing: Standing) -> Iterator[Step]:
    """Something waits to be sent, and nothing allows it."""
    waits = [Status(one["status"]) for one in standing.referrals]
    lacking = Status.AWAITING_CONSENT in waits or (Status.DRAFT in waits and not standing.in_force)
    if lacking and not standing.drafts:
        yield Step("consent", "?open=consent#consents")


def _needs(standing: Standing) -> Iterator[Step]:
    """A need nobody was asked about yet, or where nothing came of it."""
    tried: dict[UUID, list[Status]] = {}
    for one in standing.referrals:
        tried.setdefault(one["need_id"], []).append(Status(one["status"]))
    for need in standing.enquiry.needs:
        statuses = tried.get(need.id, [])
        if all(status in WITHOUT_RESULT for status in statuses):
            place = f"/referral/enquiries/{standing.enquiry.id}/needs/{need.id}"
            yield Step("again" if statuses else "service", place, topic=need.topic)
