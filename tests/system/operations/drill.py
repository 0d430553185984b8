"""The whole drill on the whole network: backed up while people work, lost to the last table and queue, back again."""

import json
import shlex
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deploy.demo import stage
from deploy.demo.network import Network
from tests.system.operations.site import Site, furnished, settle
from tests.system.operations.work import Case, at_work
from tests.waiting import eventually

#: What brings a referral to its end at the chamber, in order; each happens once.
LIFE = ("referral.received.v1", "referral.accepted.v1", "referral.started.v1", "referral.completed.v1")


def run(folder: Path) -> dict[str, Any]:
    """The figures of one drill; whatever is not as it should be ends it."""
    with furnished(Network(folder / "network")) as site:
        return _drill(site, folder / "data", folder / "keys")


def _drill(site: Site, data: Path, keys: Path) -> dict[str, Any]:
    with at_work(stage.setting(site.state, site.dev)) as work:
        work.until(8)
        ended = eventually(lambda: completed(site, 4), timeout=120, interval=1)
        before = work.done()
        began = time.monotonic()
        taken = site.lotse("backup", "--out", str(data), "--keys-out", str(keys), "--json")
        backed_up_in = time.monotonic() - began
        assert taken.code == 0, taken.err
        assert {"broker.json", "checkpoints/latest.note"} <= set(json.loads(taken.out)["files"])
        during = [case for case in work.done() if case not in before]
        work.until(len(work.done()) + 3)
        work.end()
    erased = erase_one(site, before)
    after = len(work.done()) - len(before) - len(during)

    lost_at = time.monotonic()
    site.lose_everything()
    began = time.monotonic()
    environment = site.network.environment("referral")
    told = site.lotse("restore", str(data), "--keys", str(keys), "--verify", "--json", environment=environment)
    restored_in = time.monotonic() - began
    assert told.code == 1, told.err  # the log is older than what left the house, and says so
    assert told.data["log"]["finding"]["kind"] == "truncated", told.err
    assert told.data["log"]["as_backed_up"]["ok"]
    assert erased.person not in site.values("referral_keys", "SELECT person_id FROM keystore.person_keys")

    goes_on(site, data, told.data["say_again"])
    back_after = time.monotonic() - lost_at
    nothing_acknowledged_is_lost(site, before)
    nobody_comes_back(site, erased)
    nothing_is_done_twice(site, ended)
    return {
        "acknowledged before": len(before),
        "acknowledged while it was taken": len(during),
        "acknowledged after it, and gone": after,
        "backup, s": round(backed_up_in, 1),
        "backup, bytes": sum(path.stat().st_size for half in (data, keys) for path in half.rglob("*")),
        "restore and verification, s": round(restored_in, 1),
        "everything well again after the loss, s": round(back_after, 1),
        "log entries restored": told.data["log"]["as_backed_up"]["entries"],
        "letters the relays published again": sum(told.data["publishes"].values()),
        "events said once more": sum(one["events"] for one in told.data["say_again"]),
        "completed before and untouched": len(ended),
        "lost of what was acknowledged before": 0,
    }


def completed(site: Site, count: int) -> set[str]:
    """Referrals that have come to their end, if there are so many."""
    found = site.values("referral", "SELECT id FROM referrals WHERE status = 'completed'")
    return found if len(found) >= count else set()


def erase_one(site: Site, before: list[Case]) -> Case:
    """After the backup; the ledger outside tells of it, and the log's word is newer than the copy."""
    case = before[0]
    told = site.lotse("erase", case.enquiry, "--yes")
    assert told.code == 0, told.err
    eventually(lambda: case.person in Path(site.state["deletion_ledger"]).read_text(), timeout=30)
    note = site.dev / "audit" / "checkpoints" / "latest.note"
    published = note.read_text()
    eventually(lambda: note.read_text() != published, timeout=120, interval=1)
    return case


def goes_on(site: Site, data: Path, say_again: list[dict[str, Any]]) -> None:
    """As the handbook says for a log that is older than its word; then everything is well, and counted once."""
    [size] = site.values("audit", "SELECT max(size) FROM checkpoints")
    second, key = site.dev / "audit" / "second", site.dev / "audit" / "next.key"
    shutil.copytree(data / "checkpoints", second)
    former = ["--after", site.state["audit"]["key"], "--size", size]
    made = site.typed(["-m", "services.audit.keys", "the-same", str(key), *former])
    assert made.code == 0, made.err
    changes = {"CHECKPOINT_DIR": str(second), "CHECKPOINT_KEY_FILE": str(key)}
    changes["CHECKPOINT_PUBLIC_KEY_FILE"] = f"{key}.pub"
    site.network.stop()
    site.network = Network(site.dev, changes=changes)
    site.network.start()
    site.network.start_partners()
    for one in say_again * 2:  # said twice counts once
        sent = site.typed(shlex.split(one["command"])[1:], site.network.environment(one["sender"]))
        assert sent.code == 0, sent.err
    settle(site, "--checkpoint", str(second), "--key", f"{key}.pub")


def nothing_acknowledged_is_lost(site: Site, before: Iterable[Case]) -> None:
    """Neither the case nor what was said of it."""
    before = list(before)
    assert {case.enquiry for case in before} <= site.values("referral", "SELECT id FROM enquiries")
    assert {case.referral for case in before} <= site.values("referral", "SELECT id FROM referrals")
    logged = site.values("audit", "SELECT DISTINCT enquiry_id FROM entries WHERE type = 'referral.enquiry_recorded.v1'")
    assert {case.enquiry for case in before} <= logged


def nobody_comes_back(site: Site, erased: Case) -> None:
    assert site.values("referral", "SELECT sealed FROM persons WHERE id = %s", erased.person) == {"None"}


def nothing_is_done_twice(site: Site, ended: set[str]) -> None:
    """What a partner did is there once, however often it was told of it."""
    rows = site.rows(
        "audit", "SELECT referral_id::text, type FROM entries WHERE type = ANY(%s)", [*LIFE, "referral.requested.v1"]
    )
    twice = [found for found, count in Counter(rows).items() if count > 1]
    assert not twice, twice
    still = site.values("referral", "SELECT id FROM referrals WHERE status = 'completed'")
    assert ended <= still, ended - still
