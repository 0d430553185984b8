"""What is done with a unit's codes and devices. A wrong try is written down, so it is an answer and no error."""

import hashlib
import hmac
import secrets
from uuid import UUID

from contracts.codes import ChannelKind, TaskKind, Way
from contracts.referral import (
    DeskCodeIssued,
    DeskCodeRefused,
    DeskCodeRevoked,
    DeskCodeWanted,
    DeskDeviceKnown,
    DeskDeviceRevoked,
)
from services.chassis.errors import RefusedError
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.commands.saving import load
from services.referral.domain.desk_devices import (
    CODE_LIFE,
    DEVICE_LIFE,
    DeskCode,
    DeskDevice,
    Ending,
    Wrong,
    as_typed,
    digits_of,
)
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import task
from services.referral.store import desk_devices as store
from services.referral.store import directory, timeline
from services.referral.vault import Vault

#: Somebody stands before a closed door: the code is given on the next working day at the latest.
WORKING_DAYS = 1


def issue(work: Work, organization_id: UUID, way: Way) -> UUID:
    """Give a unit a code; whoever asked for one has it now. Returns the code's id, from which it is computed."""
    if directory.channel_of(work.tx, organization_id) is not ChannelKind.LIGHT:
        raise RefusedError("desk.not-a-light-unit")
    code = DeskCode(work.new_id(), organization_id, way, work.now, work.now + CODE_LIFE)
    store.add_code(work, code)
    work.announce(DeskCodeIssued(organization_id=organization_id, code_id=code.id, way=way, expires_at=code.expires_at))
    for referral_id in store.referrals_waiting(work, organization_id):
        timeline.close_tasks(work, referral_id, (TaskKind.DESK_CODE_WANTED,))
    return code.id


def words_of(vault: Vault, code_id: UUID) -> list[str]:
    """What is to be typed, under the current service key first: it is never kept, only computed."""
    return [digits_of(digest) for digest in vault.digests(b"desk-code/" + code_id.bytes)]


def make_known(
    work: Work, vault: Vault, referral_id: UUID, by: Actor, unit: str, typed: str
) -> tuple[DeskDevice, str] | Wrong:
    """Use a code up; from then on this device opens dossiers. The token is for its cookie and kept nowhere."""
    load(work, referral_id, by)
    assert by.organization_id is not None, "a unit always belongs to an organization"
    codes, given = store.open_codes(work, by.organization_id), as_typed(typed).encode()
    # every code is compared whatever the ones before it said: how long it takes tells nothing
    fitting = [code for code in codes if sum(_is_same(words, given) for words in words_of(vault, code.id))]
    if not fitting:
        return _refused(work, codes, referral_id, by.organization_id)
    store.end_code(work, fitting[0].id, Ending.USED)
    token = secrets.token_urlsafe(32)
    device = DeskDevice(work.new_id(), by.organization_id, work.now, work.now, work.now + DEVICE_LIFE)
    store.add_device(work, device, unit, fitting[0].id, hashlib.sha256(token.encode()).digest())
    work.announce(
        DeskDeviceKnown(
            organization_id=by.organization_id,
            device_id=device.id,
            code_id=fitting[0].id,
            expires_at=device.expires_at,
        )
    )
    return device, token


def _is_same(words: str, given: bytes) -> bool:
    return hmac.compare_digest(as_typed(words).encode(), given)


def _refused(work: Work, codes: list[DeskCode], referral_id: UUID, organization_id: UUID) -> Wrong:
    """A wrong try counts against everything the unit has open; the last one locks it."""
    if not codes:
        return Wrong(0 if store.last_ending(work.tx, organization_id) is Ending.LOCKED else None)
    for code in codes:
        store.count_wrong(work, code)
        if code.tries_left <= 1:
            store.end_code(work, code.id, Ending.LOCKED)
    tries_left = max(code.tries_left for code in codes) - 1
    work.announce(
        DeskCodeRefused(organization_id=organization_id, referral_id=referral_id, tries_left=max(tries_left, 0))
    )
    return Wrong(max(tries_left, 0))


def want_code(work: Work, referral_id: UUID, by: Actor) -> None:
    """Put it on the desk of the navigator who sent the referral, once."""
    referral = load(work, referral_id, by)
    moment = moment_of(work)
    wanted = task(referral, TaskKind.DESK_CODE_WANTED, moment, due_on=moment.in_working_days(WORKING_DAYS))
    if timeline.open_task(work, wanted):
        timeline.tell(
            work, referral.id, DeskCodeWanted(referral_id=referral.id, organization_id=referral.organization_id)
        )


def revoke_code(work: Work, code_id: UUID) -> None:
    """A letter that was lost opens nothing."""
    code = store.code(work.tx, code_id)
    if not store.end_code(work, code_id, Ending.REVOKED):
        raise RefusedError("desk.code-over")
    work.announce(DeskCodeRevoked(organization_id=code.organization_id, code_id=code_id))


def revoke_device(work: Work, device_id: UUID) -> None:
    """A device that was lost or given away opens nothing, from its next request on."""
    device = store.device(work, device_id)
    if not store.revoke(work, device):
        raise RefusedError("desk.device-over")
    work.announce(DeskDeviceRevoked(organization_id=device.organization_id, device_id=device_id))
