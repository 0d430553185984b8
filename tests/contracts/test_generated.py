"""What is generated is complete, the same every time, committed as it is, and valid by its own schemas."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from marshmallow import ValidationError

from contracts import generate, released
from contracts.codes import Status
from contracts.describe import yaml_text
from contracts.describe.examples import an_event
from contracts.describe.schemas import all_schemas
from contracts.event import REGISTRY, from_dict, to_dict
from contracts.partner.actions import ACTIONS
from contracts.partner.dossier import DOSSIER
from tests.contracts.conftest import GENERATED, generated
from tests.contracts.partner.test_dossier import AMIRA, COMPANY, WHOLE

EXAMPLES = sorted(path.stem for path in (GENERATED / "examples").glob("*.json"))


def validator(name: str) -> Draft202012Validator:
    schema = generated(f"schemas/{name}.json")
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_what_is_committed_is_what_is_generated() -> None:
    assert generate.differences(generate.everything(), generate.present(GENERATED)) == [], "run `make contracts`"


def test_generating_twice_gives_the_same_bytes() -> None:
    assert generate.everything() == generate.everything()


def test_everything_that_is_said_is_described_and_shown() -> None:
    assert set(EXAMPLES) == {*REGISTRY, *ACTIONS}
    assert set(all_schemas()) == {*REGISTRY, *ACTIONS, "appointment", "dossier", "envelope"}


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_event_says_in_a_sentence_what_it_means(name: str) -> None:
    assert not str(REGISTRY[name].__doc__).startswith(f"{REGISTRY[name].__name__}("), "only the generated signature"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_valid_by_its_schema_and_by_the_envelopes(name: str) -> None:
    example = generated(f"examples/{name}.json")
    assert list(validator("envelope").iter_errors(example)) == []
    assert list(validator(name).iter_errors(example["data"])) == []


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_an_event_with_nothing_optional_is_valid_too(name: str) -> None:
    assert list(validator(name).iter_errors(to_dict(an_event(name, minimal=True)))) == []


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_schema_and_reader_agree_on_what_is_required(name: str) -> None:
    example = generated(f"examples/{name}.json")["data"]
    for field in example:
        reduced = {key: item for key, item in example.items() if key != field}
        refused_by_schema = bool(list(validator(name).iter_errors(reduced)))
        assert refused_by_schema == is_refused(name, reduced), field


def is_refused(name: str, data: dict[str, Any]) -> bool:
    try:
        from_dict(name, data)
    except ValidationError:
        return True
    return False


def test_a_format_is_really_checked() -> None:
    data = {**generated("examples/referral.rejected.v1.json")["data"], "referral_id": "no-uuid"}
    assert [error.validator for error in validator("referral.rejected.v1").iter_errors(data)] == ["format"]


@pytest.mark.parametrize(
    "enquirer", [{"person": AMIRA}, {"employer": COMPANY}, {}, {"person": {}, "employer": {}}], ids=str
)
def test_schema_and_reader_agree_on_the_dossier(enquirer: dict[str, Any]) -> None:
    dossier = {**WHOLE, **enquirer}
    assert bool(DOSSIER.validate(dossier)) == bool(list(validator("dossier").iter_errors(dossier)))


def test_the_dossiers_schema_names_the_category_of_every_field_about_a_person() -> None:
    person = generated("schemas/dossier.json")["properties"]["person"]["properties"]
    assert person["birth_date"]["x-category"] == "IDENTITY"
    assert all("x-category" in field for field in person.values())


def test_the_code_lists_say_what_a_reason_means() -> None:
    lists = generated("codes.json")
    assert lists["lists"]["Status"] == [status.value for status in Status]
    other = next(reason for reason in lists["rejection_reasons"] if reason["code"] == "OTHER")
    assert (other["cause"], other["needs_comment"]) == ("partner", True)


def test_the_network_is_described_whole() -> None:
    document = yaml.safe_load((GENERATED / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert document["asyncapi"] == "3.1.0"
    assert len(document["components"]["messages"]) == len(EXAMPLES)
    assert "auditHearsReferral" in document["operations"]


def test_our_yaml_is_read_as_it_was_meant() -> None:
    tricky = {
        "no": "no",
        "n": [],
        "a b": {"x": [1, {"y": None}], "z": {}},
        "1": True,
        "t": 'a: #b\n"ü',
        "l": [[1], ["2"]],
    }
    assert yaml.safe_load(yaml_text.dump(tricky)) == tricky
    assert yaml.safe_load(yaml_text.dump("alone")) == "alone"


# --- writing and checking -------------------------------------------------------------------------------------------


@pytest.fixture
def workplace(tmp_path: Path) -> tuple[Path, Path]:
    folder, changelog = tmp_path / "generated", tmp_path / "CHANGELOG.md"
    assert generate.main([], folder=folder, changelog=changelog) == 0
    return folder, changelog


def test_check_is_content_with_what_was_just_written(workplace: tuple[Path, Path]) -> None:
    folder, changelog = workplace
    assert generate.main(["--check"], folder=folder, changelog=changelog) == 0


def test_it_runs_as_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["contracts.generate", "--check"])
    monkeypatch.delitem(sys.modules, "contracts.generate")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("contracts.generate", run_name="__main__")
    assert ended.value.code == 0


def test_check_names_what_differs_and_changes_nothing(
    workplace: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, changelog = workplace
    (folder / "schemas" / "envelope.json").write_text("{}")
    (folder / "schemas" / "stray.json").write_text("{}")
    (folder / "openapi-referral.yaml").write_text("openapi: 3.1.0")
    capsys.readouterr()
    assert generate.main(["--check"], folder=folder, changelog=changelog) == 1
    assert capsys.readouterr().out == "differs: schemas/envelope.json\ndiffers: schemas/stray.json\n"
    assert generate.main([], folder=folder, changelog=changelog) == 0
    assert not (folder / "schemas" / "stray.json").exists()
    assert (folder / "openapi-referral.yaml").exists()
    assert generate.main(["--check"], folder=folder, changelog=changelog) == 0


def test_a_released_schema_must_not_change(workplace: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder, changelog = workplace
    name = "referral.rejected.v1"
    kept = (folder / "schemas" / f"{name}.json").read_bytes()
    changelog.write_text(f"# Changes\n\n{released.entry_for(name, kept)}\n")
    assert generate.main(["--check"], folder=folder, changelog=changelog) == 0
    changelog.write_text(f"# Changes\n\n{released.entry_for(name, kept.replace(b'declined', b'refused'))}\n")
    capsys.readouterr()
    assert generate.main([], folder=folder, changelog=changelog) == 1
    assert capsys.readouterr().out == f"released, must not change: {name}\n"


def test_a_released_schema_must_not_vanish() -> None:
    entry = released.entry_for("referral.gone.v1", b"{}")
    assert released.broken_promises(entry, {}) == ["referral.gone.v1"]
    assert released.broken_promises(entry, {"referral.gone.v1": b"{}"}) == []


def test_the_changelog_of_this_repository_is_kept() -> None:
    text = generate.CHANGELOG.read_text(encoding="utf-8") if generate.CHANGELOG.exists() else ""
    schemas = {path.stem: path.read_bytes() for path in (GENERATED / "schemas").glob("*.json")}
    assert released.broken_promises(text, schemas) == []
    assert json.loads(schemas["envelope"])["title"] == "envelope"
