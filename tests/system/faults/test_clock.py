"""Row 26: clocks an hour wrong, jumping and running backwards. Order is by numbers, never by the clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.chassis.rig import Process
from tests.system.faults.clocks import LIBRARIES, WrongClock
from tests.system.faults.conftest import Under
from tests.system.faults.network import Network
from tests.waiting import eventually

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not LIBRARIES, reason="no libfaketime (deploy/dev/setup.sh --tests brings Debian's faketime)"),
]
#: Nobody agrees with anybody, and each changes its mind twice.
HOURS = {
    "web": ("+1h", "-1h"),
    "relay": ("-1h", "+1h"),
    "hearer": ("+1h", "-1h"),
    "log": ("+1h", "-1h"),
    "clock": ("-1h", "+1h"),
}


def replace(network: Network, processes: Mapping[str, Process]) -> None:
    for role, process in processes.items():
        network[role].kill()
        network.processes[role] = process
    network.start(*processes)


def test_every_process_has_another_time_and_each_jumps_by_two_hours(
    network: Network, under: Under, tmp_path: Path
) -> None:
    clocks = {role: WrongClock.at(tmp_path / role, first) for role, (first, _) in HOURS.items()}
    replace(network, {role: network.process(role, **clock.settings) for role, clock in clocks.items()})
    try:
        with under("clocks an hour apart, then each two hours the other way, then right") as load:
            load.goes_on(30)
            for role, (_, second) in HOURS.items():
                clocks[role].put(second)
                load.goes_on(10)
            for clock in clocks.values():
                clock.put("+0")
                load.goes_on(10)
        assert not load.troubles
        rows = network.audit.rows("SELECT occurred_at, recorded_at FROM entries ORDER BY position")
        assert max(row["occurred_at"] for row in rows) - min(row["occurred_at"] for row in rows) > timedelta(hours=1), (  # type: ignore[type-var, operator]
            "the clocks were wrong indeed"
        )
        recorded = [row["recorded_at"] for row in rows]
        assert all(
            isinstance(one, datetime) and isinstance(two, datetime) and one <= two for one, two in pairwise(recorded)
        )
    finally:
        replace(network, {role: network.process(role) for role in HOURS})
    eventually(network.is_through, timeout=30)
