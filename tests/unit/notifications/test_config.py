"""A wrong setting is named, and its value is not repeated."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey

from services.chassis.config import ConfigError, Environment
from services.chassis.mail import MailServer
from services.notifications import config
from tests.architecture.sizes import ROOT

KEY = OKPKey.generate_key("Ed25519")
GOOD: dict[str, str] = {
    "PUBLIC_URL": "https://lotsen.example",
    "SMTP_URL": "smtps://user:p%40ss@mail.example",
    "MAIL_FROM": "lotsen@netz.example",
    "DESK_LINK_KEY": json.dumps(KEY.as_dict(private=True)),
    "DEPLOYMENT_KEY": "ab" * 32,
}


def loaded(**changes: Any) -> config.SenderSettings:
    return config.load(Environment({"MODE": "demo", **GOOD, **changes}))


def test_what_is_left_out_has_sensible_values() -> None:
    settings = loaded()
    assert settings.mail_server == MailServer("mail.example", 465, True, "user", "p@ss")
    assert settings.desk_link_life == timedelta(days=14)
    assert (settings.webhook_networks, settings.ladder.scale, settings.threads) == ((), 1.0, 8)
    assert settings.lead_mailbox is None
    assert "p@ss" not in repr(settings)


def test_what_is_given_is_used() -> None:
    settings = loaded(
        SMTP_URL="smtp://127.0.0.1:2525",
        WEBHOOK_ALLOW_NETS="10.1.0.0/16, fd00::/8",
        LADDER_SCALE="0.01",
        DESK_LINK_KEY=json.dumps({"keys": [KEY.as_dict(private=True)]}),
    )
    assert settings.mail_server == MailServer("127.0.0.1", 2525, False)
    assert settings.mail_server.may_be_plain
    assert [str(network) for network in settings.webhook_networks] == ["10.1.0.0/16", "fd00::/8"]
    assert settings.desk_key.thumbprint() == KEY.thumbprint()


#: Keys among them are made anew in every run, so each case is named by its number.
WRONG = [
    ("PUBLIC_URL", "lotsen.example"),
    ("SMTP_URL", "http://mail.example"),
    ("MAIL_FROM", "no mailbox"),
    ("DESK_LINK_KEY", "not json"),
    ("DESK_LINK_KEY", "[]"),
    ("DESK_LINK_KEY", '{"keys": []}'),
    ("DESK_LINK_KEY", json.dumps(KEY.as_dict(private=False))),
    ("DESK_LINK_KEY", json.dumps(ECKey.generate_key("P-256").as_dict(private=True))),
    ("DESK_LINK_KEY", json.dumps(OKPKey.generate_key("X25519").as_dict(private=True))),
    ("DESK_LINK_DAYS", "90"),
    ("DEPLOYMENT_KEY", "short"),
    ("WEBHOOK_ALLOW_NETS", "10.1.2.3/8"),
    ("WEBHOOK_ALLOW_NETS", "everything"),
    ("LADDER_SCALE", "fast"),
    ("DISPATCH_THREADS", "0"),
]


@pytest.mark.parametrize(("setting", "value"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_setting_stops_the_process_by_name(setting: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(**{setting: value})
    assert refused.value.setting == setting
    assert value not in str(refused.value)


def test_links_begin_with_the_public_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    config.public_url.cache_clear()
    monkeypatch.setenv("PUBLIC_URL", "https://lotsen.example/")
    assert config.public_url() == "https://lotsen.example"
    config.public_url.cache_clear()


@pytest.mark.parametrize("mode", [{}, {"MODE": "production"}])
def test_production_does_not_start_with_a_way_behind_its_own_door(mode: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as refused:
        config.load(Environment({**GOOD, **mode, "WEBHOOK_ALLOW_NETS": "10.1.0.0/16"}))
    assert refused.value.setting == "WEBHOOK_ALLOW_NETS"
    assert "10.1" not in str(refused.value)


@pytest.mark.parametrize("role", ["all", "worker"])
def test_no_role_starts_so_in_production(role: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "services.notifications", role],
        cwd=ROOT,
        env={**os.environ, "MODE": "production", "WEBHOOK_ALLOW_NETS": "10.1.0.0/16"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (told.returncode, told.stdout) == (1, "")
    assert "WEBHOOK_ALLOW_NETS" in told.stderr
    assert "10.1" not in told.stderr
