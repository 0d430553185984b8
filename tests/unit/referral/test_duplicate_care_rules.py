"""Which controller may be asked about somebody, how two desks' words stand to each other, and what switches it on."""

import json
from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest

from contracts.codes import (
    BackLevel,
    CareResolution,
    DataCategory,
    DuplicateRefusal,
    MatterState,
    PersonOnCare,
    Purpose,
    RefusalReason,
)
from contracts.referral import ConsentRecipient
from services.chassis.config import ConfigError
from services.chassis.errors import InvalidError
from services.referral.config import load
from services.referral.domain.duplicate_care import (
    USUAL_PER_DAY,
    AskingRule,
    Body,
    check_statement,
    may_ask,
    state_of,
)
from tests.unit.referral.builders import NOON, a_consent
from tests.unit.referral.test_config import CONTROLLERS, Settings, settings  # noqa: F401 - a fixture

OTHER, SERVICE = UUID(int=0xE), UUID(int=0xF)
IDENTITY = frozenset({DataCategory.IDENTITY})
HERE, THERE, OTHER_CARE, OTHER_PERSON = CareResolution


def to_other(*purposes: Purpose, categories: tuple[DataCategory, ...] = tuple(IDENTITY)) -> ConsentRecipient:
    return ConsentRecipient(
        organization_id=OTHER,
        service_id=SERVICE,
        purposes=purposes or (Purpose.DOPPELPRUEFUNG,),
        categories=categories,
        back_level=BackLevel.NONE,
    )


def test_another_body_is_asked_on_her_consent_to_just_that():
    consent = a_consent(to_other())
    verdict = may_ask(OTHER, Body(OTHER), [consent], IDENTITY, NOON)
    assert verdict.may_be_asked
    assert (verdict.ground_id, verdict.ground_version) == (consent.id, consent.version)


@pytest.mark.parametrize(
    ("consents", "reason"),
    [
        ([], RefusalReason.NO_CONSENT),
        ([a_consent()], RefusalReason.NO_CONSENT),
        ([a_consent(to_other(Purpose.VERWEIS))], RefusalReason.PURPOSE_NOT_COVERED),
        ([a_consent(to_other(categories=(DataCategory.LANGUAGE,)))], RefusalReason.CATEGORY_NOT_COVERED),
        ([a_consent(to_other(), withdrawn_at=NOON)], RefusalReason.WITHDRAWN),
        ([a_consent(to_other(), text_reviewed=False)], RefusalReason.TEXT_NOT_REVIEWED),
    ],
)
def test_without_it_nobody_else_is_asked(consents, reason):
    verdict = may_ask(OTHER, Body(OTHER), consents, IDENTITY, NOON)
    assert (verdict.refusal, verdict.consent_refusal) == (DuplicateRefusal.NOT_CONSENTED, reason)


def test_a_social_data_body_never_answers_whatever_was_consented_to():
    body = Body(OTHER, social_data_body=True)
    assert may_ask(OTHER, body, [a_consent(to_other())], IDENTITY, NOON).refusal is DuplicateRefusal.SOCIAL_DATA_BODY


def test_who_is_not_in_the_directory_is_not_asked():
    assert may_ask(OTHER, None, [a_consent(to_other())], IDENTITY, NOON).refusal is DuplicateRefusal.BODY_UNKNOWN


def test_a_body_that_stands_alone_is_asked_on_a_consent_of_its_own():
    body = Body(OTHER, must_stand_alone=True)
    with_others = a_consent(to_other(), replace(to_other(), organization_id=UUID(int=1)))
    refused = may_ask(OTHER, body, [with_others], IDENTITY, NOON)
    assert refused.consent_refusal is RefusalReason.RECIPIENT_MUST_STAND_ALONE
    assert may_ask(OTHER, body, [with_others, a_consent(to_other())], IDENTITY, NOON).may_be_asked


def test_only_words_that_leave_her_with_one_desk_settle_it():
    settled = {(HERE, THERE), (THERE, HERE), (OTHER_CARE, OTHER_CARE), (OTHER_PERSON, OTHER_PERSON)}
    for asking, found in product(CareResolution, CareResolution):
        expected = MatterState.SETTLED if (asking, found) in settled else MatterState.AT_ODDS
        assert state_of(asking, found) is expected, (asking, found)
    assert {state_of(one, None) for one in CareResolution} == {MatterState.OPEN} == {state_of(None, HERE)}


@pytest.mark.parametrize(
    ("says", "becomes"), [(None, None), *((PersonOnCare.NOT_ME, one) for one in (HERE, THERE, OTHER_CARE))]
)
def test_a_statement_says_something_and_does_not_contradict_itself(says, becomes):
    with pytest.raises(InvalidError):
        check_statement(says, becomes)
    check_statement(PersonOnCare.NOT_ME, OTHER_PERSON)
    check_statement(PersonOnCare.DOES_NOT_SAY, None)


ASSESSED = {"CROSS_CONTROLLER_DPIA": "DSFA 4/2026", "CROSS_CONTROLLER_DPIA_ON": "2026-03-01"}


def two_controllers() -> str:
    document = json.loads(CONTROLLERS)
    document["controllers"].append({**document["controllers"][0], "organization_id": str(OTHER)})
    return json.dumps({"controllers": document["controllers"]})


def test_nobody_else_is_asked_unless_it_is_switched_on(settings: Settings):  # noqa: F811
    own = load(settings(CONTROLLERS=two_controllers(), **ASSESSED))
    assert own.asking == AskingRule(USUAL_PER_DAY, ()) and own.assessment is None


def test_switched_on_with_an_assessment_all_controllers_may_be_asked_about(settings: Settings):  # noqa: F811
    own = load(settings(CONTROLLERS=two_controllers(), CROSS_CONTROLLER_CHECK="on", **ASSESSED))
    assert OTHER in own.asking.others and len(own.asking.others) == 2
    assert own.asking.besides(OTHER) == tuple(one for one in own.asking.others if one != OTHER)
    assert own.assessment is not None and own.assessment.reference == "DSFA 4/2026"


@pytest.mark.parametrize(
    ("named", "changes"),
    [
        ("CROSS_CONTROLLER_DPIA", {"CROSS_CONTROLLER_DPIA": ""}),
        ("CROSS_CONTROLLER_DPIA_ON", {"CROSS_CONTROLLER_DPIA_ON": ""}),
        ("CROSS_CONTROLLER_DPIA_ON", {"CROSS_CONTROLLER_DPIA_ON": "in March"}),
        ("CROSS_CONTROLLER_DPIA_ON", {"CROSS_CONTROLLER_DPIA_ON": "2999-01-01"}),
        ("CROSS_CONTROLLER_CHECK", {"CROSS_CONTROLLER_CHECK": "yes"}),
        ("CROSS_CONTROLLER_CHECK", {"CONTROLLERS": CONTROLLERS}),
        ("DUPLICATE_QUESTIONS_PER_DAY", {"DUPLICATE_QUESTIONS_PER_DAY": "0"}),
    ],
)
def test_a_switch_without_its_assessment_stops_the_start(settings: Settings, named, changes):  # noqa: F811
    usual = {"CROSS_CONTROLLER_CHECK": "on", "CONTROLLERS": two_controllers(), **ASSESSED}
    with pytest.raises(ConfigError) as refused:
        load(settings(**{**usual, **changes}))
    assert refused.value.setting == named
    assert "in March" not in str(refused.value)
