"""The copy of the directory: newest wins, and what it means for referrals under way."""

from datetime import timedelta

from contracts.codes import Status, TaskKind
from contracts.directory import ServiceRetired
from contracts.event import PublicJwk, PublicText
from contracts.referral import DossierDestroyed, TaskClosed, TaskOpened
from services.referral import handlers
from services.referral.commands import referrals
from services.referral.store import directory
from tests.integration.referral.scene import (
    HWK,
    HWK_SERVICE,
    Scene,
    a_public_key,
    a_service,
    an_organization,
    somebody_else,
)


def test_an_older_snapshot_never_replaces_a_newer_one(scene: Scene):
    newer = a_service(version=5, name=PublicText({"de": "Neu"}))
    older = a_service(version=4, name=PublicText({"de": "Alt"}))
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization())
        handlers.keep_service(work, newer)
        handlers.keep_service(work, older)
        assert directory.listing(work.tx, HWK_SERVICE).service == newer


def test_hearing_the_same_snapshot_again_changes_nothing(scene: Scene):
    for _ in range(2):
        with scene.unit.work(actor="system:directory") as work:
            handlers.keep_service(work, a_service())
    assert [row["version"] for row in scene.rows("SELECT version FROM services")] == [1]


def test_a_new_key_destroys_what_was_sealed_to_the_old_one_and_the_fetch_seals_anew(scene: Scene):
    referral = scene.told_directory().requested()
    with scene.unit.work(actor="system:directory") as work:
        key = PublicJwk(a_public_key())
        handlers.keep_organization(work, an_organization(HWK, version=2, public_key=key))
    assert scene.rows("SELECT * FROM dossiers") == []
    assert len(scene.said(DossierDestroyed)) == 1
    assert scene.fetched(referral).sealed.key_id == key["kid"]


def test_the_same_key_in_a_new_version_leaves_the_dossier_alone(scene: Scene):
    scene.told_directory().requested()
    [row] = scene.rows("SELECT snapshot FROM organizations WHERE id = %s", HWK)
    with scene.unit.work(actor="system:directory") as work:
        key = PublicJwk(row["snapshot"]["public_key"])
        handlers.keep_organization(work, an_organization(HWK, version=2, public_key=key))
    assert len(scene.rows("SELECT * FROM dossiers")) == 1


def test_a_retired_service_takes_nothing_new_and_leaves_a_task_for_what_runs(scene: Scene):
    referral = scene.told_directory().requested()
    retired = ServiceRetired(service_id=HWK_SERVICE, version=2, organization_id=HWK)
    for _ in range(2):
        with scene.unit.work(actor="system:directory") as work:
            handlers.retire_service(work, retired)
    [task] = scene.said(TaskOpened)
    assert (task.kind, task.referral_id) == (TaskKind.SERVICE_RETIRED, referral.id)
    assert scene.now(referral.id).status is Status.REQUESTED
    with scene.db.read() as connection:
        assert directory.listing(connection, HWK_SERVICE).retired


def test_what_its_sender_has_not_let_go_of_is_a_task_too_and_is_kept_back_for_this_reason(scene: Scene):
    scene.told_directory()
    enquiry = scene.an_enquiry()
    scene.consent(enquiry)
    waiting = scene.prepared(enquiry)
    with scene.unit.work(actor="system:directory") as work:
        handlers.retire_service(work, ServiceRetired(service_id=HWK_SERVICE, version=2, organization_id=HWK))
    assert {one.referral_id for one in scene.said(TaskOpened)} == {waiting.id}
    assert {one.kind for one in scene.said(TaskOpened)} == {TaskKind.SERVICE_RETIRED}
    scene.clock.instant += timedelta(minutes=10)
    with scene.unit.work(actor="system:clock") as work:
        referrals.release(work, scene.keys, waiting.id)
    assert TaskKind.CONSENT_MISSING not in {one.kind for one in scene.said(TaskOpened)}


def test_a_service_that_is_offered_again_takes_its_tasks_off_the_desks_and_what_waited_leaves(scene: Scene):
    running = scene.told_directory().requested()
    enquiry = scene.an_enquiry(**somebody_else())
    scene.consent(enquiry)
    waiting = scene.prepared(enquiry)
    with scene.unit.work(actor="system:directory") as work:
        handlers.retire_service(work, ServiceRetired(service_id=HWK_SERVICE, version=2, organization_id=HWK))
    scene.clock.instant += timedelta(minutes=10)
    with scene.unit.work(actor="system:clock") as work:
        referrals.release(work, scene.keys, waiting.id)
    assert scene.now(waiting.id).status is Status.AWAITING_CONSENT
    open_before = {one.task_id for one in scene.said(TaskOpened)}

    for version in (3, 4):
        with scene.unit.work(actor="system:directory") as work:
            handlers.keep_service(work, a_service(version=version))
    assert {one.task_id for one in scene.said(TaskClosed)} == open_before
    assert len(scene.said(TaskClosed)) == len(open_before)
    scene.tick()
    assert scene.now(waiting.id).status is Status.REQUESTED
    assert scene.now(running.id).status is Status.REQUESTED
    assert scene.rows("SELECT 1 FROM tasks WHERE closed_at IS NULL AND kind = 'service_retired'") == []
