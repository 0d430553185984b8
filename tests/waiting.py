"""Waiting for something that happens in another process, without guessing how long it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
#: Times are meant for a machine that has nothing else to do. Being patient costs nothing where it happens anyway.
PATIENCE = 3


def eventually(condition: Callable[[], T], timeout: float = 10.0, interval: float = 0.05) -> T:
    """Call `condition` until it returns something true and give that back; fail with its last answer in the end.

    `timeout` is what a quiet machine needs at most; a busy one is given PATIENCE times as long.

    An AssertionError inside the condition means "not yet"; the last one is what the failure shows.
    """
    deadline = time.monotonic() + PATIENCE * timeout
    while True:
        last: object = None
        try:
            last = answer = condition()
            if answer:
                return answer
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {PATIENCE * timeout} s; last answer: {last!r}")
        time.sleep(interval)
