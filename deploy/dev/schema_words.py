"""What a field of a JSON Schema may hold, and what a code means, in few words for a table."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from contracts import codes as lists
from deploy.dev.markdown import codes
from services.chassis import i18n

Json = Mapping[str, Any]
#: Lists that are explained where they are used.
ELSEWHERE = {
    "Action": "lifecycle.md#who-may-do-what",
    "NoticeKind": "notices.md#what-each-kind-wants-of-you",
    "Status": "lifecycle.md#the-statuses",
}


def word(value: Any, language: str = "en") -> str:
    return i18n.label("referral", language, value)


def values_of(schema: Json) -> str:
    """What a field may hold, in few words."""
    kind = schema.get("type", "")
    if isinstance(kind, list):
        kind = "/".join(one for one in kind if one != "null")
    if "const" in schema:
        return f"`{schema['const']}`"
    if kind == "array":
        return f"list of {values_of(schema['items'])}"
    return _enum(schema["enum"]) if "enum" in schema else _plain(str(kind), schema)


def _plain(kind: str, schema: Json) -> str:
    named = {"uuid": "UUID", "date": "day `YYYY-MM-DD`", "date-time": "instant, RFC 3339, UTC"}
    if schema.get("format") in named:
        return named[schema["format"]]
    if "pattern" in schema:
        pattern = str(schema["pattern"]).replace("|", r"\|")
        return "compact JWE" if pattern.endswith("{4}$") else f"text like `{pattern}`"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None or high is not None:
        return f"{kind} {low}–{high}" if high is not None else f"{kind} from {low}"
    return f"text, at most {schema['maxLength']} characters" if "maxLength" in schema else kind


def _enum(values: Iterable[Any]) -> str:
    given = [str(one) for one in values if one is not None]
    known = {tuple(one.value for one in found): name for name, found in vars(lists).items() if _is_list(found)}
    name = known.get(tuple(given))
    if name and len(given) > 4:
        return f"code of [{name}]({ELSEWHERE.get(name, f'codes.md#{name.lower()}')})"
    return codes(given)


def _is_list(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, StrEnum) and found is not StrEnum
