"""A clock for one process that can be put forward and back while it runs: Debian's libfaketime, by a file."""

import time
from dataclasses import dataclass
from pathlib import Path

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@dataclass(frozen=True)
class WrongClock:
    """`settings` for a process; `put` moves its clock, and only what tells the time of day: waiting stays as it is."""

    file: Path

    @classmethod
    def at(cls, file: Path, offset: str = "+0") -> "WrongClock":
        clock = cls(file)
        clock.put(offset)
        return clock

    @property
    def settings(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARIES[-1]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def put(self, offset: str) -> None:
        """Such as `+1h` or `-3600`; whoever reads meanwhile sees the old or the new and never half of it."""
        draft = self.file.with_suffix(f".{time.monotonic_ns()}")
        draft.write_text(offset + "\n")
        draft.chmod(0o644)
        draft.replace(self.file)
