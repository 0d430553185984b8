"""``python -m deploy.kubernetes.workloads``: writes `base/`, from `docker-compose.yml` and the routes of the door.

The compose file is where services, roles, settings, limits and looks after health are decided; here they only get other
names. What Kubernetes needs besides - how many, who may speak to whom, what may be away at once - stands in this file.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from contracts.topology import MOST_PARTITIONS, PARTITIONED, SERVICES, inbox_queues
from deploy.demo.front import ROUTES

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(__file__).parent / "base"
PORT, NAMESPACE = 8080, "lotsennetz"
#: Two of each: the second web role answers, every other second one stands by and takes over within seconds.
REPLICAS = 2
#: What waits for one worker before another is brought: about a second of its work (docs/performance.md, "Catching up").
LETTERS_FOR_ONE = "1000"
#: What a replica is sure to get; what it may take at most stands in the compose file.
REQUESTS = {"cpu": "50m", "memory": "128Mi"}
#: Roles that speak to the world: web to the issuer, the others to partners' webhooks and mail servers.
OUTWARD = frozenset({"web", "dispatcher", "postman"})
Object = dict[str, Any]


class Plain(yaml.CSafeDumper):
    """Says the same thing twice instead of pointing to where it was said."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Role:
    """One role of one service, as the compose file has it."""

    service: str
    name: str
    compose: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"{self.service}-{self.name}"

    @property
    def labels(self) -> dict[str, str]:
        return {
            "app.kubernetes.io/part-of": "lotsennetz",
            "lotsennetz/service": self.service,
            "lotsennetz/role": self.name,
        }


@cache
def roles() -> list[Role]:
    """Every standing role, and each service's migration."""
    composed = yaml.load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)["services"]
    names = re.compile(rf"({'|'.join(SERVICES)})-(\w+)")
    return [Role(found[1], found[2], told) for name, told in composed.items() if (found := names.fullmatch(name))]


def files() -> dict[str, str]:
    """Every file of the base with its text."""
    standing = [role for role in roles() if role.name != "migrate"]
    told = {
        "namespace": [_object("v1", "Namespace", NAMESPACE, {})],
        "settings": [_settings(role) for role in standing if role.name == "web"],
        "migrations": [_migration(role) for role in roles() if role.name == "migrate"],
        "workloads": [_deployment(role) for role in standing],
        "services": [_service(role) for role in standing if role.name == "web"],
        "ingress": [_ingress()],
        "disruption": [_budget(role) for role in standing],
        "scaling": [_scaling(role) for role in standing if role.name == "web"]
        + [_draining(role) for role in standing if is_divided(role)],
        "network": list(_policies()),
        "storage": [_claim("deletions"), _claim("checkpoints")],
    }
    texts = {
        f"{name}.yaml": yaml.dump_all(objects, Dumper=Plain, sort_keys=False, width=110)
        for name, objects in told.items()
    }
    resources = sorted([*texts, "postgres.yaml", "rabbitmq.yaml"])
    texts["kustomization.yaml"] = yaml.safe_dump(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": NAMESPACE,
            "resources": resources,
        },
        sort_keys=False,
    )
    note = "# Made by `python -m deploy.kubernetes.workloads`; change that, or lay an overlay over it.\n"
    return {name: note + text for name, text in texts.items()}


def _object(version: str, kind: str, name: str, rest: Object, labels: Mapping[str, str] | None = None) -> Object:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, **({"labels": labels} if labels else {})},
        **rest,
    }


def _settings(role: Role) -> Object:
    """What is no secret, with the compose file's defaults; an overlay says the rest (docs/configuration.md)."""
    data = {name: _default(str(value)) for name, value in role.compose["environment"].items()}
    return _object("v1", "ConfigMap", f"{role.service}-settings", {"data": {k: v for k, v in data.items() if v}})


def _default(value: str) -> str:
    """The value compose would give where nobody set anything; `:+` is given where somebody has."""
    filled = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
    return "" if "${" in filled else filled


def _pod(role: Role, arguments: list[str], *, restart: str = "Always") -> Object:
    own = role.compose["environment"]
    extra = [{"name": name, "value": str(value)} for name, value in own.items() if name not in _shared(role.service)]
    container: Object = {
        "name": role.name,
        "image": f"lotsennetz/{role.service}",
        "args": arguments,
        "envFrom": [{"configMapRef": {"name": f"{role.service}-settings"}}],
        **({"env": extra} if extra else {}),
        "resources": {"requests": REQUESTS, "limits": {"memory": _memory(role.compose["mem_limit"])}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, *_mounts(role)],  # noqa: S108 - the pod's own memory
    }
    if restart == "Always":
        look = {"exec": {"command": role.compose["healthcheck"]["test"][1:]}, "timeoutSeconds": 20}
        container["readinessProbe"] = {**look, "periodSeconds": 15}
        container["livenessProbe"] = {**look, "periodSeconds": 60, "failureThreshold": 5}
        container["startupProbe"] = {**look, "periodSeconds": 5, "failureThreshold": 60}
        if role.name == "web":
            container["ports"] = [{"name": "http", "containerPort": PORT}]
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 30,
        "restartPolicy": restart,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}, *_volumes(role)],
    }


def _shared(service: str) -> Mapping[str, Any]:
    return next(role.compose["environment"] for role in roles() if (role.service, role.name) == (service, "web"))


def _memory(limit: str) -> str:
    return limit.replace("m", "Mi").replace("g", "Gi")


def _places(role: Role) -> Iterator[tuple[str, str, bool]]:
    """Name, place and whether it is a secret, of every volume; and the files compose brings as configs."""
    for volume in role.compose["volumes"]:
        name, place, *_ = volume.split(":")
        yield name, place, name.startswith("secrets-")
    if role.compose.get("configs"):
        yield f"{role.service}-files", "/run/config", False


def _mounts(role: Role) -> list[Object]:
    return [
        {"name": name, "mountPath": place, **({"readOnly": True} if is_secret or place == "/run/config" else {})}
        for name, place, is_secret in _places(role)
    ]


def _volumes(role: Role) -> list[Object]:
    return [
        {"name": name, "secret": {"secretName": name}}
        if is_secret
        else {"name": name, "configMap": {"name": name}}
        if place == "/run/config"
        else {"name": name, "persistentVolumeClaim": {"claimName": name}}
        for name, place, is_secret in _places(role)
    ]


def _deployment(role: Role) -> Object:
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": role.labels},
    }
    pod = {**_pod(role, list(role.compose["command"])), "topologySpreadConstraints": [spread]}
    spec = {
        "replicas": REPLICAS,
        "selector": {"matchLabels": role.labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": role.labels}, "spec": pod},
    }
    if role.name == "web" or is_divided(role):
        del spec["replicas"]  # the autoscaler's
    return _object("apps/v1", "Deployment", role.title, {"spec": spec}, role.labels)


def _migration(role: Role) -> Object:
    """Before each new version; it may run beside the old one, which goes on (docs/operations.md)."""
    pod = _pod(role, list(role.compose["command"]), restart="Never")
    spec = {"backoffLimit": 3, "template": {"metadata": {"labels": role.labels}, "spec": pod}}
    return _object("batch/v1", "Job", role.title, {"spec": spec}, role.labels)


def _service(role: Role) -> Object:
    ports = [{"name": "http", "port": PORT, "targetPort": "http"}]
    return _object("v1", "Service", role.title, {"spec": {"selector": role.labels, "ports": ports}}, role.labels)


def _ingress() -> Object:
    """One origin, as the door of the compose stack; figures are for the inner side and have no path here."""
    paths = [
        {
            "path": prefix,
            "pathType": "Prefix",
            "backend": {"service": {"name": f"{service}-web", "port": {"name": "http"}}},
        }
        for prefix, service in ROUTES
    ]
    host = "lotsennetz.example"
    rule = {"host": host, "http": {"paths": paths}}
    return _object(
        "networking.k8s.io/v1",
        "Ingress",
        "door",
        {"spec": {"tls": [{"hosts": [host], "secretName": "door-certificate"}], "rules": [rule]}},
    )


def _budget(role: Role) -> Object:
    spec = {"minAvailable": 1, "selector": {"matchLabels": role.labels}}
    return _object("policy/v1", "PodDisruptionBudget", role.title, {"spec": spec})


def is_divided(role: Role) -> bool:
    """Whether several may work beside each other, each on a part of the inbox."""
    return role.name == "worker" and role.service in PARTITIONED


def _scaling(role: Role) -> Object:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "600m"}},
    }
    return _autoscaler(role, 6, metric)


def _draining(role: Role) -> Object:
    """As many workers as there is to hear; one above the number of queues would only stand by."""
    queues = list(inbox_queues(role.service, MOST_PARTITIONS))
    chosen = {"matchExpressions": [{"key": "queue", "operator": "In", "values": queues}]}
    waiting = {
        "metric": {"name": "rabbitmq_detailed_queue_messages", "selector": chosen},
        "target": {"type": "AverageValue", "averageValue": LETTERS_FOR_ONE},
    }
    return _autoscaler(role, MOST_PARTITIONS, {"type": "External", "external": waiting})


def _autoscaler(role: Role, most: int, metric: Object) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": role.title}
    spec = {"scaleTargetRef": target, "minReplicas": REPLICAS, "maxReplicas": most, "metrics": [metric]}
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", role.title, {"spec": spec})


def _claim(name: str) -> Object:
    """Several replicas write it, on several machines: a storage class that can do so is needed."""
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "5Gi"}}}
    return _object("v1", "PersistentVolumeClaim", name, {"spec": spec})


def _policies() -> Iterator[Object]:
    """Nobody speaks to anybody but: roles to database and broker, door and Prometheus to web, some to the world."""
    ours = {"matchLabels": {"app.kubernetes.io/part-of": "lotsennetz"}}
    yield _policy("nobody", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    dns = {"ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]}
    postgres = {"to": [{"podSelector": {"matchLabels": {"cnpg.io/cluster": "postgres"}}}], "ports": [_port(5432)]}
    broker = {"to": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "rabbitmq"}}}], "ports": [_port(5671)]}
    yield _policy("servers", {"podSelector": ours, "policyTypes": ["Egress"], "egress": [dns, postgres, broker]})
    web = {"matchLabels": {"lotsennetz/role": "web"}}
    door = [{"namespaceSelector": {"matchLabels": {"lotsennetz/may-reach-web": "yes"}}}]
    yield _policy(
        "door", {"podSelector": web, "policyTypes": ["Ingress"], "ingress": [{"from": door, "ports": [_port(PORT)]}]}
    )
    outward = {"matchExpressions": [{"key": "lotsennetz/role", "operator": "In", "values": sorted(OUTWARD)}]}
    inner = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]
    world = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": inner}}], "ports": [_port(443), _port(465), _port(587)]}
    yield _policy("outward", {"podSelector": outward, "policyTypes": ["Egress"], "egress": [world]})
    for name, labels, port in (
        ("postgres", {"cnpg.io/cluster": "postgres"}, 5432),
        ("rabbitmq", {"app.kubernetes.io/name": "rabbitmq"}, 5671),
    ):
        own = {"podSelector": {"matchLabels": labels}}
        allowed = [{"from": [{"podSelector": ours}], "ports": [_port(port)]}, {"from": [own]}]
        spec: Object = {**own, "policyTypes": ["Ingress", "Egress"], "ingress": allowed}
        yield _policy(name, {**spec, "egress": [{"to": [own]}, dns, {"ports": [_port(443), _port(6443)]}]})


def _port(number: int) -> Object:
    return {"protocol": "TCP", "port": number}


def _policy(name: str, spec: Object) -> Object:
    return _object("networking.k8s.io/v1", "NetworkPolicy", name, {"spec": spec})


def main() -> None:
    BASE.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (BASE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
