"""One answer is one answer, whichever way it comes: said by queue and again by HTTPS, or the other way round."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from contracts.partner.messages import CommandOutcome, CommandResult
from contracts.referral import ReferralAccepted, ReferralWaitlisted
from lotse.broker import Broker as Management
from lotse.topology import onboard
from services.referral import inlet
from tests.chassis.rig import Room
from tests.chassis.test_relay import relaying
from tests.conftest import Broker
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HWK, Scene
from tests.integration.referral.test_inlet import (
    CONTACT_BY,
    _next_command,
    _publish,
    _read,
    a_command,
    obey,
    results,
)
from tests.waiting import eventually

BODY = {"contact_by": CONTACT_BY}


def by_queue(network: Network, referral_id: str, key: UUID, body: dict[str, Any] | None = None) -> CommandResult:
    version = network.hwk.see(referral_id)["version"]
    obey(network.scene, a_command(UUID(referral_id), body=body, version=version, command_id=key))
    return results(network.scene)[-1]


def by_https(network: Network, referral_id: str, key: UUID, body: dict[str, Any] | None = None) -> TestResponse:
    caller = network.partner(network.hwk.organization_id)
    return caller.try_act(referral_id, "accept", body or BODY, **{"Idempotency-Key": str(key)})


def accepted(network: Network) -> int:
    return len(network.scene.said(ReferralAccepted))


def test_said_by_queue_and_again_by_https_it_has_one_effect_and_the_same_answer(network: Network):
    referral_id, key = network.requested(), uuid4()
    said = by_queue(network, referral_id, key)
    again = by_https(network, referral_id, key)
    assert (again.status_code, again.json["status"], again.json["version"]) == (200, "accepted", said.version)
    assert again.json["receipts"] == [str(one) for one in said.receipts] != []
    assert again.json["dossier"] == f"/partner/v1/referrals/{referral_id}/dossier"
    assert accepted(network) == 1


def test_said_by_https_and_again_by_queue_it_has_one_effect_and_the_same_answer(network: Network):
    referral_id, key = network.requested(), uuid4()
    said = by_https(network, referral_id, key)
    again = by_queue(network, referral_id, key)
    assert said.status_code == 200
    assert (again.result, again.command_id) == (CommandOutcome.DONE, key)
    assert (again.version, [str(one) for one in again.receipts]) == (said.json["version"], said.json["receipts"])
    assert [str(one) for one in again.allowed_actions] == said.json["allowed_actions"]
    assert accepted(network) == 1


def test_a_field_left_out_says_the_same_as_one_that_is_null(network: Network):
    referral_id, key = network.requested(), uuid4()
    caller = network.hwk
    first = caller.try_act(referral_id, "accept", {"contact_by": None}, **{"Idempotency-Key": str(key)})
    again = by_queue(network, referral_id, key, {})
    assert (first.status_code, again.result, again.version) == (200, CommandOutcome.DONE, first.json["version"])


def test_other_words_under_the_same_key_are_refused_by_either_way(network: Network):
    one, other = network.requested(), network.requested()
    first, second = uuid4(), uuid4()
    by_queue(network, one, first)
    by_https(network, other, second)

    refused = by_https(network, one, first, {"contact_by": None})
    assert (refused.status_code, refused.json["slug"]) == (422, "idempotency.key-reused")
    of_another = by_https(network, other, first)
    assert (of_another.status_code, of_another.json["slug"]) == (422, "idempotency.key-reused")
    by_its_queue = by_queue(network, other, second, {})
    assert (by_its_queue.result, by_its_queue.slug) == (CommandOutcome.REFUSED, "idempotency.key-reused")


def test_what_may_be_said_again_and_again_is_not_done_again_by_the_other_way(network: Network):
    """Renewing a waiting list is allowed where it stands already: only the key tells that it is the same word."""
    referral_id, key = network.requested(), uuid4()
    network.hwk.act(referral_id, "waitlist", {})
    renewed = network.hwk.try_act(referral_id, "waitlist", {}, **{"Idempotency-Key": str(key)})
    version = network.hwk.see(referral_id)["version"]
    obey(network.scene, a_command(UUID(referral_id), "waitlist", {}, version=version, command_id=key))
    assert (results(network.scene)[-1].result, renewed.status_code) == (CommandOutcome.DONE, 200)
    assert network.hwk.see(referral_id)["version"] == version
    assert len(network.scene.said(ReferralWaitlisted)) == 2


def test_at_once_by_both_ways_it_has_one_effect_and_is_answered_by_both(network: Network):
    referral_id, key = network.requested(), uuid4()
    version = network.hwk.see(referral_id)["version"]
    command = a_command(UUID(referral_id), version=version, command_id=key)
    headers = {"Idempotency-Key": str(key), "If-Match": f'"{version}"'}

    def say(number: int) -> int:
        if number % 2:
            obey(network.scene, command)
            return 200
        return network.partner(HWK).try_act(referral_id, "accept", BODY, **headers).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(say, range(12))) == {200}
    assert accepted(network) == 1
    told = results(network.scene)
    assert [one.result for one in told] == [CommandOutcome.DONE] * 6
    assert len({one.version for one in told}) == 1


@pytest.mark.parametrize("by_queue_first", [True, pytest.param(False, marks=pytest.mark.long)])
def test_over_a_real_broker_too(
    make_database: Callable[[str], Any], make_vhost: Callable[[], Broker], by_queue_first: bool
):
    addresses, vhost = make_database("referral"), make_vhost()
    room = Room("referral", addresses.app_dsn, addresses.owner_dsn)
    network = Network(Scene(room.db))
    referral_id, key = network.requested(), uuid4()
    onboard(Management(vhost.management_url, vhost.vhost), HWK, "secret")

    def say_by_queue() -> Any:
        version = network.hwk.see(referral_id)["version"]
        _publish(vhost, HWK, a_command(UUID(referral_id), version=version, command_id=key))
        inlet.obey(network.scene.unit, network.scene.keys, _next_command(vhost))
        return eventually(lambda: _read(vhost, HWK), timeout=20)["data"]

    with relaying(room, vhost.amqp_uri):
        if by_queue_first:
            heard, answer = say_by_queue(), by_https(network, referral_id, key)
        else:
            answer = by_https(network, referral_id, key)
            heard = say_by_queue()
    assert (heard["result"], answer.status_code) == ("done", 200)
    assert (heard["version"], heard["receipts"]) == (answer.json["version"], answer.json["receipts"])
    assert accepted(network) == 1
    network.scene.close()
    room.db.close()
