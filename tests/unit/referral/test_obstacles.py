"""What may be said of an obstacle, and when two texts are one."""

import pytest

from contracts.codes import Obstacle
from contracts.event import OfficialKey
from services.chassis.errors import InvalidError
from services.chassis.i18n import translations
from services.referral.domain.obstacles import LONGEST_WORDS, Said, check, same_words
from services.referral.domain.places import DISTRICTS


@pytest.mark.parametrize(
    "other", ["No  course\nin the evening", "NO COURSE IN THE EVENING", " no course in the evening "]
)
def test_a_text_is_the_same_however_it_was_typed(other: str):
    assert same_words("no course in the evening", other)


def test_another_text_is_another():
    assert not same_words("no course in the evening", "no course in the morning")


@pytest.mark.parametrize("area", DISTRICTS)
def test_every_district_of_the_region_may_be_named_and_has_a_name(area: str):
    check(Said(Obstacle.COST, area=OfficialKey(area)))
    assert translations("referral", "de").gettext(f"area:{area}") != f"area:{area}"


def test_whatever_cannot_be_kept_is_named():
    with pytest.raises(InvalidError) as refused:
        check(Said(Obstacle.COST, area=OfficialKey("09162"), words="a" * (LONGEST_WORDS + 1)))
    assert refused.value.fields == {"words": "at-most-2000-characters", "area": "one-of-the-list"}
