"""The life of a partner's keys: a next one, the end of one, one revoked; what waits sealed follows."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey

from contracts.codes import KeyUse, TaskKind
from contracts.directory import PartnerKey
from contracts.event import PublicJwk
from contracts.referral import DossierDestroyed, TaskOpened
from services.chassis.errors import RefusedError
from services.referral import handlers, sealing
from services.referral.domain.referral import Referral
from tests.integration.referral.scene import HWK, NOW, Scene, an_organization, somebody_else

DAY = timedelta(days=1)
OLD, NEW = (ECKey.generate_key("P-256", {"use": "enc"}, auto_kid=True) for _ in range(2))


def key(pair: ECKey, **life: datetime) -> PartnerKey:
    return PartnerKey(key=PublicJwk(pair.as_dict(private=False)), use=KeyUse.ENC, **life)


def tell(scene: Scene, *keys: PartnerKey, version: int) -> None:
    with scene.unit.work(actor="system:directory") as work:
        told = an_organization(HWK, public_key=None, keys=keys, version=version)
        handlers.keep_organization(work, told)


@pytest.fixture
def referral(scene: Scene) -> Referral:
    """It has left and waits, sealed to the old key."""
    scene.told_directory()
    tell(scene, key(OLD), version=2)
    return scene.requested()


def opens(scene: Scene, referral: Referral, pair: ECKey) -> bool:
    sealed = scene.fetched(referral).sealed
    if sealed.key_id != pair.kid:
        return False
    return bool(jwe.decrypt_compact(sealed.jwe, pair, algorithms=sealing.ALLOWED).plaintext)


def open_tasks(scene: Scene, kind: TaskKind) -> list[Any]:
    return scene.rows("SELECT * FROM tasks WHERE kind = %s AND closed_at IS NULL", kind)


def test_what_waits_under_the_old_key_stays_good_until_it_ends_and_is_then_sealed_anew(
    scene: Scene, referral: Referral
):
    end = NOW + 14 * DAY
    tell(scene, key(OLD, not_after=end), key(NEW, not_before=NOW), version=3)
    assert scene.said(DossierDestroyed) == []
    assert opens(scene, referral, OLD)
    scene.clock.instant = end
    assert opens(scene, referral, NEW)


def test_a_new_dossier_is_sealed_to_the_next_key_from_its_first_moment(scene: Scene, referral: Referral):
    begins = NOW + 2 * DAY
    tell(scene, key(OLD), key(NEW, not_before=begins), version=3)
    assert opens(scene, scene.requested(**somebody_else()), OLD)
    scene.clock.instant = begins
    assert opens(scene, scene.requested(**somebody_else()), NEW)


def test_a_dossier_under_a_revoked_key_is_destroyed_at_once_and_sealed_anew_at_the_fetch(
    scene: Scene, referral: Referral
):
    tell(scene, key(OLD, revoked_at=NOW), key(NEW), version=3)
    assert [one.referral_id for one in scene.said(DossierDestroyed)] == [referral.id]
    assert scene.rows("SELECT * FROM dossiers WHERE referral_id = %s", referral.id) == []
    assert opens(scene, referral, NEW)


def test_without_another_key_it_is_withheld_and_is_a_task_until_there_is_one(scene: Scene, referral: Referral):
    tell(scene, key(OLD, revoked_at=NOW), version=3)
    assert [row["referral_id"] for row in open_tasks(scene, TaskKind.PARTNER_KEY_MISSING)] == [referral.id]
    with pytest.raises(RefusedError) as refused:
        scene.fetched(referral)
    assert refused.value.slug == "dossier.key-missing"
    assert scene.rows("SELECT * FROM decisions WHERE point = 'fetch'") == [], "nobody was even asked"
    tell(scene, key(NEW), version=4)
    assert open_tasks(scene, TaskKind.PARTNER_KEY_MISSING) == []
    assert opens(scene, referral, NEW)


def test_a_key_that_ended_by_itself_withholds_too_and_the_refusal_is_the_task(scene: Scene, referral: Referral):
    tell(scene, key(OLD, not_after=NOW + DAY), version=3)
    scene.clock.instant += 2 * DAY
    with pytest.raises(RefusedError):
        scene.fetched(referral)
    assert len(open_tasks(scene, TaskKind.PARTNER_KEY_MISSING)) == 1


def test_nothing_is_ever_sealed_for_a_partner_with_a_system_to_a_key_that_we_keep(scene: Scene, referral: Referral):
    tell(scene, version=3)
    with pytest.raises(RefusedError):
        scene.fetched(referral)
    assert scene.rows("SELECT * FROM custodial_keys") == []


def test_a_month_before_the_last_key_ends_the_desk_is_told_once_and_no_more_when_there_is_a_next(
    scene: Scene, referral: Referral
):
    end = scene.clock.instant + 20 * DAY
    tell(scene, key(OLD, not_after=end), version=3)
    scene.tick()
    scene.tick()
    told = [one for one in scene.said(TaskOpened) if one.kind is TaskKind.PARTNER_KEY_ENDS]
    assert [one.due_on for one in told] == [end.date()]
    tell(scene, key(OLD, not_after=end), key(NEW, not_before=end - DAY), version=4)
    assert open_tasks(scene, TaskKind.PARTNER_KEY_ENDS) == []


def test_with_a_next_key_at_hand_nobody_is_bothered(scene: Scene, referral: Referral):
    tell(scene, key(OLD, not_after=NOW + 20 * DAY), key(NEW, not_before=NOW + 10 * DAY), version=3)
    scene.tick()
    assert open_tasks(scene, TaskKind.PARTNER_KEY_ENDS) == []
