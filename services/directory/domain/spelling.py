"""How other directories spell what ours spells in one way: telephone numbers, numbers as text, names of places.

Nothing is guessed: what cannot be read for certain is left as it is, and the readers say what they expected.
"""

import re
from collections.abc import Mapping
from typing import Any

from services.directory.domain import formats
from services.directory.domain.shapes import Number, Reader, Whole

_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,12})?")
#: What people write between the digits of a telephone number, and around it.
_BETWEEN = re.compile(r"[\s()./\u2010-\u2015-]+")
_AROUND = "\"'\u201c\u201d\u201e "


def spelled(read: Reader, value: Any) -> Any:
    """The value as the reader knows it."""
    if read is formats.phone_number and isinstance(value, str):
        return telephone(value)
    if isinstance(read, Whole | Number):
        return _number(read, value)
    return value


def telephone(given: str) -> str:
    """``"0049 (0)241/1234-567"`` is ``+49 241 1234 567``; without a country it stays as it is dialled there."""
    text = re.sub(r"^tel(efon)?[.: ]*", "", given.strip(_AROUND), flags=re.IGNORECASE)
    is_abroad = text.startswith(("+", "00"))
    text = text.replace("(0)", " ") if is_abroad else text
    digits = _BETWEEN.sub(" ", text.removeprefix("+")).strip()
    if not re.fullmatch(r"[0-9][0-9 ]*", digits):
        return given
    return f"+{digits.removeprefix('00').strip()}" if is_abroad else digits


def _number(read: Reader, value: Any) -> Any:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value) if "." in value else int(value)
    if isinstance(read, Whole) and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def place_name(place: Mapping[str, Any]) -> Any:
    """What a place is called; one without a name is called by its address."""
    if place.get("name"):
        return place["name"]
    addresses = place.get("addresses")
    for address in addresses if isinstance(addresses, list) else ():
        if isinstance(address, Mapping) and isinstance(address.get("address_1"), str):
            return ", ".join(part for part in (address["address_1"], address.get("city")) if isinstance(part, str))
    return place.get("alternate_name") or place.get("external_identifier")
