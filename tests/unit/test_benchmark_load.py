"""The benchmark's load at a rate: due evenly, and nobody's waiting is left out."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.benchmarks.load import Turns


def run(taken: Coroutine[Any, Any, list[float]]) -> list[float]:
    """In a thread of its own: in a process with a browser in it a loop runs already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, taken).result()


def test_at_a_rate_requests_are_due_evenly_whenever_somebody_is_free():
    async def taken() -> list[float]:
        turns = Turns(1_000_000.0)
        due = [await turns.next() for _ in range(3)]
        await asyncio.sleep(0.001)  # a thousand turns pass while nobody is free
        return [*due, await turns.next(), await turns.next()]

    due = run(taken())
    assert [round((one - due[0]) * 1_000_000) for one in due] == [0, 1, 2, 3, 4]


def test_nobody_is_sent_off_before_her_turn():
    async def taken() -> list[float]:
        turns, began = Turns(100.0), asyncio.get_running_loop().time()
        return [(await turns.next(), asyncio.get_running_loop().time() - began)[1] for _ in range(3)]

    assert run(taken())[-1] >= 0.019
