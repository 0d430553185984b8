"""A service that does numbered steps when it is asked to and tells of each; the fault suite runs it as a program.

It speaks as the directory, because hearers believe an event only of the service whose it is.
"""

from pathlib import Path
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema, fields
from apiflask.validators import Length, Range
from flask import g

from contracts.directory import ImportApplied
from services.chassis.access import public
from services.chassis.config import Settings
from services.chassis.launch import Service, main
from services.chassis.room import room
from services.chassis.web import create_app
from services.chassis.work import Unit, Work

TABLE = "CREATE TABLE steps (n bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL, subject uuid NOT NULL)"


class Step(Schema):
    """What a client asks for; its name is the key by which a repetition is known."""

    name = fields.String(required=True, validate=Length(min=1, max=64))
    subject = fields.UUID(required=True)
    number = fields.Integer(required=True, validate=Range(min=1, max=10_000_000))


def app(settings: Settings, unit: Unit) -> Any:
    faults = APIBlueprint("faults", __name__, url_prefix="/directory/faults")

    @faults.post("/steps")
    @faults.input(Step, arg_name="step")
    def do(step: dict[str, Any]) -> tuple[dict[str, Any], int]:
        def run(work: Work) -> tuple[int, dict[str, Any]]:
            work.tx.execute("INSERT INTO steps (name, subject) VALUES (%s, %s)", (step["name"], step["subject"]))
            work.announce(an_import(step["subject"], step["number"]))
            return 201, {"name": step["name"]}

        status, body = room().unit.idempotent(
            "load", step["name"], step["name"], run, actor="system:load", correlation_id=g.correlation_id
        )
        return body, status

    public(do)
    return create_app("directory", settings, unit, blueprints=[faults])


def an_import(subject: UUID, number: int) -> ImportApplied:
    return ImportApplied(import_id=subject, organizations=number, services=0, unchanged=0, sha256=f"{number:064x}")


if __name__ == "__main__":
    none = Path(__file__).parent / "none"
    main(Service(name="directory", package="tests.system.faults.teller", migrations=none, web=app))
