"""``python -m deploy.dev.image_lock [--check]``: the part of `requirements.lock` that images install.

`deploy/requirements.lock` holds what the services need at runtime, `deploy/requirements-demo.lock` what the demo's mail
catcher needs besides. Both are cut out of the one lock, hashes and all, so that an image runs what the tests ran.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
PARTS = {
    ROOT / "deploy" / "requirements.lock": (),
    ROOT / "deploy" / "requirements-demo.lock": ("aiosmtpd",),
}
PIN = re.compile(r"^[A-Za-z0-9]")


def pins(text: str) -> dict[str, str]:
    """Every package's piece of a lock file, by its name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if PIN.match(line):
            name = canonicalize_name(re.split(r"[=\s;\[]", line, maxsplit=1)[0])
        found.setdefault(name, []).append(line)
    return {name: "\n".join(lines) + "\n" for name, lines in found.items() if name}


def needed_by(wanted: Iterable[str]) -> set[str]:
    """These requirements and all they ask for, as the installed packages say it."""
    found: set[str] = set()
    left = [Requirement(one) for one in wanted]
    while left:
        one = left.pop()
        name = canonicalize_name(one.name)
        found.add(name)
        left += [below for below in _asked(name, one.extras) if canonicalize_name(below.name) not in found]
    return found


def _asked(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    chosen = ["", *extras]
    for text in metadata.requires(name) or ():
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in chosen):
            yield one


def parts() -> dict[Path, str]:
    """The files as they should be."""
    known = pins(LOCK.read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime = needed_by(project["dependencies"])
    wanted = {path: (needed_by(names) - runtime if names else runtime) for path, names in PARTS.items()}
    return {path: "".join(known[name] for name in sorted(names) if name in known) for path, names in wanted.items()}


def main() -> int:
    """Write them, or say which are not current."""
    stale = [path for path, text in parts().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not current: python -m deploy.dev.image_lock\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(parts()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
