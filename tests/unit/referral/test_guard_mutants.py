"""Each guard of the pure domain matters: without it one of its own examples fails."""

import pytest

from services.referral.domain import consent, dossier, duplicate_care, funding, way_back
from tests.mutants.surgery import Guard, examples_of, notices, without
from tests.unit.referral import test_dossier, test_duplicate_care_rules, test_funding, test_way_back

EXAMPLES = {
    way_back: test_way_back,
    dossier: test_dossier,
    duplicate_care: test_duplicate_care_rules,
    funding: test_funding,
}
GUARDS = [
    Guard(way_back.may_tell_back, "and not answer.level.covers(needed)", "and False", "no more than the level"),
    Guard(way_back.may_tell_back, "if about_nobody:", "if True:", "a person is always asked"),
    Guard(way_back.level_at, "expect_aware(at)", "pass", "an instant needs its zone"),
    Guard(way_back.level_at, "effective_back_level(level, terms)", "level", "the terms may say less"),
    Guard(way_back.level_at, "if reason is None]", "]", "only a living ground counts"),
    Guard(way_back.level_at, "or _that_ran_out(known, at, fetched_at)", "", "work goes on when time runs out"),
    Guard(
        way_back.level_at, "key=CLOSENESS.index, default", "key=lambda one: 0, default", "the closest reason is told"
    ),
    Guard(way_back._that_ran_out, "if reason in ENDED", "if reason", "only what once held for this body"),
    Guard(
        way_back._that_ran_out, "fetched_at is None or not ended", "not ended", "without the dossier nothing goes on"
    ),
    Guard(way_back._that_ran_out, "last.by_will or ", "", "a no is a no"),
    Guard(way_back._that_ran_out, " or last.at <= fetched_at", "", "what had ended before the fetch carries nothing"),
    Guard(way_back._that_ran_out, "<= fetched_at", "< fetched_at", "not at the very instant it ended"),
    Guard(way_back._that_ran_out, "if end == last", "if True", "of what ran out the last counts"),
    Guard(way_back._end, "if reason is RefusalReason.WITHDRAWN:", "if False:", "by will is not by time"),
    Guard(way_back._end, "last + ONE_DAY", "last", "its last day belongs to it"),
    Guard(dossier.carried_categories, "frozenset(minimum) & MAY_HOLD", "MAY_HOLD", "the minimum is the terms'"),
    Guard(dossier.compose, "decision.categories & present", "present", "no more than was allowed"),
    Guard(dossier.compose, "if isinstance(decision, Allowed) else {}", "if True else {}", "without a yes no content"),
    Guard(dossier.offered, " & frozenset(accepted)", "", "the terms say what is taken"),
    Guard(dossier.offered, " & MAY_HOLD[kind]", "", "an employer's dossier holds its contact"),
    Guard(dossier.carried_categories, "needed <= one_by_one and ", "", "the minimum, or nothing"),
    Guard(dossier.carried_categories, "len(one_by_one) > len(best)", "True", "the ground that carries most"),
    Guard(dossier.carried_categories, " or BY_ITSELF[kind]", "", "seeking help is about her"),
    Guard(duplicate_care.may_ask, "if body.social_data_body:", "if False:", "whom they care for is social data"),
    Guard(duplicate_care.may_ask, "if body is None:", "if False:", "nobody unknown is asked"),
    Guard(duplicate_care.may_ask, "Purpose.DOPPELPRUEFUNG", "Purpose.VERWEIS", "consent to just that"),
    Guard(duplicate_care.may_ask, "body.must_stand_alone)", "False)", "a consent of its own where one is needed"),
    Guard(duplicate_care.may_ask, "if isinstance(answer, Allowed):", "if True:", "a no is a no"),
    Guard(duplicate_care._services, "if one.organization_id == organization_id", "if True", "for the body it names"),
    Guard(duplicate_care.state_of, "asking is None or found is None", "asking is None", "both have to speak"),
    Guard(duplicate_care.state_of, "in FITTING", "is not None", "only words that fit settle it"),
    Guard(duplicate_care.check_statement, "resolution in kept", "False", "who is not her is not cared for"),
    Guard(funding._meets, "if one.is_over and other.funded_until is None:", "if False:", "what is over needs a period"),
    Guard(funding._meets, "begins_before and ", "", "it begins before the other ends"),
    Guard(funding._meets, "return begins_before and", "return begins_before or", "and ends after the other begins"),
]


@pytest.mark.parametrize("module", EXAMPLES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_with_all_guards_in_place_every_example_holds(module):
    examples = list(examples_of(EXAMPLES[module]))
    assert len(examples) > 5
    assert not notices(examples)


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_without_this_guard_an_example_fails(guard):
    module = next(module for module in EXAMPLES if module.__name__ == guard.function.__module__)
    with without(guard):
        assert notices(list(examples_of(EXAMPLES[module]))), f"nobody noticed: {guard}"


def test_a_guard_that_is_not_there_is_named():
    gone = Guard(consent.may_disclose, "if override:", "", "there is no override")
    with pytest.raises(AssertionError, match="override"), without(gone):
        pass
