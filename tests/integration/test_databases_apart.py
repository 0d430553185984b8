"""Four services, four databases: each is closed to the roles of the others, so that none reads another's tables."""

from collections.abc import Callable
from itertools import permutations
from urllib.parse import urlsplit

import psycopg
import pytest

from deploy.demo.databases import SERVICES, DatabaseAddresses, at_database


def test_no_service_enters_anothers_database(make_database: Callable[[str], DatabaseAddresses]) -> None:
    dsns = {service: make_database(service).app_dsn for service in SERVICES}
    for ours, theirs in permutations(dsns.values(), 2):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(at_database(ours, urlsplit(theirs).path.removeprefix("/")))
    for dsn in dsns.values():
        psycopg.connect(dsn).close()
