"""What the Nu HTML checker of the W3C says about pages: one run of the program for as many pages as there are."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

HERE = Path(__file__).parent
JAR = HERE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"


ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def linked(address: str, first: str, room: str, headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Every page of a room that links lead to, one of each kind: what differs in ids alone is one kind."""
    asked = {"Accept": "text/html", "Accept-Language": "de", **(headers or {})}
    found: dict[str, str] = {}
    waiting = {ID.sub("-", first): first}
    seen = set(waiting)
    while waiting:
        kind, place = waiting.popitem()
        answer = requests.get(f"{address}{place}", headers=asked, timeout=30)
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        assert answer.status_code == 200, (place, answer.status_code)
        found[kind] = answer.text
        for href in re.findall(r'href="([^"]+)"', answer.text):
            target = urlsplit(urljoin(answer.url, unescape(href)))
            if (
                target.netloc == urlsplit(address).netloc
                and target.path.startswith(room)
                and "lang=" not in target.query
            ):
                following = f"{target.path}?{target.query}".rstrip("?")
                if (name := ID.sub("-", target.path)) not in seen:
                    seen.add(name)
                    waiting[name] = following
    return found


def checker() -> Path:
    """The program, brought from the lock file when it is not there yet; nothing of it runs while it is brought."""
    if shutil.which("java") is None or shutil.which("npm") is None:
        pytest.skip("needs java and npm: the checker is a Java program in an npm package")
    if not JAR.exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-progress"]
        if subprocess.run(command, cwd=HERE, capture_output=True, timeout=300, check=False).returncode:
            pytest.skip("needs the package of tests/browser/markup: npm ci did not succeed (no registry?)")
    return JAR


def findings(pages: Mapping[str, str], folder: Path) -> list[str]:
    """Errors and warnings, each with the page and the place; pages by their names."""
    files = {}
    for number, (name, text) in enumerate(pages.items()):
        path = folder / f"{number}.html"
        path.write_text(text, encoding="utf-8")
        files[f"file:{path}"] = name
    command = [
        "java",
        "-Xss1m",
        "-jar",
        str(checker()),
        "--format",
        "json",
        "--stdout",
        "--exit-zero-always",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)["messages"]
    return [
        f"{files.get(one['url'], one['url'])}: {one['message']} | {one.get('extract', '')!r}"
        for one in told
        if one["type"] != "info" or one.get("subType") == "warning"
    ]
