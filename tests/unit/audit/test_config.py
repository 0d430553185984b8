"""A wrong setting stops audit before it hears anything, and says which."""

import pytest

from services.audit.config import load_keys, load_writer
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
