"""RabbitMQ's management API, as far as the network needs it. Whoever holds its address holds the admin credential."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import urllib3

from contracts.topology import Binding, Permissions, Topology

FIRST_WITH_A_LIMIT = 4
#: So many nodes keep a queue, as soon as there are so many: one may be lost.
COPIES = 3
INBOX = re.compile(r"[a-z]+\.inbox(\.\d+)?")


class BrokerError(Exception):
    """The management API could not be reached or said no."""

    def __init__(self, what: str, status: int = 0, answer: str = "") -> None:
        super().__init__(f"{what}: {status or 'no answer'} {answer}".strip())
        self.status = status


class Broker:
    """One virtual host of one RabbitMQ."""

    def __init__(self, management_url: str, vhost: str = "/") -> None:
        address = urlsplit(management_url)
        login = f"{address.username or 'guest'}:{address.password or 'guest'}"
        self._base = f"{address.scheme}://{address.hostname}:{address.port or 15672}{address.path.rstrip('/')}/api"
        self._headers = {**urllib3.make_headers(basic_auth=login), "Content-Type": "application/json"}
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=30), retries=False)
        self.vhost = vhost
        self._v = quote(vhost, safe="")

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One call; an answer of 400 and more is a `BrokerError`."""
        try:
            answer = self._http.request(
                method, self._base + path, headers=self._headers, body=json.dumps(body) if body is not None else None
            )
        except urllib3.exceptions.HTTPError as error:
            raise BrokerError(f"{method} {path}", answer=type(error).__name__) from error
        if answer.status >= 400:
            raise BrokerError(f"{method} {path}", answer.status, answer.data.decode(errors="replace")[:300])
        return json.loads(answer.data) if answer.data else None

    def ensure_vhost(self) -> None:
        """Create the virtual host; new queues in it are quorum queues unless they say otherwise."""
        self.call("PUT", f"/vhosts/{self._v}", {})

    def apply(self, topology: Topology) -> None:
        """Create what is missing; what exists with other arguments is refused by the broker and named."""
        for exchange in topology.exchanges:
            body = {"type": exchange.type, "durable": True, "arguments": dict(exchange.arguments)}
            self.call("PUT", f"/exchanges/{self._v}/{quote(exchange.name, safe='')}", body)
        for queue in topology.queues:
            body = {"durable": True, "arguments": dict(queue.arguments)}
            self.call("PUT", f"/queues/{self._v}/{quote(queue.name, safe='')}", body)
        for binding in topology.bindings:
            self.bind(binding)
        for policy in topology.policies:
            self._bind_by_policy(policy.queue, (policy.queue,), policy.definition)

    def bind(self, binding: Binding) -> None:
        """Let messages flow so; again changes nothing."""
        self.call("POST", self._path_of(binding), {"routing_key": binding.routing_key, "arguments": {}})

    def unbind(self, binding: Binding) -> None:
        """Let messages flow so no more; where they do not, nothing changes."""
        path = self._path_of(binding)
        for row in self.call("GET", path):
            if row["routing_key"] == binding.routing_key:
                self._delete(f"{path}/{quote(row['properties_key'], safe='')}")

    def _path_of(self, binding: Binding) -> str:
        source, destination = quote(binding.source, safe=""), quote(binding.destination, safe="")
        return f"/bindings/{self._v}/e/{source}/{'e' if binding.to_exchange else 'q'}/{destination}"

    def lift_delivery_limit(self, queues: Iterable[str]) -> None:
        """From RabbitMQ 4 on what was looked at twenty times is thrown away; not what lies to be looked at."""
        version = str(self.call("GET", "/overview?columns=rabbitmq_version")["rabbitmq_version"])
        if int(version.partition(".")[0]) < FIRST_WITH_A_LIMIT:
            return  # no limit there, and no way to say so
        self._bind_by_policy("looked-at", queues, {"delivery-limit": -1})

    def _bind_by_policy(self, name: str, queues: Iterable[str], definition: Mapping[str, Any]) -> None:
        pattern = f"^({'|'.join(re.escape(queue) for queue in queues)})$"
        body = {"pattern": pattern, "definition": dict(definition), "apply-to": "queues"}
        self.call("PUT", f"/policies/{self._v}/{quote(name, safe='')}", body)

    def ensure_user(self, permissions: Permissions, password: str | None) -> None:
        """Create or renew the user (password None: keep it) and give it exactly these permissions."""
        user = quote(permissions.user, safe="")
        if password is not None:
            self.call("PUT", f"/users/{user}", {"password": password, "tags": ""})
        body = {"configure": permissions.configure, "write": permissions.write, "read": permissions.read}
        self.call("PUT", f"/permissions/{self._v}/{user}", body)

    def permissions_of(self, user: str) -> Permissions | None:
        """What the user may do here; None if there is no such user or it may do nothing."""
        try:
            seen = self.call("GET", f"/permissions/{self._v}/{quote(user, safe='')}")
        except BrokerError as error:
            if error.status == 404:
                return None
            raise
        return Permissions(user, write=seen["write"], read=seen["read"], configure=seen["configure"])

    def users(self) -> set[str]:
        """The names of all users."""
        return {row["name"] for row in self.call("GET", "/users?columns=name")}

    def bar(self, user: str) -> None:
        """Take every permission away and close the user's connections; queues and messages stay."""
        self._delete(f"/permissions/{self._v}/{quote(user, safe='')}")
        self._hang_up(user)

    def remove(self, user: str, topology: Topology) -> None:
        """Remove the user and everything that was made for it, with what is still in its queue."""
        self._delete(f"/users/{quote(user, safe='')}")
        self._hang_up(user)
        for queue in topology.queues:
            self._delete(f"/queues/{self._v}/{quote(queue.name, safe='')}")
        for exchange in topology.exchanges:
            self._delete(f"/exchanges/{self._v}/{quote(exchange.name, safe='')}")

    def missing(self, topology: Topology) -> list[str]:
        """What the topology wants and the broker does not have, in words for a table."""
        exchanges = {row["name"] for row in self.call("GET", f"/exchanges/{self._v}?columns=name")}
        queues = {row["name"] for row in self.call("GET", f"/queues/{self._v}?columns=name")}
        bound = {
            (row["source"], row["destination"], row["routing_key"])
            for row in self.call("GET", f"/bindings/{self._v}?columns=source,destination,routing_key")
        }
        policies = {row["name"]: row["definition"] for row in self.call("GET", f"/policies/{self._v}")}
        return [
            *(f"exchange {item.name}" for item in topology.exchanges if item.name not in exchanges),
            *(f"queue {item.name}" for item in topology.queues if item.name not in queues),
            *(
                f"binding {item.source} -> {item.destination} ({item.routing_key})"
                for item in topology.bindings
                if (item.source, item.destination, item.routing_key) not in bound
            ),
            *(f"policy {one.queue}" for one in topology.policies if policies.get(one.queue) != dict(one.definition)),
        ]

    def led_elsewhere(self, topology: Topology) -> list[Binding]:
        """Bindings of services' inboxes that the topology does not have: of another number of partitions."""
        wanted = {(one.source, one.destination, one.routing_key) for one in topology.bindings}
        rows = self.call("GET", f"/bindings/{self._v}?columns=source,destination,destination_type,routing_key")
        found = [
            Binding(row["source"], row["destination"], row["routing_key"], row["destination_type"] == "exchange")
            for row in rows
            if row["source"] and INBOX.fullmatch(row["destination"])
        ]
        return [one for one in found if (one.source, one.destination, one.routing_key) not in wanted]

    def different(self, topology: Topology) -> list[str]:
        """Queues that exist with other arguments than wanted; the broker changes none of them in place."""
        seen = {row["name"]: row["arguments"] for row in self.call("GET", f"/queues/{self._v}?columns=name,arguments")}
        return [one.name for one in topology.queues if one.name in seen and seen[one.name] != dict(one.arguments)]

    def thin(self, topology: Topology) -> list[tuple[str, int, int]]:
        """Queues that lie on fewer nodes than they might, on how many, and of how many; three are enough."""
        nodes = min(COPIES, len(self.call("GET", "/nodes?columns=name")))
        rows = self.call("GET", f"/queues/{self._v}?columns=name,members")
        kept = {row["name"]: len(row["members"]) for row in rows if row.get("members")}  # what it knows by now
        return [(one.name, kept[one.name], nodes) for one in topology.queues if kept.get(one.name, nodes) < nodes]

    def drop_empty(self, queue: str) -> None:
        """Remove a queue to be made anew, unless something lies in it. What comes in that moment is in the feed."""
        path = f"/queues/{self._v}/{quote(queue, safe='')}"
        look = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}
        if self.call("GET", path).get("messages") or self.call("POST", f"{path}/get", look):
            raise BrokerError(
                f"queue {queue} has old arguments and letters in it; its partner has to take them first", 409
            )
        self._delete(path)

    def beyond(self, user: str) -> list[str]:
        """What a user has besides its permissions here: tags (some let it pose as others), and other virtual hosts."""
        if user not in self.users():
            return []
        path = f"/users/{quote(user, safe='')}"
        tags = self.call("GET", path)["tags"]
        hosts = {row["vhost"] for row in self.call("GET", f"{path}/permissions")} - {self.vhost}
        named = tags if isinstance(tags, list) else [tag for tag in str(tags).split(",") if tag]
        return [*(f"tag {tag}" for tag in sorted(named)), *(f"virtual host {host}" for host in sorted(hosts))]

    def confine(self, user: str) -> None:
        """Take away all a user has beyond its permissions here; its password stays."""
        path = f"/users/{quote(user, safe='')}"
        known = self.call("GET", path)
        if known["tags"]:
            kept = {"password_hash": known["password_hash"], "hashing_algorithm": known["hashing_algorithm"]}
            self.call("PUT", path, {**kept, "tags": ""})
        for row in self.call("GET", f"{path}/permissions"):
            if row["vhost"] != self.vhost:
                self._delete(f"/permissions/{quote(row['vhost'], safe='')}/{quote(user, safe='')}")

    def definitions(self) -> Mapping[str, Any]:
        """Exchanges, queues, bindings and policies of this virtual host, as the broker itself would import them."""
        return dict(self.call("GET", f"/definitions/{self._v}"))

    def user_definitions(self) -> Mapping[str, Any]:
        """Who may do what in this virtual host, with the digests of their passwords; of nobody else."""
        rights = list(self.call("GET", f"/vhosts/{self._v}/permissions"))
        named = {row["user"] for row in rights}
        users = [row for row in self.call("GET", "/users") if row["name"] in named]
        return {"users": users, "permissions": rights}

    def queues(self) -> list[Mapping[str, Any]]:
        """Name, length and consumers of every queue."""
        columns = "name,messages,messages_ready,messages_unacknowledged,consumers"
        rows: Iterable[Mapping[str, Any]] = self.call("GET", f"/queues/{self._v}?columns={columns}")
        return sorted(rows, key=lambda row: str(row["name"]))

    def _hang_up(self, user: str) -> None:
        for row in self.call("GET", "/connections?columns=name,user"):
            if row.get("user") == user:
                self._delete(f"/connections/{quote(row['name'], safe='')}")

    def _delete(self, path: str) -> None:
        try:
            self.call("DELETE", path)
        except BrokerError as error:
            if error.status != 404:
                raise
