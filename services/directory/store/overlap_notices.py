"""Which services stand on occupied ground without a word why: noted once, until it is over."""

from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.work import Work


def open_ones(connection: Connection) -> dict[str, str]:
    """The services concerned, with the group each was noted for."""
    rows = connection.execute(
        "SELECT service_id, overlap_group FROM overlap_notices WHERE settled_at IS NULL"
    ).fetchall()
    return {str(row["service_id"]): row["overlap_group"] for row in rows}


def since(connection: Connection) -> dict[str, Any]:
    """When each open one was noted."""
    rows = connection.execute("SELECT service_id, noted_at FROM overlap_notices WHERE settled_at IS NULL").fetchall()
    return {str(row["service_id"]): row["noted_at"] for row in rows}


def add(work: Work, service_id: str, other_id: str, group: str) -> None:
    work.tx.execute(
        "INSERT INTO overlap_notices (service_id, other_service_id, overlap_group, noted_at) VALUES (%s, %s, %s, %s)",
        (UUID(service_id), UUID(other_id), group, work.now),
    )


def settle(work: Work, service_id: str) -> None:
    work.tx.execute(
        "UPDATE overlap_notices SET settled_at = %s, settled_by = %s WHERE service_id = %s AND settled_at IS NULL",
        (work.now, work.actor, UUID(service_id)),
    )
