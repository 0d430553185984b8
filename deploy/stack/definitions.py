"""What RabbitMQ takes in when it starts: everything `contracts.topology` describes, as the broker's own definitions.

So queues, bindings, users and rights are there before anybody connects; `lotse topology apply` finds nothing missing.
Partners are none of it: they come by `lotse partner onboard` and stay.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.codes import LetterPlace
from contracts.topology import Permissions, Topology, core

ADMINISTRATOR = "admin"
HASHING = "rabbit_password_hashing_sha256"


def definitions(vhost: str, passwords: Mapping[str, str], inbox_partitions: int = 1) -> dict[str, Any]:
    """The whole document; `passwords` by user name, the administrator's among them."""
    topology = core(inbox_partitions)
    return {
        "vhosts": [{"name": vhost, "default_queue_type": "quorum"}],
        "users": [
            _user(ADMINISTRATOR, passwords, ["administrator"]),
            *(_user(one.user, passwords, []) for one in topology.permissions),
        ],
        "permissions": [_permissions(vhost, one) for one in (_everything(), *topology.permissions)],
        "policies": [_policy(vhost, one.queue, (one.queue,), one.definition) for one in topology.policies]
        + [_policy(vhost, "looked-at", [place.value for place in LetterPlace], {"delivery-limit": -1})],
        **_places(vhost, topology),
    }


def _places(vhost: str, topology: Topology) -> dict[str, Any]:
    return {
        "exchanges": [
            {
                "name": one.name, "vhost": vhost, "type": one.type, "durable": True, "auto_delete": False,
                "internal": False, "arguments": dict(one.arguments),
            }
            for one in topology.exchanges
        ],
        "queues": [
            {"name": one.name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": dict(one.arguments)}
            for one in topology.queues
        ],
        "bindings": [
            {
                "source": one.source, "vhost": vhost, "destination": one.destination, "routing_key": one.routing_key,
                "destination_type": "exchange" if one.to_exchange else "queue", "arguments": {},
            }
            for one in topology.bindings
        ],
    }  # fmt: skip


def password_hash(user: str, password: str) -> str:
    """Salted as the broker does it; the salt follows from both, so that the same secrets give the same document."""
    salt = hashlib.sha256(f"salt:{user}:{password}".encode()).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _user(name: str, passwords: Mapping[str, str], tags: list[str]) -> dict[str, Any]:
    hashed = password_hash(name, passwords[name])
    return {"name": name, "password_hash": hashed, "hashing_algorithm": HASHING, "tags": tags, "limits": {}}


def _everything() -> Permissions:
    return Permissions(ADMINISTRATOR, write=".*", read=".*", configure=".*")


def _permissions(vhost: str, one: Permissions) -> dict[str, str]:
    return {"user": one.user, "vhost": vhost, "configure": one.configure, "write": one.write, "read": one.read}


def _policy(vhost: str, name: str, queues: Iterable[str], definition: Mapping[str, Any]) -> dict[str, Any]:
    pattern = f"^({'|'.join(re.escape(queue) for queue in queues)})$"
    return {
        "vhost": vhost, "name": name, "pattern": pattern, "apply-to": "queues", "priority": 0,
        "definition": dict(definition),
    }  # fmt: skip
