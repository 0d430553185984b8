"""A partner's system under load: cases side by side, each answered step by step on the version that was seen.

python -m tests.benchmarks.product_load HOST PORT CLIENTS PER_SECOND < told

what is told: {"token": ..., "cases": [[id, version]], "steps": [...]}
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import Any
from uuid import uuid4

from tests.benchmarks.load import Seen, Turns, post


async def run(host: str, port: int, clients: int, per_second: float, told: dict[str, Any]) -> dict[str, Any]:
    seen, versions, queue, turns = Seen(), dict[str, int](), iter(told["cases"]), Turns(per_second)
    began = perf_counter()
    await asyncio.gather(*(_client(host, port, told, queue, seen, versions, turns) for _ in range(clients)))
    seen.seconds = perf_counter() - began
    return {**vars(seen), "versions": versions}


async def _client(
    host: str,
    port: int,
    told: dict[str, Any],
    cases: Iterator[Any],
    seen: Seen,
    versions: dict[str, int],
    turns: Turns,
) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for case_id, version in cases:
        versions[case_id] = version
        for action, body in told["steps"]:
            headers = (
                f"Authorization: Bearer {told['token']}",
                f"Idempotency-Key: {uuid4()}",
                f'If-Match: "{versions[case_id]}"',
            )
            began = await turns.next()
            path = f"/partner/v1/referrals/{case_id}/actions/{action}"
            status, answer = await post(reader, writer, path, body, headers)
            seen.latencies_ms.append((perf_counter() - began) * 1000)
            if status != 200:
                seen.refused += 1
                seen.said.add(f"{status} {answer[:300].decode()}")
                break
            seen.acknowledged += 1
            versions[case_id] = json.loads(answer)["version"]
    writer.close()


if __name__ == "__main__":
    host, port, clients = sys.argv[1], *map(int, sys.argv[2:4])
    found = asyncio.run(run(host, port, clients, float(sys.argv[4]), json.load(sys.stdin)))
    json.dump({**found, "said": sorted(found["said"])}, sys.stdout)
