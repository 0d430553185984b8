"""What the stand-ins of partners do with a referral that has ended without their hearing of it."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from deploy.demo.partners.office import Store, fetch_once


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
