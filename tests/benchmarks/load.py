"""The load: lifecycles side by side, each a sequence of transitions over one kept-alive connection.

python -m tests.benchmarks.load HOST PORT CLIENTS STEPS PER_SECOND < ids
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from time import perf_counter


@dataclass
class Seen:
    """What the clients saw."""

    acknowledged: int = 0
    refused: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    #: What was said to whoever was refused.
    said: set[str] = field(default_factory=set)


class Turns:
    """When each request is due: at once, or so many a second, evenly, whoever is free takes the next.

    How long a request took counts from when it was due: who had to wait for a free client waited, too.
    """

    def __init__(self, per_second: float) -> None:
        self._per_second, self._began, self._numbers = per_second, perf_counter(), count()

    async def next(self) -> float:
        """Wait for the next one; the moment from which it counts."""
        if not self._per_second:
            return perf_counter()
        due = self._began + next(self._numbers) / self._per_second
        if (ahead := due - perf_counter()) > 0:
            await asyncio.sleep(ahead)
        return due


async def run(host: str, port: int, clients: int, steps: int, per_second: float, ids: list[str]) -> Seen:
    seen, queue, turns = Seen(), iter(ids), Turns(per_second)
    began = perf_counter()
    await asyncio.gather(*(_client(host, port, steps, queue, seen, turns) for _ in range(clients)))
    seen.seconds = perf_counter() - began
    return seen


async def _client(host: str, port: int, steps: int, ids: object, seen: Seen, turns: Turns) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for case_id in ids:  # type: ignore[attr-defined]
        for version in range(steps):
            began = await turns.next()
            wanted = {"version": version, "status": "moving"}
            status, answer = await post(reader, writer, f"/spine/cases/{case_id}", wanted)
            seen.latencies_ms.append((perf_counter() - began) * 1000)
            if status == 200:
                seen.acknowledged += 1
            else:
                seen.refused += 1
                seen.said.add(f"{status} {answer[:300].decode()}")
    writer.close()


async def post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: object, headers: Sequence[str] = ()
) -> tuple[int, bytes]:
    """One request on a kept-alive connection; the status and the answer's body."""
    content = json.dumps(body).encode()
    head = ("Host: bench", "Content-Type: application/json", f"Content-Length: {len(content)}", *headers)
    writer.write("\r\n".join((f"POST {path} HTTP/1.1", *head, "", "")).encode() + content)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(answer.partition("content-length:")[2].split("\r\n")[0])
    return int(answer.split(" ", 2)[1]), await reader.readexactly(length)


if __name__ == "__main__":
    host, port, clients, steps = sys.argv[1], *map(int, sys.argv[2:5])
    result = asyncio.run(run(host, port, clients, steps, float(sys.argv[5]), sys.stdin.read().split()))
    json.dump({**asdict(result), "said": sorted(result.said)}, sys.stdout)
