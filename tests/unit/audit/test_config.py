"""A wrong setting stops audit before it hears anything, and says which."""

import pytest

from services.audit.config import load_keys, load_staff_rules, load_writer
from services.audit.keys import main, make_signer, save_signer
from services.chassis.config import ConfigError, Environment


@pytest.fixture
def settings(tmp_path):
    save_signer(make_signer("lotsennetz.example/audit"), tmp_path / "log.key")
    (tmp_path / "checkpoints").mkdir()
    return {"CHECKPOINT_KEY_FILE": str(tmp_path / "log.key"), "CHECKPOINT_DIR": str(tmp_path / "checkpoints")}


def test_the_writer_has_key_and_directory(settings, tmp_path):
    writer = load_writer(Environment(settings))
    assert writer.signer.key.name == "lotsennetz.example/audit"
    assert writer.directory == tmp_path / "checkpoints"
    assert writer.published() is None


@pytest.mark.parametrize("missing", ["CHECKPOINT_KEY", "CHECKPOINT_DIR"])
def test_a_missing_setting_is_named(settings, missing):
    kept = {name: value for name, value in settings.items() if not name.startswith(missing)}
    with pytest.raises(ConfigError, match=missing):
        load_writer(Environment(kept))


def test_a_key_that_is_none_is_refused_without_quoting_it(settings, tmp_path):
    (tmp_path / "log.key").write_text("hunter2")
    with pytest.raises(ConfigError, match="CHECKPOINT_KEY") as refusal:
        load_writer(Environment(settings))
    assert "hunter2" not in str(refusal.value)


def test_a_directory_that_is_not_there_is_refused(settings, tmp_path):
    with pytest.raises(ConfigError, match="CHECKPOINT_DIR"):
        load_writer(Environment({**settings, "CHECKPOINT_DIR": str(tmp_path / "nowhere")}))


def test_a_reader_needs_only_the_public_half(settings, tmp_path):
    own = load_keys(Environment(settings))
    public = load_keys(Environment({"CHECKPOINT_PUBLIC_KEY_FILE": str(tmp_path / "log.key.pub")}))
    assert own == public
    with pytest.raises(ConfigError, match="CHECKPOINT_PUBLIC_KEY"):
        load_keys(Environment({"CHECKPOINT_PUBLIC_KEY": "nonsense"}))


def test_the_key_program_makes_a_pair(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["keys", "lotsennetz.example/audit", str(tmp_path / "new.key")])
    main()
    assert capsys.readouterr().out.strip() == (tmp_path / "new.key.pub").read_text().strip()


AGREED = {"STAFF_RULES_AGREEMENT": "DV-2026/3", "STAFF_RULES_AGREED_ON": "2026-03-01"}


def test_rules_about_staff_are_off_until_an_agreement_is_named():
    assert not load_staff_rules(Environment({})).is_on
    rules = load_staff_rules(Environment(AGREED))
    assert (rules.is_on, rules.opens, rules.closes, rules.days) == (True, 360, 1200, (1, 2, 3, 4, 5))
    assert (rules.zone, rules.calendar, rules.cases_per_hour) == ("Europe/Berlin", "DE-NW", 30)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAFF_RULES_AGREEMENT", "with a name in it"),
        ("STAFF_RULES_AGREED_ON", "2026-02-30"),
        ("STAFF_RULES_AGREED_ON", ""),
        ("STAFF_RULES_HOURS", "20:00-06:00"),
        ("STAFF_RULES_HOURS", "6-20"),
        ("STAFF_RULES_DAYS", "weekdays"),
        ("STAFF_RULES_ZONE", "Europe/Atlantis"),
        ("STAFF_RULES_CALENDAR", "DE-XX"),
        ("STAFF_RULES_CASES_PER_HOUR", "0"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_named(name, value):
    with pytest.raises(ConfigError, match=name):
        load_staff_rules(Environment({**AGREED, name: value}))
