"""What the stand-ins of partners do with a referral that has ended without their hearing of it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from joserfc import jwe
from joserfc.jwk import ECKey

from contracts.partner.appointment import APPOINTMENT
from deploy.demo.partners.office import SEALING, Network, Store, fetch_once


class Refusing:
    """A network that gives this dossier to nobody."""

    def __init__(self, slug: str) -> None:
        self._slug = slug

    def dossier(self, referral_id: str) -> Any:
        answer = requests.Response()
        answer.status_code = 409
        answer._content = json.dumps({"slug": self._slug}).encode()
        answer.raise_for_status()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    assert store.take("notice-1", "referral-1", "referral_requested")
    return store


@pytest.mark.parametrize(("slug", "step"), [("referral.closed", "stopped"), ("consent.expired", "new")])
def test_what_is_closed_is_given_up_so_that_nobody_waits_behind_it(store: Store, slug: str, step: str) -> None:
    with pytest.raises(requests.HTTPError):
        fetch_once(store, Refusing(slug), "referral-1")  # type: ignore[arg-type]
    assert [row["step"] for row in store.rows("select step from cases")] == [step]


@pytest.mark.parametrize("days", range(7))
def test_an_appointment_is_on_a_working_day_and_sealed_alone(
    days: int,
) -> None:
    key = ECKey.generate_key("P-256", {"use": "enc"}, auto_kid=True)
    answer = requests.Response()
    answer.status_code, answer._content = 200, json.dumps({"keys": [key.as_dict(private=False)]}).encode()
    network = Network.__new__(Network)
    network.settings = SimpleNamespace(network="http://network")  # type: ignore[assignment]
    network._http = SimpleNamespace(get=lambda *_, **__: answer)  # type: ignore[assignment]
    sealed = network.seal_appointment(days, "Raum 2", "Ausweis")
    opened = json.loads(jwe.decrypt_compact(sealed, key, algorithms=SEALING).plaintext or b"")
    told = APPOINTMENT.load(opened)
    local = told["starts_at"].astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.weekday() < 5, told["place"]) == (10, True, "Raum 2")
    assert "Raum" not in sealed
