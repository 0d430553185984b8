"""Changing the secret that signs a partner's webhooks, seen by the official verifiers in Python and Node."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from standardwebhooks import Webhook, WebhookVerificationError

from contracts.codes import ChannelKind
from services.notifications import webhook_secrets
from tests.integration.notifications.conftest import NOW, SECRET, Notifications
from tests.integration.notifications.receiver import Receiver, running

NODE = Path(__file__).resolve().parents[2] / "vendor" / "node"
OVERLAP = timedelta(hours=24)


def verifies(secret: str, got: tuple[dict[str, str], bytes], at: datetime) -> bool:
    headers, body = got
    with time_machine.travel(at, tick=False):
        try:
            Webhook(secret).verify(body.decode(), headers)
        except WebhookVerificationError:
            return False
    return True


def a_notice(notifications: Notifications, partner: UUID, receiver: Receiver) -> tuple[dict[str, str], bytes]:
    notifications.a_request(partner)
    assert notifications.dispatch() == 1
    return receiver.got[-1]


def test_while_a_secret_changes_both_sign_and_then_only_the_new_one(notifications: Notifications) -> None:
    new = webhook_secrets.new_secret()
    with running(Receiver()) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        notifications.keep_secret(partner)
        before = a_notice(notifications, partner, receiver)
        notifications.keep_secret(partner, new, OVERLAP)
        meanwhile = a_notice(notifications, partner, receiver)
        notifications.clock.instant = NOW + OVERLAP
        after = a_notice(notifications, partner, receiver)
    signed = [
        [verifies(secret, got, at) for secret in (SECRET, new)]
        for got, at in ((before, NOW), (meanwhile, NOW), (after, NOW + OVERLAP))
    ]
    assert signed == [[True, False], [True, True], [False, True]]
    assert [len(got[0]["webhook-signature"].split()) for got in (before, meanwhile, after)] == [1, 2, 1]
    assert notifications.said().count("notifications.webhook_secret_changed.v1") == 2


def test_a_secret_others_know_is_replaced_at_once(notifications: Notifications) -> None:
    new = webhook_secrets.new_secret()
    with running(Receiver()) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        notifications.keep_secret(partner)
        notifications.keep_secret(partner, new, timedelta(0))
        got = a_notice(notifications, partner, receiver)
    assert (verifies(SECRET, got, NOW), verifies(new, got, NOW)) == (False, True)


def test_a_change_made_twice_because_its_answer_was_lost_silences_nobody(notifications: Notifications) -> None:
    lost, new = webhook_secrets.new_secret(), webhook_secrets.new_secret()
    with running(Receiver()) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        notifications.keep_secret(partner)
        notifications.keep_secret(partner, lost, OVERLAP)
        notifications.clock.instant += timedelta(minutes=1)
        notifications.keep_secret(partner, new, OVERLAP)
        meanwhile = a_notice(notifications, partner, receiver)
        notifications.clock.instant = NOW + OVERLAP
        later = a_notice(notifications, partner, receiver)
        notifications.keep_secret(partner, webhook_secrets.new_secret(), timedelta(0))
        at_once = a_notice(notifications, partner, receiver)
    assert all(verifies(secret, meanwhile, NOW) for secret in (SECRET, lost, new))
    assert [verifies(secret, later, NOW + OVERLAP) for secret in (SECRET, lost, new)] == [False, True, True]
    assert len(at_once[0]["webhook-signature"].split()) == 1


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_the_official_verifier_for_node_accepts_either_secret(notifications: Notifications) -> None:
    new = webhook_secrets.new_secret()
    notifications.clock.instant = datetime.now(UTC)  # it asks the machine's clock
    with running(Receiver()) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        notifications.keep_secret(partner)
        notifications.keep_secret(partner, new, OVERLAP)
        headers, body = a_notice(notifications, partner, receiver)
    wrong = webhook_secrets.new_secret()
    assert [node_verifies(secret, headers, body.decode()) for secret in (SECRET, new, wrong)] == [True, True, False]
    assert not node_verifies(new, headers, body.decode() + " ")
    assert not node_verifies(new, {**headers, "webhook-id": "another"}, body.decode())


def node_verifies(secret: str, headers: dict[str, str], body: str) -> bool:
    asked = json.dumps({"secret": secret, "headers": headers, "body": body})
    told = subprocess.run(
        ["node", str(NODE / "verify-webhook.js")],
        input=asked,
        text=True,
        capture_output=True,
        timeout=20,
        check=False,
        env={**os.environ, "NODE_PATH": str(NODE)},
    )
    assert told.returncode in {0, 1}, told.stderr
    assert told.returncode == 0 or "signature" in told.stderr
    return told.returncode == 0
