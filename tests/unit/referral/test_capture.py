"""What makes a consent one: each thing it needs, who has to agree, and what it is refused for."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import ConsentChannel, ConsentState, DataCategory, GivenBy, ProofKind, Purpose, Signer
from services.chassis.errors import InvalidError
from services.referral.domain import capture
from services.referral.domain.capture import Service, add_months, comes_of_age_on, usual_end
from services.referral.domain.drafting import (
    ConsentText,
    Custody,
    DraftedConsent,
    Review,
    age_on,
    missing_signers,
    required_signers,
)
from services.referral.domain.grounds import Consent, SecrecyRelease, Signature, Witness, state_on
from services.referral.domain.lifecycle import herself
from services.referral.domain.workdays import is_weekday
from tests.unit.referral.builders import (
    AUTHORITY,
    AUTHORITY_SERVICE,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    NOON,
    PERSON,
    SENDER,
    TODAY,
    a_consent,
    a_drafted_consent,
    a_recipient_entry,
    a_signature,
)

ACCEPTS = frozenset({DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.QUALIFICATION, DataCategory.HEALTH})
SERVICES = (
    Service(organization_id=HWK, service_id=HWK_SERVICE, accepts=ACCEPTS, purposes=frozenset({Purpose.ANERKENNUNG})),
    Service(organization_id=IHK, service_id=IHK_SERVICE, accepts=ACCEPTS),
    Service(organization_id=AUTHORITY, service_id=AUTHORITY_SERVICE, accepts=ACCEPTS, must_stand_alone=True),
)
TEXT = ConsentText("referral-1", "0" * 64, "de", Review.REVIEWED)
BIRTH = ProofKind.BIRTH_CERTIFICATE
CHILD = date(2015, 6, 1)
YOUNG = date(2009, 6, 1)


def drafted(one: DraftedConsent | None = None, text: ConsentText = TEXT, **more: Any) -> DraftedConsent:
    return capture.draft(one or a_drafted_consent(), text=text, **{"services": SERVICES, "on": TODAY, **more})


def signed(one: DraftedConsent, signature: Signature | None = None, text: ConsentText = TEXT, **more: Any) -> Any:
    return capture.sign(one, signature or a_signature(), text=text, **{"on": TODAY, **more})


def given(one: DraftedConsent | None = None, *signatures: Signature, on: date = TODAY, **more: Any) -> Consent:
    """Signed by these, or by herself, and in force."""
    one = one or a_drafted_consent()
    for signature in signatures or (a_signature(),):
        one = signed(one, signature, on=on, **more)
    more = {"services": SERVICES, "is_working_day": is_weekday, "at": NOON, **more}
    return capture.complete(one, on=on, **more)


def problems(what: Any, *args: Any, **more: Any) -> dict[str, Any]:
    with pytest.raises(InvalidError) as refused:
        what(*args, **more)
    assert refused.value.slug == "consent.incomplete"
    return refused.value.fields


def test_a_signed_draft_is_a_consent_with_everything_it_said():
    draft = a_drafted_consent(valid_from=TODAY)
    kept = given(draft)
    assert (kept.text_id, kept.text_version, kept.text_sha256) == ("referral-1", 1, "0" * 64)
    assert (kept.recipients, kept.controllers, kept.code) == (draft.recipients, draft.controllers, draft.code)
    assert kept.terms_sha256 == draft.terms_sha256
    assert [one.signer for one in kept.signatures] == [Signer.PERSON]
    assert kept.lapses_on is None
    assert not kept.ends_with_majority


def test_without_a_day_it_begins_on_the_day_it_is_signed():
    later = TODAY + timedelta(days=3)
    assert given(on=later).valid_from == later


def test_what_was_to_begin_before_it_was_signed_begins_when_it_was():
    later = TODAY + timedelta(days=3)
    assert given(a_drafted_consent(valid_from=TODAY), on=later).valid_from == later


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"valid_from": TODAY - timedelta(days=1)}, "valid_from", "today-or-later"),
        ({"valid_until": TODAY - timedelta(days=1)}, "valid_until", "not-in-the-past"),
        ({"valid_from": TODAY + timedelta(days=9), "valid_until": TODAY}, "valid_until", "not-before-valid-from"),
        ({"valid_until": date(2027, 3, 3)}, "valid_until", "at-most-twelve-months"),
        ({"language": "ar"}, "language", "of-the-text-or-reviewed-german-with-interpreter"),
        ({"given_by": GivenBy.GUARDIAN}, "given_by", "self-or-representative-for-an-adult"),
        ({"recipients": ()}, "recipients", "named-not-blanket"),
    ],
)
def test_each_thing_it_needs_is_named(changes: dict[str, Any], field: str, expected: str):
    assert problems(drafted, a_drafted_consent(**changes)) == {field: expected}


@pytest.mark.parametrize("changes", [{"valid_until": date(2027, 3, 2)}, {"language": "ti", "interpreter": True}])
def test_what_is_enough_is_enough(changes: dict[str, Any]):
    assert drafted(a_drafted_consent(**changes))


@pytest.mark.parametrize("review", [Review.DRAFT, Review.TRANSLATED])
def test_a_text_nobody_reviewed_captures_nothing(review: Review):
    unreviewed = ConsentText(TEXT.id, TEXT.sha256, "de", review)
    assert problems(drafted, text=unreviewed) == {"language": "a-reviewed-text-or-german-with-interpreter"}
    assert "language" in problems(signed, a_drafted_consent(), text=unreviewed)


def test_a_retired_text_captures_nothing():
    retired = ConsentText(TEXT.id, TEXT.sha256, "de", Review.REVIEWED, retired=True)
    assert problems(drafted, text=retired) == {"text_id": "the-text-in-use"}


@pytest.mark.parametrize(
    ("entry", "field", "expected"),
    [
        (a_recipient_entry(HWK, None), "recipients", "organization-and-service"),
        (a_recipient_entry(HWK, UUID(int=0x99)), "recipients", "known-to-the-directory"),
        (a_recipient_entry(HWK, IHK_SERVICE), "recipients", "the-organizations-own-service"),
        (a_recipient_entry(categories=(DataCategory.RESIDENCE,)), "categories", "accepted-by-the-terms"),
        (a_recipient_entry(categories=()), "categories", "named-not-blanket"),
        (a_recipient_entry(purposes=()), "purposes", "named-not-blanket"),
        (a_recipient_entry(purposes=(Purpose.WOHNEN,)), "purposes", "offered-by-the-service"),
        (a_recipient_entry(purposes=tuple(Purpose)), "purposes", "offered-by-the-service"),
    ],
)
def test_a_recipient_is_named_with_service_purpose_and_data(entry: Any, field: str, expected: str):
    assert problems(drafted, a_drafted_consent(entry))[field] == expected


def test_passing_on_and_the_check_for_duplicates_go_with_every_service():
    general = (Purpose.VERWEIS, Purpose.DOPPELPRUEFUNG, Purpose.ANERKENNUNG)
    assert drafted(a_drafted_consent(a_recipient_entry(purposes=general)))


def test_whoever_ticks_everything_has_named_nothing():
    everything = tuple(set(DataCategory) - {DataCategory.BUSINESS_CONTACT})
    takes_all = (Service(organization_id=HWK, service_id=HWK_SERVICE, accepts=frozenset(DataCategory)),)
    blanket = a_drafted_consent(a_recipient_entry(categories=everything))
    assert problems(drafted, blanket, services=takes_all) == {"categories": "named-not-blanket"}
    assert problems(drafted, blanket) == {"categories": "named-not-blanket"}


def test_an_employers_contact_is_nothing_a_person_consents_to():
    takes_all = (Service(organization_id=HWK, service_id=HWK_SERVICE, accepts=frozenset(DataCategory)),)
    business = a_drafted_consent(a_recipient_entry(categories=(DataCategory.BUSINESS_CONTACT,)))
    assert problems(drafted, business, services=takes_all)["categories"] == "of-the-person-not-of-an-employer"


def test_the_same_recipient_twice_would_leave_open_which_entry_counts():
    twice = a_drafted_consent(a_recipient_entry(), a_recipient_entry())
    assert problems(drafted, twice) == {"recipients": "each-once"}


def test_the_authority_is_consented_to_alone_or_not_at_all():
    alone = a_recipient_entry(AUTHORITY, AUTHORITY_SERVICE)
    assert drafted(a_drafted_consent(alone))
    assert problems(drafted, a_drafted_consent(alone, a_recipient_entry())) == {"recipients": "this-body-alone"}


class TestSigning:
    @pytest.mark.parametrize("channel", [ConsentChannel.SIGNED_PAPER, ConsentChannel.SIGN_PAD])
    def test_a_signed_form_is_shown_by_its_scan(self, channel: ConsentChannel):
        nothing = a_signature(channel=channel, document_id=None)
        assert problems(signed, a_drafted_consent(), nothing) == {"document_id": "the-signed-form"}

    def test_online_she_agrees_herself(self):
        hers = a_signature(channel=ConsentChannel.ONLINE, recorded_by=herself(PERSON), document_id=None)
        assert given(None, hers).channel is ConsentChannel.ONLINE

    @pytest.mark.parametrize("by", [NAVIGATOR.actor, herself(SENDER), "system:clock"])
    def test_nobody_else_agrees_online_for_her(self, by: str):
        written = a_signature(channel=ConsentChannel.ONLINE, recorded_by=by)
        assert problems(signed, a_drafted_consent(), written) == {"channel": "online-only-by-her-own-link"}

    def test_online_she_agrees_for_nobody_but_herself(self):
        hers = {"channel": ConsentChannel.ONLINE, "recorded_by": herself(PERSON), "proof": ProofKind.POWER_OF_ATTORNEY}
        for_another = a_drafted_consent(given_by=GivenBy.REPRESENTATIVE)
        found = problems(signed, for_another, a_signature(signer=Signer.REPRESENTATIVE, **hers))
        assert found == {"channel": "online-only-by-her-own-link"}

    @pytest.mark.parametrize(
        ("signed_on", "expected"),
        [(TODAY + timedelta(days=1), "not-in-the-future"), (TODAY - timedelta(days=2), "not-before-it-was-printed")],
    )
    def test_the_day_lies_between_printing_and_today(self, signed_on: date, expected: str):
        assert problems(signed, a_drafted_consent(), a_signature(signed_on=signed_on)) == {"signed_on": expected}

    def test_nobody_signs_twice(self):
        once = signed(a_drafted_consent())
        assert problems(signed, once) == {"signer": "somebody-who-has-not-signed-yet"}

    def test_nobody_signs_who_is_not_asked(self):
        other = a_signature(signer=Signer.REPRESENTATIVE, proof=ProofKind.POWER_OF_ATTORNEY)
        assert problems(signed, a_drafted_consent(), other) == {"signer": "somebody-who-has-to-agree"}

    def test_whoever_signs_for_another_shows_that_she_may(self):
        for_another = a_drafted_consent(given_by=GivenBy.REPRESENTATIVE)
        unproven = a_signature(signer=Signer.REPRESENTATIVE)
        assert problems(signed, for_another, unproven) == {"proof": "what-shows-that-she-may-sign-for-another"}
        assert given(for_another, replace(unproven, proof=ProofKind.CARE_ORDER)).given_by is GivenBy.REPRESENTATIVE

    def test_what_somebody_else_has_to_sign_too_is_no_consent_yet(self):
        found = problems(capture.complete, a_drafted_consent(), services=SERVICES, at=NOON, on=TODAY,
                         is_working_day=is_weekday)  # fmt: skip
        assert found == {"signatures": "of-everybody-who-has-to-agree"}

    def test_what_has_changed_since_it_was_printed_is_checked_once_more(self):
        once = signed(a_drafted_consent())
        gone = SERVICES[1:]
        found = problems(capture.complete, once, services=gone, at=NOON, on=TODAY, is_working_day=is_weekday)
        assert found == {"recipients": "known-to-the-directory"}


class TestByWordOfMouth:
    def spoken(self, **changes: Any) -> Signature:
        usual = {
            "channel": ConsentChannel.VERBAL_WITNESSED,
            "witness": Witness.INTERPRETER,
            "witnessed_by": "interpreter",
        }
        return a_signature(**{**usual, **changes})

    def test_it_lapses_after_five_working_days(self):
        friday = TODAY + timedelta(days=4)
        assert given(None, self.spoken()).lapses_on == date(2026, 3, 9)
        assert given(None, self.spoken(), on=friday).lapses_on == date(2026, 3, 13)

    def test_it_needs_a_witness(self):
        unheard = self.spoken(witness=None, witnessed_by=None)
        found = problems(signed, a_drafted_consent(), unheard)
        assert found == {"witnessed_by": "a-second-staff-member-or-interpreter"}

    def test_nobody_is_the_witness_of_her_own_record(self):
        own = self.spoken(witness=Witness.STAFF, witnessed_by=NAVIGATOR.actor)
        found = problems(signed, a_drafted_consent(), own)
        assert found == {"witnessed_by": "somebody-else-than-who-wrote-it-down"}

    def test_nobody_speaks_for_another(self):
        """The words that are read out speak to her of her own data; a parent's or a guardian's there are none."""
        child = a_drafted_consent(given_by=GivenBy.GUARDIAN, custody=Custody(holders=1))
        spoken = self.spoken(signer=Signer.CUSTODY_HOLDER, proof=ProofKind.BIRTH_CERTIFICATE)
        born_on = TODAY.replace(year=TODAY.year - 10)
        found = problems(signed, child, spoken, born_on=born_on)
        assert found == {"channel": "in-writing-where-others-decide"}

    def test_it_releases_nobody_from_secrecy(self):
        released = a_drafted_consent(secrecy_releases=(SecrecyRelease(SENDER, HWK, HWK_SERVICE),))
        assert problems(signed, released, self.spoken()) == {"secrecy_release": "in-writing-only"}

    def test_it_covers_identity_contact_and_language_only(self):
        health = a_drafted_consent(a_recipient_entry(categories=(DataCategory.HEALTH,)))
        found = problems(signed, health, self.spoken())
        assert found == {"categories": "identity-contact-language-by-word-of-mouth"}

    def test_a_member_of_staff_confirms_it_herself_and_only_then_it_counts(self):
        waiting = signed(a_drafted_consent(), self.spoken(witness=Witness.STAFF, witnessed_by=None))
        assert missing_signers(waiting, None, TODAY) == (Signer.PERSON,)
        assert problems(capture.witness, waiting, NAVIGATOR.actor) == {
            "witnessed_by": "somebody-else-than-who-wrote-it-down"
        }
        heard = capture.witness(waiting, "staff:b")
        assert missing_signers(heard, None, TODAY) == ()
        assert heard.signatures[0].witnessed_by == "staff:b"

    def test_what_nobody_said_cannot_be_witnessed(self):
        with pytest.raises(InvalidError, match=r"consent\.nothing-to-witness"):
            capture.witness(a_drafted_consent(), "staff:b")

    def test_while_a_witness_is_waited_for_it_can_still_be_signed(self):
        waiting = signed(a_drafted_consent(), self.spoken(witness=Witness.STAFF, witnessed_by=None))
        assert [one.channel for one in signed(waiting).signatures] == [ConsentChannel.SIGNED_PAPER]


class TestUnderAge:
    both_parents = Custody(holders=2)

    def by_guardian(self, *recipients: Any, **changes: Any) -> DraftedConsent:
        usual = {"given_by": GivenBy.GUARDIAN, "custody": self.both_parents}
        return a_drafted_consent(*recipients, **{**usual, **changes})

    def parent(self, **changes: Any) -> Signature:
        return a_signature(**{"signer": Signer.CUSTODY_HOLDER, "proof": BIRTH, **changes})

    def test_both_who_have_custody_sign(self):
        one = signed(self.by_guardian(), self.parent(), born_on=CHILD)
        assert missing_signers(one, CHILD, TODAY) == (Signer.CUSTODY_HOLDER,)
        two = signed(one, self.parent(evidence_sha256="2" * 64), born_on=CHILD)
        assert missing_signers(two, CHILD, TODAY) == ()
        assert problems(signed, two, self.parent(), born_on=CHILD) == {"signer": "somebody-who-has-not-signed-yet"}

    def test_from_16_the_young_person_signs_too(self):
        alone = self.by_guardian(custody=Custody())
        assert required_signers(alone, CHILD, TODAY) == (Signer.CUSTODY_HOLDER,)
        assert required_signers(alone, YOUNG, TODAY) == (Signer.CUSTODY_HOLDER, Signer.PERSON)
        assert given(alone, self.parent(), a_signature(), born_on=YOUNG)

    def test_a_guardian_stands_in_the_place_of_parents(self):
        guarded = self.by_guardian(custody=Custody(holders=2, guardianship=True))
        assert required_signers(guarded, CHILD, TODAY) == (Signer.GUARDIAN,)

    @pytest.mark.parametrize(
        ("changes", "field", "expected"),
        [
            ({"given_by": GivenBy.SELF}, "given_by", "guardian-for-somebody-under-age"),
            ({"given_by": GivenBy.REPRESENTATIVE}, "given_by", "guardian-for-somebody-under-age"),
            ({"custody": None}, "custody", "who-has-custody"),
            ({"custody": Custody(guardian_organization_id=HWK)}, "recipients", "another-body-than-the-guardian"),
        ],
    )
    def test_each_thing_that_is_missing_is_named(self, changes: dict[str, Any], field: str, expected: str):
        assert problems(drafted, self.by_guardian(**changes), born_on=CHILD) == {field: expected}

    def test_a_guardians_consent_ends_the_day_before_the_eighteenth_birthday(self):
        alone = self.by_guardian(custody=Custody())
        kept = given(alone, self.parent(), a_signature(), born_on=date(2008, 5, 1))
        assert (kept.valid_until, kept.ends_with_majority) == (date(2026, 4, 30), True)
        child = given(alone, self.parent(), born_on=CHILD)
        assert (child.valid_until, child.ends_with_majority) == (alone.valid_until, False)

    def test_on_the_eighteenth_birthday_she_speaks_for_herself(self):
        assert given(born_on=date(2008, 3, 2))
        assert comes_of_age_on(date(2008, 2, 29)) == date(2026, 2, 28)


class TestState:
    def test_it_is_given_until_its_last_day(self):
        kept = a_consent()
        assert state_on(kept, kept.valid_until) is ConsentState.GIVEN
        assert state_on(kept, kept.valid_until + timedelta(days=1)) is ConsentState.EXPIRED

    def test_word_of_mouth_runs_out_early_unless_confirmed(self):
        spoken = a_consent(lapses_on=TODAY)
        assert state_on(spoken, TODAY + timedelta(days=1)) is ConsentState.EXPIRED
        assert state_on(replace(spoken, confirmed_at=NOON), TODAY + timedelta(days=1)) is ConsentState.GIVEN

    def test_a_withdrawal_is_told_before_anything_else(self):
        assert state_on(a_consent(withdrawn_at=NOON, superseded_at=NOON), TODAY) is ConsentState.WITHDRAWN
        assert state_on(a_consent(superseded_at=NOON), TODAY) is ConsentState.SUPERSEDED


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 2), 6, date(2026, 9, 2)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
    ],
)
def test_months_end_where_a_person_expects(day: date, months: int, expected: date):
    assert add_months(day, months) == expected


def test_usually_a_consent_runs_half_a_year():
    assert usual_end(date(2026, 3, 2)) == date(2026, 9, 2)


@pytest.mark.parametrize(("day", "age"), [(date(2026, 6, 1), 18), (date(2026, 5, 31), 17), (date(2026, 7, 1), 18)])
def test_age_changes_on_the_birthday(day: date, age: int):
    assert age_on(date(2008, 6, 1), day) == age
