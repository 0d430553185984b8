"""``python -m contracts.generate [--check]``: write `contracts/generated`, or say what differs from it.

Nothing in there is written by hand. `--check` also fails when a released schema has changed.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from contracts import codes
from contracts.describe import asyncapi, yaml_text
from contracts.describe.code_lists import all_lists
from contracts.describe.examples import all_examples, pretty
from contracts.describe.schemas import all_schemas
from contracts.released import broken_promises

ROOT = Path(codes.__file__).resolve().parent
GENERATED = ROOT / "generated"
CHANGELOG = ROOT.parent / "CHANGELOG.md"
#: Written by the services, from their routes.
FOREIGN = "openapi-"


def everything() -> dict[str, bytes]:
    """Every generated file by its path below `generated`."""
    schemas = {f"schemas/{name}.json": pretty(schema) for name, schema in all_schemas().items()}
    examples = {f"examples/{name}.json": content for name, content in all_examples().items()}
    return {
        "asyncapi.yaml": yaml_text.dump(asyncapi.document()).encode(),
        "codes.json": pretty(all_lists()),
        **examples,
        **schemas,
    }


def present(folder: Path) -> dict[str, bytes]:
    """What lies there now."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(FOREIGN)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def differences(wanted: Mapping[str, bytes], found: Mapping[str, bytes]) -> list[str]:
    """The paths that are missing, changed, or should not be there."""
    return sorted(path for path in {*wanted, *found} if wanted.get(path) != found.get(path))


def write(folder: Path, wanted: Mapping[str, bytes], changed: Sequence[str]) -> None:
    """Bring the folder to what is wanted; what nobody generates any more goes."""
    for path in changed:
        file = folder / path
        if path in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(wanted[path])
        else:
            file.unlink()


def main(arguments: Sequence[str], *, folder: Path = GENERATED, changelog: Path = CHANGELOG) -> int:
    """0 if all is well, 1 if `--check` found a difference or a released schema has changed."""
    wanted = everything()
    schemas = {path[8:-5]: content for path, content in wanted.items() if path.startswith("schemas/")}
    broken = broken_promises(changelog.read_text(encoding="utf-8") if changelog.exists() else "", schemas)
    changed = differences(wanted, present(folder))
    if "--check" not in arguments:
        write(folder, wanted, changed)
    words = "differs" if "--check" in arguments else "written"
    lines = [f"{words}: {path}" for path in changed] + [f"released, must not change: {name}" for name in broken]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if broken or ("--check" in arguments and changed) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
