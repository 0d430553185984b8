"""The tree says only what it may: no machine's paths, no registry hosts, no plumbing outside the chassis."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDORED = ("/static/", "/vendor/", "tests/browser/vendor", "LICENSE")
#: Put together here so that this file does not contain what it looks for.
HOSTS = re.compile(r"\b(pypi|pythonhosted|deb\.debian)" + r"\.org|registry" + r"\.npmjs")
MACHINE_PATHS = re.compile("|".join(["/" + r"work/", "/" + r"root/", "/home/" + r"[a-z]"]))


def tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.splitlines() if name and not any(part in f"/{name}" for part in VENDORED)]
    return [path for path in paths if path.exists() and (not suffixes or path.suffix in suffixes)]


def found(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    hits = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        hits += [f"{path.relative_to(ROOT)}: {match.group()}" for match in pattern.finditer(text)]
    return hits


def test_no_registry_host_is_named() -> None:
    assert found(HOSTS, tracked()) == []


def test_no_path_of_somebodys_machine_is_named() -> None:
    assert found(MACHINE_PATHS, tracked()) == []


@pytest.mark.parametrize(
    ("pattern", "text"), [(HOSTS, "https://pypi" + ".org/simple"), (MACHINE_PATHS, "/root" + "/x")]
)
def test_these_checks_find_what_is_planted(pattern: re.Pattern[str], text: str, tmp_path: Path) -> None:
    planted = tmp_path / "planted.txt"
    planted.write_text(text)
    assert pattern.search(planted.read_text())


def test_services_leave_the_broker_to_the_chassis() -> None:
    services = [path for path in tracked(".py") if "services" in path.parts and "chassis" not in path.parts]
    assert services
    assert found(re.compile(r"\bbasic_[a-z]+"), services) == []


def test_the_chassis_knows_no_business_noun() -> None:
    chassis = [path for path in tracked(".py") if "chassis" in path.parts and "services" in path.parts]
    nouns = re.compile(r"\b(dossier|enquiry|consent_given|navigator desk|Jobcenter|Handwerkskammer)\b", re.IGNORECASE)
    assert found(nouns, chassis) == []


def test_no_room_is_called_utils() -> None:
    rooms = {path.stem for path in tracked(".py")}
    assert not rooms & {"utils", "helpers", "common", "manager", "base"}
