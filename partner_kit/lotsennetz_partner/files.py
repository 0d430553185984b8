"""Files that others read: there whole or not at all, and for us alone. Papers lie beside their dossier."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from lotsennetz_partner.client import Client
from lotsennetz_partner.errors import RefusedError, UnreadableError

ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/tiff": "tif"}


def write_whole(file: Path, content: Mapping[str, Any]) -> None:
    """A JSON file."""
    write_bytes(file, (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())


def write_bytes(file: Path, content: bytes) -> None:
    """The file is there whole or not at all, whatever happens meanwhile; only we may read it."""
    part = file.with_name(f".{file.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)


def papers_of(dossier: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the papers that can be fetched; one without an id the person brings herself."""
    for one in (dossier.get("person") or {}).get("documents") or ():
        if one.get("id"):
            yield str(one["id"])


def lay_papers(
    client: Client, folder: Path, name: str, referral_id: str, papers: Iterable[str]
) -> list[dict[str, str]]:
    """Fetch papers into a folder: of each its file, or why there is none. What lies there is not fetched once more."""
    return [{"id": paper, **_lay(client, folder, name, referral_id, paper)} for paper in papers]


def _lay(client: Client, folder: Path, name: str, referral_id: str, paper: str) -> dict[str, str]:
    try:
        stem = f"{name}.paper.{UUID(paper)}"
    except ValueError:
        return {"unreadable": "expected a UUID"}
    for ending in (*ENDINGS.values(), "bin"):
        if (file := folder / f"{stem}.{ending}").exists():
            return {"file": file.name}
    try:
        media_type, content = client.document(referral_id, paper)
    except RefusedError as refused:
        return {"refused": refused.slug}
    except UnreadableError as unreadable:
        return {"unreadable": str(unreadable)}
    file = folder / f"{stem}.{ENDINGS.get(media_type, 'bin')}"
    write_bytes(file, content)
    return {"file": file.name}
