"""The objects for Kubernetes are those of the compose file, and Kubernetes' own schemas accept them."""

from copy import deepcopy
from functools import cache

import kubernetes_validate
import pytest
import yaml

from contracts.topology import MOST_PARTITIONS, PARTITIONED, SERVICES, core
from deploy.kubernetes import workloads
from deploy.kubernetes.workloads import BASE, PORT, files, roles

#: Objects of the two operators: Kubernetes knows no schema of theirs.
OPERATORS = ("rabbitmq.com/", "postgresql.cnpg.io/")


@cache
def objects():
    texts = {path.name: path.read_text() for path in BASE.glob("*.yaml") if path.name != "kustomization.yaml"}
    return [one for name in sorted(texts) for one in yaml.load_all(texts[name], yaml.CSafeLoader)]


def of_kind(kind):
    return {one["metadata"]["name"]: one for one in objects() if one["kind"] == kind}


def test_the_base_is_that_of_the_compose_file():
    kept = {path.name: path.read_text() for path in BASE.glob("*.yaml")}
    made = files()
    assert {name: kept[name] for name in made} == made, "python -m deploy.kubernetes.workloads writes it anew"
    assert set(kept) == {*made, "postgres.yaml", "rabbitmq.yaml"}


def test_kubernetes_accepts_every_object():
    checked = [one for one in objects() if not one["apiVersion"].startswith(OPERATORS)]
    assert len(checked) > 50
    for one in checked:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


def test_an_object_that_is_wrong_is_found():
    wrong = deepcopy(of_kind("Deployment")["audit-web"])
    wrong["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_every_role_of_the_compose_file_runs_and_may_lose_one_of_two():
    standing = {role.title for role in roles() if role.name != "migrate"}
    assert {role.service for role in roles()} == set(SERVICES)
    assert set(of_kind("Deployment")) == set(of_kind("PodDisruptionBudget")) == standing
    assert set(of_kind("Job")) == {f"{service}-migrate" for service in SERVICES}


def test_nobody_runs_as_root_or_holds_what_is_another_s():
    for name, one in [*of_kind("Deployment").items(), *of_kind("Job").items()]:
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"], name
        [container] = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"], name
        secrets = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
        own = {f"secrets-{name.partition('-')[0]}"}
        assert secrets - own <= ({"secrets-migrate"} if "migrate" in name else {"secrets-retention"}), name


def test_figures_have_no_way_in_from_outside_and_all_else_goes_to_its_service():
    [door] = of_kind("Ingress").values()
    paths = {path["path"]: path["backend"]["service"]["name"] for path in door["spec"]["rules"][0]["http"]["paths"]}
    assert paths["/hsds"] == "directory-web" and paths["/partner/v1/events"] == "notifications-web"
    assert set(paths.values()) == {f"{service}-web" for service in SERVICES} == set(of_kind("Service"))
    assert all(one["spec"]["ports"][0]["port"] == PORT for one in of_kind("Service").values())


def test_what_nobody_allows_is_refused():
    policies = of_kind("NetworkPolicy")
    assert policies["nobody"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert set(policies["outward"]["spec"]["podSelector"]["matchExpressions"][0]["values"]) == workloads.OUTWARD


def test_web_grows_by_its_work_and_a_worker_by_what_waits_in_queues_that_exist():
    waiting, deployed = {}, of_kind("Deployment")
    for name, one in of_kind("HorizontalPodAutoscaler").items():
        [metric] = one["spec"]["metrics"]
        assert "replicas" not in deployed[name]["spec"], "each new version would undo what the autoscaler did"
        if metric["type"] == "External":
            [chosen] = metric["external"]["metric"]["selector"]["matchExpressions"]
            waiting[name] = chosen["values"]
            assert one["spec"]["maxReplicas"] == len(chosen["values"])
        else:
            assert name.endswith("-web")
    assert set(waiting) == {f"{service}-worker" for service in PARTITIONED}
    made = {queue.name for queue in core(MOST_PARTITIONS).queues}
    assert all(set(queues) < made for queues in waiting.values())
