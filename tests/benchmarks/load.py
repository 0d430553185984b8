"""The load: lifecycles side by side, each a sequence of transitions over one kept-alive connection.

python -m tests.benchmarks.load HOST PORT CLIENTS STEPS < ids
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
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


async def run(host: str, port: int, clients: int, steps: int, ids: list[str]) -> Seen:
    seen, queue = Seen(), iter(ids)
    began = perf_counter()
    await asyncio.gather(*(_client(host, port, steps, queue, seen) for _ in range(clients)))
    seen.seconds = perf_counter() - began
    return seen


async def _client(host: str, port: int, steps: int, ids: object, seen: Seen) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for case_id in ids:  # type: ignore[attr-defined]
        for version in range(steps):
            began = perf_counter()
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
    result = asyncio.run(run(host, port, clients, steps, sys.stdin.read().split()))
    json.dump({**asdict(result), "said": sorted(result.said)}, sys.stdout)
