"""Programs in JavaScript that are not ours: their packages, those of a lock file, installed when they are missing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest


def with_packages(folder: Path) -> Path:
    """The folder with what its lock file names; without node, or a registry, the test says so and is skipped."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm: what it tries is JavaScript")
    if not is_installed(folder):
        done = subprocess.run(["npm", "ci", "--no-progress"], cwd=folder, capture_output=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"needs the packages of {folder.parent.name}/node: npm ci did not succeed (no registry?)")
    return folder


def is_installed(folder: Path) -> bool:
    """Whether what lies there is what the lock file names; a package that came later is not among the old ones."""
    there = folder / "node_modules" / ".package-lock.json"
    if not there.exists():
        return False
    wanted = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    found = json.loads(there.read_text(encoding="utf-8"))["packages"]
    return all(one in found for one in wanted if one and not wanted[one].get("optional"))
