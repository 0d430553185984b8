"""Whatever is asked: what comes out names somebody, something and an end, or the field that is wrong is named."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.codes import BackLevel, ConsentChannel, DataCategory, GivenBy, ProofKind, Purpose, Signer
from contracts.referral import ConsentRecipient
from services.chassis.errors import InvalidError
from services.referral.domain import capture
from services.referral.domain.capture import Service, add_months
from services.referral.domain.drafting import ConsentText, Custody, DraftedConsent, Review, missing_signers
from services.referral.domain.grounds import VERBAL_CATEGORIES, Consent, Witness
from services.referral.domain.lifecycle import herself
from services.referral.domain.workdays import is_weekday
from tests.unit.referral.builders import (
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    NOON,
    PERSON,
    TODAY,
    a_drafted_consent,
    a_signature,
)

#: Terms that accept everything: what is refused here is refused by capture itself, not by a partner's terms.
SERVICES = tuple(
    Service(organization_id=organization, service_id=service, accepts=frozenset(DataCategory))
    for organization, service in ((HWK, HWK_SERVICE), (IHK, IHK_SERVICE))
)
FIELDS = {
    *("valid_from", "valid_until", "recipients", "purposes", "categories", "language", "text_id", "given_by"),
    *(
        "custody",
        "signer",
        "signed_on",
        "proof",
        "document_id",
        "channel",
        "witnessed_by",
        "signatures",
        "secrecy_release",
    ),
}
DAYS = st.integers(-40, 800).map(lambda days: TODAY + timedelta(days=days))
BORN = st.none() | st.dates(date(1950, 1, 1), TODAY)
CATEGORIES = st.sets(st.sampled_from(DataCategory)) | st.just(set(capture.ALL_CATEGORIES))
RECIPIENTS = st.builds(
    ConsentRecipient,
    organization_id=st.sampled_from([HWK, IHK]),
    service_id=st.sampled_from([HWK_SERVICE, IHK_SERVICE, None, UUID(int=1)]),
    purposes=st.sets(st.sampled_from(Purpose), max_size=2).map(tuple),
    categories=CATEGORIES.map(tuple),
    back_level=st.sampled_from(BackLevel),
)
SENSIBLE = st.builds(
    ConsentRecipient,
    organization_id=st.just(HWK),
    service_id=st.just(HWK_SERVICE),
    purposes=st.just((Purpose.VERWEIS,)),
    categories=st.sets(st.sampled_from(sorted(VERBAL_CATEGORIES)), min_size=1).map(tuple),
    back_level=st.just(BackLevel.OUTCOME),
)
TEXTS = st.builds(
    ConsentText,
    id=st.just("referral-1"),
    sha256=st.just("0" * 64),
    language=st.sampled_from(["de", "ar"]),
    review=st.sampled_from(Review),
    retired=st.booleans(),
)
REVIEWED = ConsentText("referral-1", "0" * 64, "de", Review.REVIEWED)
NEAR = st.integers(0, 365).map(lambda days: TODAY + timedelta(days=days))


@st.composite
def drafts(draw: st.DrawFn) -> DraftedConsent:
    """Anything somebody could ask for; often enough something one may."""
    return a_drafted_consent(
        *draw(st.lists(SENSIBLE, min_size=1, max_size=1) | st.lists(RECIPIENTS, max_size=3)),
        given_by=draw(st.sampled_from([GivenBy.SELF, *GivenBy])),
        custody=draw(st.sampled_from([None, Custody(), Custody(holders=2), Custody(guardian_organization_id=HWK)])),
        language=draw(st.sampled_from(["de", "de", "ar"])),
        interpreter=draw(st.booleans()),
        valid_from=draw(st.none() | DAYS),
        valid_until=draw(NEAR | DAYS),
    )


def captured(drafted: DraftedConsent, text: ConsentText, channel: ConsentChannel, born_on: date | None) -> Consent:
    """Drafted, signed by everybody who has to in this way, and given."""
    one = capture.draft(drafted, text=text, services=SERVICES, on=TODAY, born_on=born_on)
    for signer in missing_signers(one, born_on, TODAY):
        signature = a_signature(
            signer=signer,
            channel=channel,
            language=one.language,
            interpreter=one.interpreter,
            proof=None if signer is Signer.PERSON else ProofKind.BIRTH_CERTIFICATE,
            recorded_by=herself(PERSON) if channel is ConsentChannel.ONLINE else NAVIGATOR.actor,
            witness=Witness.INTERPRETER,
            witnessed_by="interpreter",
        )
        one = capture.sign(one, signature, text=text, on=TODAY, born_on=born_on)
    return capture.complete(one, services=SERVICES, at=NOON, on=TODAY, is_working_day=is_weekday, born_on=born_on)


def captured_or_refused(*asked: Any) -> Consent | InvalidError:
    try:
        return captured(*asked)
    except InvalidError as refused:
        return refused


@settings(max_examples=150, derandomize=True, deadline=None)
@given(drafts(), TEXTS | st.just(REVIEWED), st.sampled_from(ConsentChannel), BORN)
def test_what_comes_out_is_named_limited_and_on_reviewed_words_and_what_is_refused_names_its_field(
    drafted: DraftedConsent, text: ConsentText, channel: ConsentChannel, born_on: date | None
):
    kept = captured_or_refused(drafted, text, channel, born_on)
    if isinstance(kept, InvalidError):
        assert kept.slug == "consent.incomplete"
        assert kept.fields
        assert set(kept.fields) <= FIELDS
        return
    assert kept.recipients
    for one in kept.recipients:
        assert any(
            (one.organization_id, one.service_id) == (each.organization_id, each.service_id) for each in SERVICES
        )
        assert one.purposes
        assert one.categories
        assert not frozenset(one.categories) >= capture.ALL_CATEGORIES
        assert channel is not ConsentChannel.VERBAL_WITNESSED or frozenset(one.categories) <= VERBAL_CATEGORIES
    assert TODAY <= kept.valid_from <= kept.valid_until <= add_months(kept.valid_from, capture.LONGEST_MONTHS)
    assert (text.review, text.retired) == (Review.REVIEWED, False)
    assert kept.text_sha256 == text.sha256
    if kept.given_by is GivenBy.GUARDIAN:
        assert born_on is not None
        assert kept.valid_until < capture.comes_of_age_on(born_on)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(SENSIBLE, NEAR, st.sampled_from(ConsentChannel))
def test_what_is_sensible_is_taken_down(recipient: ConsentRecipient, until: date, channel: ConsentChannel):
    """Without this the property above could hold because nothing ever comes out."""
    assert captured(a_drafted_consent(recipient, valid_until=until), REVIEWED, channel, None)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.dates(date(2008, 4, 1), TODAY), st.dates(date(1950, 1, 1), TODAY))
def test_a_corrected_birth_date_only_ever_shortens_a_guardians_consent(written: date, true: date):
    assume(capture.comes_of_age_on(written) > TODAY)
    drafted = a_drafted_consent(given_by=GivenBy.GUARDIAN, custody=Custody())
    kept = captured(drafted, REVIEWED, ConsentChannel.SIGNED_PAPER, written)

    following = capture.born_otherwise(kept, true, TODAY, NOON) or kept

    assert following.valid_from <= following.valid_until <= kept.valid_until
    assert following.valid_until < capture.comes_of_age_on(true)
    assert (following is kept) == (kept.valid_until < capture.comes_of_age_on(true))


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.dates(date(2000, 1, 1), TODAY))
def test_nobody_under_age_has_consented_by_herself(true: date):
    kept = captured(a_drafted_consent(), REVIEWED, ConsentChannel.SIGNED_PAPER, None)

    following = capture.born_otherwise(kept, true, TODAY, NOON)

    if capture.comes_of_age_on(true) <= TODAY:
        assert following is None
    else:
        assert following is not None
        assert following.valid_from <= following.valid_until < TODAY
        assert (following.version, following.ends_with_majority) == (kept.version + 1, False)
