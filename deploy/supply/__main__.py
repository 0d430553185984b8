"""``make supply``: what the images are made of, looked at by other people's tools; writes docs/results/supply-chain.md.

- licences of all packages in the images (`licences.py`; also in the gate);
- a bill of materials in CycloneDX 1.6 with the vendored style sheets and fonts, judged by the published schema;
- known weaknesses of these packages, asked of the Python advisory database (pip-audit);
- secrets among the files (detect-secrets, against the list of those known to be none).

The tools live in an environment of their own under `.dev/`, locked with hashes; neither images nor tests install them.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import venv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.supply import bill, licences
from deploy.supply.licences import IMAGES, ROOT

TOOLS = ROOT / ".dev" / "supply"
LOCK = Path(__file__).with_name("requirements.lock")
KNOWN = ROOT / ".secrets.baseline"
RESULT = ROOT / "docs" / "results" / "supply-chain.md"
UNREACHED = "not asked"


@dataclass(frozen=True, slots=True)
class Look:
    """What one of them found."""

    what: str
    found: str
    wrong: tuple[str, ...] = ()


def main() -> int:
    """Everything in order; 1 if something is wrong, 2 if a release asks and the advisories could not be read."""
    parser = argparse.ArgumentParser(prog="python -m deploy.supply", description=__doc__)
    parser.add_argument("--release", action="store_true", help="count advisories that could not be read as a failure")
    options = parser.parse_args()
    bring_tools()
    looks = [licence_look(), bill_look(), weakness_look(), secret_look()]
    for look in looks:
        print(f"{look.what:28} {look.found}")
        for sentence in look.wrong:
            print(f"    {sentence}", file=sys.stderr)
    RESULT.write_text(page(looks), encoding="utf-8")
    if any(look.wrong for look in looks):
        return 1
    return 2 if options.release and any(UNREACHED in look.found for look in looks) else 0


def bring_tools() -> None:
    """The locked tools, once for each state of the lock."""
    wanted, stamp = hashlib.sha256(LOCK.read_bytes()).hexdigest(), TOOLS / "installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    venv.create(TOOLS, clear=True, with_pip=False)
    python = str(TOOLS / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*install, "-r", str(LOCK)], check=True)
    stamp.write_text(wanted, encoding="utf-8")


def tool(name: str, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of the tools at the root of the project."""
    command = [str(TOOLS / "bin" / name), *arguments]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False)


def licence_look() -> Look:
    found = licences.packages()
    said = sorted({one.licence for one in found})
    return Look("licences", f"{len(found)} packages, {len(said)} ways to say one", tuple(licences.refused(found)))


def bill_look() -> Look:
    """The bill of what is installed, cut down to what images install, with what we brought along ourselves."""
    raw = tool(
        "cyclonedx-py",
        "environment",
        sys.prefix,
        "--pyproject",
        "pyproject.toml",
        "--sv",
        "1.6",
        "--output-reproducible",
    )
    if raw.returncode:
        return Look("bill of materials", "none", (raw.stderr.strip()[-500:],))
    made = bill.of_images(json.loads(raw.stdout), dict(licences.pinned()))
    text = json.dumps(made, indent=1, sort_keys=True) + "\n"
    (TOOLS / "sbom.cdx.json").write_text(text, encoding="utf-8")
    judged = tool("python", "-c", JUDGE, given=text)
    wrong = (
        *bill.missing(made, dict(licences.pinned())),
        *filter(None, [judged.stderr.strip()[-500:] or judged.stdout.strip()]),
    )
    return Look(
        "bill of materials", f"{len(made['components'])} components, CycloneDX 1.6, in .dev/supply/sbom.cdx.json", wrong
    )


#: Asked of CycloneDX's own library: silent if the schema accepts it.
JUDGE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
print(found or "", end="")
"""


def weakness_look() -> Look:
    """Advisories for what images install. Without a way to the database this says so: silence is not a clean bill."""
    asked = tool(
        "pip-audit",
        "-r",
        str(IMAGES),
        "--no-deps",
        "--disable-pip",
        "--require-hashes",
        "-f",
        "json",
        "--progress-spinner",
        "off",
    )
    try:
        told: dict[str, Any] = json.loads(asked.stdout)
    except ValueError:
        last = (asked.stderr.strip().splitlines() or ["no answer"])[-1]
        return Look("known weaknesses", f"{UNREACHED}: the advisory database could not be read ({last[:160]})")
    skipped = [one["skip_reason"] for one in told["dependencies"] if "skip_reason" in one]
    weak = tuple(
        f"{one['name']} {one['version']}: {each['id']}, mended in {', '.join(each['fix_versions']) or 'no version yet'}"
        for one in told["dependencies"]
        for each in one.get("vulns", ())
    )
    if skipped:
        return Look(
            "known weaknesses", f"{UNREACHED} for {len(skipped)} of {len(told['dependencies'])}: {skipped[0]}", weak
        )
    return Look("known weaknesses", f"{len(weak)} in {len(told['dependencies'])} packages", weak)


def secret_look() -> Look:
    """Whatever looks like a key and is not on the list of those looked at and found to be none."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [name for name in listed.split("\0") if name]
    seen = tool("detect-secrets-hook", "--baseline", str(KNOWN), "--json", *names)
    told = json.loads(seen.stdout)["results"] if seen.stdout.startswith("{") else {}
    wrong = tuple(f"{name}:{each['line_number']}: {each['type']}" for name, group in told.items() for each in group)
    if seen.returncode and not wrong:
        wrong = ((seen.stderr or seen.stdout).strip()[-500:],)
    known = sum(map(len, json.loads(KNOWN.read_text(encoding="utf-8"))["results"].values()))
    found = f"{len(wrong)} in {len(names)} files, beside {known} looked at and found to be none (`.secrets.baseline`)"
    return Look("secrets among the files", found, wrong)


def page(looks: list[Look]) -> str:
    """The result to keep."""
    lines = [
        "# What the images are made of",
        "",
        f"`make supply`, {datetime.now(UTC).isoformat(timespec='seconds')}.",
        "",
    ]
    lines += ["| looked at | found |", "|---|---|", *(f"| {look.what} | {look.found} |" for look in looks)]
    lines += [f"\n- **{look.what}**: {sentence}" for look in looks for sentence in look.wrong]
    counted: dict[str, list[str]] = {}
    for one in licences.packages():
        counted.setdefault(one.licence, []).append(one.name)
    lines += [
        "",
        "## Licences of the packages in the images",
        "",
        "| licence, as the package says it | packages |",
        "|---|---|",
    ]
    lines += [f"| {licence} | {', '.join(names)} |" for licence, names in sorted(counted.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
