"""One target under the fuzzer, in a process of its own: libFuzzer ends the process that it runs in.

    python -m tests.fuzz.worker TARGET SECONDS FOLDER [DSN]

keeps in the folder what came of it (told.json), the inputs that reached something new, and the one that broke it.
"""

import json
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import atheris  # type: ignore[import-untyped]

#: What is watched: our modules, and the libraries that read for us.
WATCHED = ["contracts", "services", "tests.fuzz.targets", "marshmallow", "joserfc"]
LARGEST = 64 * 1024
#: An input that takes longer is a finding, too.
SLOW_SECONDS = 10
EVERY_SECONDS = 0.5


def main() -> None:
    name, seconds, folder, *dsn = sys.argv[1:]
    with atheris.instrument_imports(include=WATCHED):
        from tests.fuzz.targets import PLANTED, TARGETS
    target = {**TARGETS, "planted": PLANTED}[name]
    corpus = Path(folder, "corpus")
    corpus.mkdir()
    with target.open(*dsn) as opened:
        for number, seed in enumerate(opened.seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        told = Told(Path(folder, "told.json"))

        def once(raw: bytes) -> None:
            try:
                told.count(opened.run(raw))
            except Exception:
                told.broke(raw, traceback.format_exc())
                raise

        limits = [f"-max_total_time={seconds}", f"-max_len={LARGEST}", f"-timeout={SLOW_SECONDS}", "-seed=1"]
        atheris.Setup([name, *limits, f"-artifact_prefix={folder}/", str(corpus)], once)
        atheris.Fuzz()


class Told:
    """What became of the inputs, written down again and again: nobody comes back from the fuzzer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes = Counter[str]()
        self._next = 0.0
        self._began = time.monotonic()

    def count(self, outcome: str) -> None:
        self._outcomes[outcome] += 1
        if (now := time.monotonic()) >= self._next:
            self._next = now + EVERY_SECONDS
            self._write()

    def broke(self, raw: bytes, said: str) -> None:
        self._write(broken={"input": raw.hex(), "said": said})

    def _write(self, **more: Any) -> None:
        seconds = round(time.monotonic() - self._began, 1)
        told = {"outcomes": dict(self._outcomes), "seconds": seconds, **more}
        self._path.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
