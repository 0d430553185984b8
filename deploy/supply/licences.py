"""Under which licences the packages of the images stand, and that none of them binds whoever runs the network.

No GPL at runtime: the services are given on under EUPL-1.2 to bodies that add what is theirs. The lesser GPL is another
matter: psycopg is used unchanged, as a library that anybody may replace.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "deploy" / "requirements.lock"
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^ ;\\]+)")

#: SPDX identifiers, and below them what older packages call the same.
PERMITTED = frozenset(
    {
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "EUPL-1.2",
        "ISC",
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "OFL-1.1",
        "PSF-2.0",
        "ZPL-2.1",
        "3-Clause BSD License",
        "Apache License, Version 2.0",
        "Apache Software License",
        "BSD License",
        "ISC License (ISCL)",
        "MIT License",
        "Mozilla Public License 2.0 (MPL 2.0)",
        "Zope Public License",
    }
)
SAYS_NOTHING = ("", "UNKNOWN", "Dual License")


@dataclass(frozen=True, slots=True)
class Package:
    """One package as its own metadata tell of it."""

    name: str
    version: str
    licence: str

    @property
    def permitted(self) -> bool:
        """Whether one side of every "or" is permitted in all its parts (SPDX: AND binds closer than OR)."""
        return any(all(map(_permitted, side.split(" AND "))) for side in self.licence.split(" OR "))


def _permitted(part: str) -> bool:
    """With its own brackets, as classifiers have them, or without those of an expression."""
    return part in PERMITTED or part.strip(" ()") in PERMITTED


def pinned(lock: Path = IMAGES) -> Iterator[tuple[str, str]]:
    """Name and version of every package in a lock file."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if found := PIN.match(line):
            yield found[1], found[2]


def packages(lock: Path = IMAGES) -> list[Package]:
    """What the images install, with the licence each package gives itself."""
    return [Package(name, version, licence_of(metadata.metadata(name))) for name, version in pinned(lock)]


def licence_of(said: metadata.PackageMetadata) -> str:
    """The SPDX expression if there is one, else what the classifiers say (either of them), else the old free field."""
    if "License-Expression" in said:
        return said["License-Expression"]
    classifiers = [
        line.rpartition("::")[2].strip() for line in said.get_all("Classifier") or () if "License ::" in line
    ]
    if classifiers:
        return " OR ".join(classifiers)
    free = said["License"].strip() if "License" in said else ""
    return "" if free in SAYS_NOTHING else free


def refused(found: list[Package]) -> list[str]:
    """One sentence for each package that may not be in an image."""
    permitted = ", ".join(sorted(PERMITTED))
    return [
        f"{one.name} {one.version}: {one.licence or 'says nothing of a licence'}; permitted are {permitted}"
        for one in found
        if not one.permitted
    ]
