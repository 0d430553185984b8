"""An appointment as a partner says it: when, for how long, where, what to bring. It travels sealed alone.

Its JSON is the text that is sealed to the network's key as `sealed_appointment`.
"""

import json
from collections.abc import Mapping
from typing import Any

import marshmallow
from marshmallow import fields, validate

from contracts.fields import Instant, StrictInteger

LONGEST_PLACE, LONGEST_BRING = 200, 1_000
SHORTEST, LONGEST = 5, 720
USUAL_MINUTES = 60


class AppointmentSchema(marshmallow.Schema):
    """When somebody is expected, for how many minutes (60 unless said), where, and what she should bring."""

    class Meta:
        unknown = marshmallow.RAISE

    starts_at = Instant(required=True)
    minutes = StrictInteger(load_default=USUAL_MINUTES, validate=validate.Range(SHORTEST, LONGEST))
    place = fields.String(load_default="", validate=validate.Length(0, LONGEST_PLACE))
    bring = fields.String(load_default="", validate=validate.Length(0, LONGEST_BRING))


APPOINTMENT = AppointmentSchema()


def read(text: str) -> dict[str, Any]:
    """The fields of an opened appointment; marshmallow's ValidationError names each wrong one."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        raise marshmallow.ValidationError("an-object")
    loaded: dict[str, Any] = APPOINTMENT.load(document)
    return loaded


def write(appointment: Mapping[str, Any] | Any) -> str:
    """The text to seal."""
    return json.dumps(APPOINTMENT.dump(appointment), ensure_ascii=False, sort_keys=True)
