"""By which channel a partner is told to be reached while another one waits."""

from typing import Any

import pytest

from services.directory.domain import channel_life

QUEUE = {"kind": "amqp"}
UNIT = {"kind": "light", "unit_mailbox": "unit@chamber.example"}
NONE = {"kind": "none"}
BOTH = {"channel": QUEUE, "contact": "a@b.c"}


def a_participation(channel: dict[str, Any], contact: str | None = None) -> dict[str, Any]:
    agreement = {"kind": "independent", "signed_on": "2026-01-15"}
    return {"channel": channel, "agreement": agreement | ({"contact": contact} if contact else {}), "terms": [1]}


@pytest.mark.parametrize(
    ("in_force", "wanted", "at_once"),
    [
        (None, {"channel": QUEUE}, {"channel": NONE}),
        ({"channel": QUEUE}, {"channel": UNIT}, {"channel": QUEUE}),
        ({"channel": QUEUE}, {"channel": NONE}, {"channel": NONE}),
        (BOTH, {"channel": QUEUE}, {"channel": QUEUE}),
        (BOTH, {"channel": QUEUE, "contact": "x@y.z"}, BOTH),
        ({"channel": QUEUE}, {"channel": QUEUE, "contact": "x@y.z"}, {"channel": QUEUE}),
        (BOTH, {"channel": NONE, "contact": "x@y.z"}, {"channel": NONE, "contact": "a@b.c"}),
    ],
)
def test_what_leads_nowhere_is_given_up_at_once_and_nothing_leads_elsewhere(
    in_force: dict[str, Any] | None, wanted: dict[str, Any], at_once: dict[str, Any]
):
    assert channel_life.given_up(in_force, wanted) == at_once


def test_the_network_is_told_the_channel_in_force_and_all_the_rest_as_it_was_written_down():
    written = a_participation(UNIT, "x@y.z")
    assert channel_life.used(written, {"channel": QUEUE}) == a_participation(QUEUE)
    assert channel_life.used(written, None) == a_participation(NONE)
    assert channel_life.used(written, channel_life.written(written)) == written
    assert channel_life.used({"channel": UNIT}, {"channel": QUEUE, "contact": "a@b.c"}) == {"channel": QUEUE}


def test_a_thumbprint_names_one_channel_whatever_the_order_of_its_words():
    turned = dict(reversed(list(UNIT.items())))
    assert channel_life.thumbprint({"channel": UNIT}) == channel_life.thumbprint({"channel": turned})
    assert channel_life.thumbprint({"channel": UNIT}) != channel_life.thumbprint({"channel": UNIT, "contact": "a@b.c"})
