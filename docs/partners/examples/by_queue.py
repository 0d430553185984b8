"""A partner's own queue: read notices, send one answer by queue, wait for its result. `pip install amqp`.

AMQP_HOST (host:port), AMQP_VHOST, AMQP_USER, AMQP_PASSWORD, AMQP_CA_FILE (none: no TLS, on this machine only),
ORGANIZATION_ID as you were given.

    python by_queue.py read                                     every notice that waits, one JSON a line
    python by_queue.py say REFERRAL VERSION ACTION '{...}'      sends it, prints what comes until its result
"""

import json
import os
import ssl
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

import amqp

ORGANIZATION, USER = os.environ["ORGANIZATION_ID"], os.environ["AMQP_USER"]
CA_FILE = os.environ.get("AMQP_CA_FILE")
HOST = os.environ["AMQP_HOST"]
NAME = HOST.partition(":")[0]
TLS = {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": CA_FILE, "server_hostname": NAME}

if not CA_FILE and NAME not in ("localhost", "127.0.0.1"):
    sys.exit(f"AMQP_CA_FILE: missing; to {NAME} only by TLS, or the password travels in the clear")

connection = amqp.Connection(
    HOST,
    USER,
    os.environ["AMQP_PASSWORD"],
    virtual_host=os.environ.get("AMQP_VHOST", "lotsennetz"),
    ssl=TLS if CA_FILE else False,
    confirm_publish=True,  # a command counts as sent when the broker has it
    heartbeat=20,
    connect_timeout=5,
)
connection.connect()
channel = connection.channel()


def taken():
    """One message after the other; it is acknowledged when the caller comes back for the next, not before."""
    while (message := channel.basic_get(f"partner.{ORGANIZATION}.notices")) is not None:
        yield json.loads(message.body)
        channel.basic_ack(message.delivery_tag)


def say(referral, version, action, data):
    command = {
        "specversion": "1.0",
        "id": str(uuid4()),  # the idempotency key: write it down before you send, send it again under the same
        "source": f"/partners/{ORGANIZATION}",
        "type": f"partner.{action}.v1",
        "subject": f"referral/{referral}",
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "expectedversion": version,
        "data": data,
    }
    message = amqp.Message(
        json.dumps(command),
        content_type="application/cloudevents+json",
        delivery_mode=2,
        message_id=command["id"],
        user_id=USER,  # who says it: the broker compares it with the connection's user
    )
    exchange = f"partner.{ORGANIZATION}.commands"
    channel.basic_publish(message, exchange=exchange, routing_key=command["type"], mandatory=True)
    return command["id"]


if sys.argv[1] == "read":
    for event in taken():
        print(json.dumps(event), flush=True)
else:
    referral, version, action, data = sys.argv[2:]
    sent, result, until = say(referral, int(version), action, json.loads(data)), None, time.monotonic() + 30
    while result is None and time.monotonic() < until:
        for event in taken():
            print(json.dumps(event), flush=True)  # notices come through the same queue: none may be lost
            if event["type"] == "partner.command_result.v1" and event["data"]["command_id"] == sent:
                result = event["data"]
        time.sleep(0.2)
connection.close()
