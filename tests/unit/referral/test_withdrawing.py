"""What is left of a consent after a withdrawal, and what follows for a referral: the table, written a second time."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import DataCategory, Purpose, RefusalReason, Status
from contracts.referral import ConsentRecipient
from services.chassis.errors import InvalidError
from services.referral.domain.consent import Allowed, may_disclose
from services.referral.domain.withdrawing import (
    AFTER_WITHDRAWAL,
    Carried,
    Consequence,
    Part,
    covers,
    may_be_taken_back,
    take_back,
    take_back_request,
)
from tests.unit.referral.builders import (
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NOON,
    TO_HWK,
    TO_IHK,
    TODAY,
    a_consent,
    a_recipient_entry,
    an_enterprise_request,
)

IDENTITY, CONTACT, HEALTH = DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.HEALTH
BOTH = (a_recipient_entry(), a_recipient_entry(IHK, IHK_SERVICE))

SPECIFICATION = """
draft            | -         | all less nothing | stays
awaiting_consent | -         | all less nothing | stays
requested received clarification waitlisted accepted in_progress paused | unfetched | all less | sealed_anew
requested received clarification waitlisted accepted in_progress paused | unfetched | nothing  | revoked
requested received clarification waitlisted accepted in_progress paused | fetched   | all      | goes_on
requested received clarification waitlisted accepted in_progress paused | fetched   | less     | less_is_owed
requested received clarification waitlisted accepted in_progress paused | fetched   | nothing  | revoked
completed ended_early rejected expired cancelled entered_in_error | unfetched | all less nothing | nothing
completed ended_early rejected expired cancelled entered_in_error | fetched   | all              | goes_on
completed ended_early rejected expired cancelled entered_in_error | fetched   | less             | less_is_owed
completed ended_early rejected expired cancelled entered_in_error | fetched   | nothing          | all_is_owed
"""
FETCHED = {"-": (False, True), "unfetched": (False,), "fetched": (True,)}


def _specified() -> dict[tuple[Status, bool, Carried], Consequence]:
    table = {}
    for line in SPECIFICATION.strip().splitlines():
        statuses, fetched, carried, consequence = (part.strip() for part in line.split("|"))
        for status, seen, much in product(statuses.split(), FETCHED[fetched], carried.split()):
            table[Status(status), seen, Carried(much)] = Consequence(consequence)
    return table


def test_what_follows_is_what_the_table_says_in_every_case():
    assert dict(AFTER_WITHDRAWAL) == _specified()
    assert len(AFTER_WITHDRAWAL) == len(Status) * 2 * len(Carried)


class TestWhatIsLeft:
    def test_all_of_it_leaves_nothing(self):
        taken = take_back(a_consent(*BOTH), Part(), NOON)
        assert (taken.ended.withdrawn_at, taken.following) == (NOON, None)
        assert taken.concerned == {(HWK, HWK_SERVICE), (IHK, IHK_SERVICE)}

    @pytest.mark.parametrize("part", [Part(organization_id=HWK), Part(service_id=HWK_SERVICE)])
    def test_one_recipient_is_a_next_version_without_it(self, part):
        taken = take_back(a_consent(*BOTH), part, NOON)
        assert taken.following is not None
        assert (taken.ended.superseded_at, taken.following.version, taken.following.given_at) == (NOON, 2, NOON)
        assert taken.following.recipients == BOTH[1:]
        assert taken.concerned == {(HWK, HWK_SERVICE)}

    def test_the_last_recipient_is_all_of_it(self):
        taken = take_back(a_consent(), Part(organization_id=HWK), NOON)
        assert (taken.ended.withdrawn_at, taken.following) == (NOON, None)

    def test_one_kind_of_data_goes_for_everybody_or_for_one(self):
        for_all = take_back(a_consent(*BOTH), Part(category=CONTACT), NOON)
        for_one = take_back(a_consent(*BOTH), Part(organization_id=IHK, category=CONTACT), NOON)
        assert for_all.following is not None
        assert for_one.following is not None
        assert [one.categories for one in for_all.following.recipients] == [(IDENTITY,), (IDENTITY,)]
        assert [one.categories for one in for_one.following.recipients] == [(IDENTITY, CONTACT), (IDENTITY,)]
        assert for_one.concerned == {(IHK, IHK_SERVICE)}

    def test_a_recipient_of_whom_no_data_is_left_is_a_recipient_no_more(self):
        narrow = a_recipient_entry(IHK, IHK_SERVICE, categories=(CONTACT,))
        taken = take_back(a_consent(BOTH[0], narrow), Part(category=CONTACT), NOON)
        assert taken.following is not None
        assert [one.organization_id for one in taken.following.recipients] == [HWK]

    @pytest.mark.parametrize(
        ("part", "field"),
        [
            (Part(category=HEALTH), "category"),
            (Part(organization_id=IHK), "organization_id"),
            (Part(organization_id=HWK, service_id=IHK_SERVICE), "service_id"),
        ],
    )
    def test_what_it_does_not_say_cannot_be_taken_out(self, part, field):
        assert not covers(a_consent().recipients, part)
        with pytest.raises(InvalidError, match="recipient-unknown") as refused:
            take_back(a_consent(), part, NOON)
        assert field in refused.value.fields

    def test_an_employers_request_is_taken_back_as_a_whole_or_for_one_body(self):
        request = an_enterprise_request(recipients=((HWK, HWK_SERVICE), (IHK, IHK_SERVICE)))
        ended, following, concerned = take_back_request(request, Part(organization_id=HWK), NOON, HWK)
        assert following is not None
        assert (ended.withdrawn_at, following.recipients, following.id) == (NOON, ((IHK, IHK_SERVICE),), HWK)
        assert concerned == {(HWK, HWK_SERVICE)}
        assert take_back_request(request, Part(category=DataCategory.BUSINESS_CONTACT), NOON, HWK)[1] is None
        for part in (Part(category=HEALTH), Part(service_id=HWK)):
            with pytest.raises(InvalidError, match="recipient-unknown"):
                take_back_request(request, part, NOON, HWK)


entries = st.builds(
    ConsentRecipient,
    organization_id=st.sampled_from([HWK, IHK]),
    service_id=st.sampled_from([HWK_SERVICE, IHK_SERVICE]),
    purposes=st.just((Purpose.ANERKENNUNG,)),
    categories=st.lists(st.sampled_from([IDENTITY, CONTACT, HEALTH]), min_size=1, unique=True).map(tuple),
    back_level=st.just(a_recipient_entry().back_level),
)
parts = st.builds(
    Part,
    organization_id=st.sampled_from([None, HWK, IHK]),
    service_id=st.sampled_from([None, HWK_SERVICE, IHK_SERVICE]),
    category=st.sampled_from([None, IDENTITY, CONTACT, HEALTH]),
)


@given(st.lists(entries, min_size=1, max_size=4), parts, st.sampled_from([TO_HWK, TO_IHK]), st.data())
def test_what_was_withdrawn_is_refused_and_what_was_not_is_carried_as_before(recipients, part, recipient, data):
    """The engine is asked about the old version just before and about both versions from that instant on."""
    consent = a_consent(*recipients)
    if not covers(consent.recipients, part):
        return
    taken = take_back(consent, part, NOON)
    versions = [taken.ended, *([taken.following] if taken.following else [])]
    asked = data.draw(st.sets(st.sampled_from([IDENTITY, CONTACT, HEALTH]), min_size=1))
    before = may_disclose([consent], recipient, Purpose.ANERKENNUNG, asked, NOON)
    after = may_disclose(versions, recipient, Purpose.ANERKENNUNG, asked, NOON)
    touched = part.names((recipient.organization_id, recipient.service_id)) and part.category in (None, *asked)
    if isinstance(before, Allowed):
        assert isinstance(after, Allowed) is not touched
    else:
        assert after == before or getattr(after, "reason", None) is RefusalReason.WITHDRAWN


YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
HAS_IT, HAS_NOTHING = frozenset({(HWK, HWK_SERVICE), (IHK, IHK_SERVICE)}), frozenset({(HWK, IHK_SERVICE)})


@pytest.mark.parametrize(
    ("ground", "holders", "expected"),
    [
        (a_consent(), HAS_NOTHING, True),
        (a_consent(valid_from=TOMORROW), HAS_NOTHING, True),
        (a_consent(valid_until=YESTERDAY), HAS_IT, True),
        (a_consent(valid_until=YESTERDAY), HAS_NOTHING, False),
        (a_consent(lapses_on=YESTERDAY), HAS_IT, True),
        (a_consent(lapses_on=YESTERDAY), HAS_NOTHING, False),
        (a_consent(withdrawn_at=NOON), HAS_IT, False),
        (a_consent(superseded_at=NOON), HAS_IT, False),
        (an_enterprise_request(), HAS_NOTHING, True),
        (an_enterprise_request(valid_until=YESTERDAY), HAS_IT, True),
        (an_enterprise_request(valid_until=YESTERDAY), HAS_NOTHING, False),
        (an_enterprise_request(withdrawn_at=NOON), HAS_IT, False),
    ],
)
def test_what_merely_ran_out_is_taken_back_while_a_body_it_names_has_the_data(ground, holders, expected):
    assert may_be_taken_back(ground, TODAY, holders) is expected
