"""What partners asked at the gate, in order: so that an examiner can say what a system did and did not do."""

import base64
import json
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any
from wsgiref.types import WSGIEnvironment

KEPT = 20_000


@dataclass
class Entry:
    """One request; `status` is 0 until it was answered."""

    n: int
    at: float
    organization_id: str
    method: str
    path: str
    query: str
    idempotency_key: str
    if_match: str
    fault: str | None
    status: int = 0
    seconds: float = 0.0


@dataclass
class Records:
    """The newest requests of all partners."""

    _kept: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))
    _numbers: Any = field(default_factory=lambda: count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, organization_id: str, environ: WSGIEnvironment, fault: str | None) -> Entry:
        with self._lock:
            entry = Entry(
                n=next(self._numbers),
                at=time.time(),
                organization_id=organization_id,
                method=environ["REQUEST_METHOD"],
                path=environ.get("PATH_INFO", "/"),
                query=environ.get("QUERY_STRING", ""),
                idempotency_key=environ.get("HTTP_IDEMPOTENCY_KEY", ""),
                if_match=environ.get("HTTP_IF_MATCH", ""),
                fault=fault,
            )
            self._kept.append(entry)
        return entry

    def end(self, entry: Entry) -> None:
        entry.seconds = time.time() - entry.at

    def answered(self, entry: Entry, status: str) -> None:
        entry.status = int(status[:3])

    def after(self, number: int) -> list[dict[str, Any]]:
        """Everything that began after this one."""
        with self._lock:
            return [asdict(entry) for entry in self._kept if entry.n > number]


def organization_of(authorization: str) -> str:
    """Whose token this says it is. The services check it; here it only sorts what is written down."""
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return str(claims.get("organization_id", ""))
    except (ValueError, AttributeError):
        return ""
