"""A web role that is told to go: whoever is being answered gets her answer, whoever comes finds no door."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from flask import Flask

from deploy.demo.places import free_port
from services.chassis import web
from services.chassis.config import load
from tests.chassis.test_config import GOOD
from tests.waiting import eventually


@pytest.fixture
def handlers() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("handlers")
def test_who_is_being_answered_gets_the_answer_and_who_comes_then_finds_no_door() -> None:
    port = free_port()
    settings = replace(load("referral", GOOD), http_address=f"127.0.0.1:{port}")
    asked, go_on, seen = threading.Event(), threading.Event(), {}
    app: Any = Flask("test")
    clock, refusals = SimpleNamespace(now=lambda: datetime.now(UTC)), SimpleNamespace(flush=lambda _: None)
    room = SimpleNamespace(largest_request=1_000_000, refusals=refusals, unit=SimpleNamespace(clock=clock))
    app.extensions["lotsennetz"] = room

    @app.get("/slow")
    def slow() -> str:
        asked.set()
        go_on.wait(10)
        return "the answer"

    def ask() -> None:
        seen["answer"] = urllib3.request("GET", f"http://127.0.0.1:{port}/slow", retries=False, timeout=30).data

    def is_shut() -> bool:
        try:
            urllib3.request("GET", f"http://127.0.0.1:{port}/slow", retries=False, timeout=1)
        except urllib3.exceptions.HTTPError as error:
            return isinstance(error, urllib3.exceptions.NewConnectionError)
        return False

    def stop_while_asked() -> None:
        eventually(lambda: open_(port))
        first = threading.Thread(target=ask)
        first.start()
        asked.wait(10)
        os.kill(os.getpid(), signal.SIGTERM)
        seen["shut"] = eventually(is_shut)
        go_on.set()
        first.join(10)

    teller = threading.Thread(target=stop_while_asked)
    teller.start()
    web.serve(app, settings)
    teller.join(30)
    assert seen == {"shut": True, "answer": b"the answer"}


def open_(port: int) -> bool:
    try:
        return urllib3.request("GET", f"http://127.0.0.1:{port}/", retries=False, timeout=5).status == 404
    except urllib3.exceptions.HTTPError:
        return False
