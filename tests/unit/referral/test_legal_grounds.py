"""Every kind of processing stands on a ground, and on the one the code that decides knows."""

import re

from contracts.codes import EMPLOYER_TOPICS, EnterpriseGround, Purpose
from services.referral.legal_grounds import EMPLOYERS, PERSONS, PROCESSINGS


def test_every_purpose_stands_on_a_ground() -> None:
    assert {purpose for one in PROCESSINGS for purpose in one.purposes} == set(Purpose)


def test_every_ground_is_an_article_and_nothing_is_listed_twice() -> None:
    assert all(re.fullmatch(r"6\(1\)\([a-f]\)(, 6\(1\)\([a-f]\))*", one.article_6) for one in PROCESSINGS)
    assert all(re.fullmatch(r"–|9\(2\)\([a-j]\)(, 9\(2\)\([a-j]\))*", one.article_9) for one in PROCESSINGS)
    assert len({one.what for one in PROCESSINGS}) == len(PROCESSINGS)


def test_a_person_is_passed_on_with_consent_alone_and_never_for_an_employers_purpose() -> None:
    [passing_on] = [one for one in PROCESSINGS if one.what == "passing_on"]
    assert (passing_on.article_6, passing_on.article_9) == ("6(1)(a)", "9(2)(a)")
    assert not {one.value for one in PERSONS} & {one.value for one in EMPLOYER_TOPICS}


def test_an_employers_request_may_stand_on_what_the_code_list_offers() -> None:
    [contact] = [one for one in PROCESSINGS if one.what == "employer_contact"]
    assert contact.article_6 == "6(1)(b), 6(1)(e), 6(1)(f)" and len(EnterpriseGround) == 3
    assert set(contact.purposes) == set(EMPLOYERS)
