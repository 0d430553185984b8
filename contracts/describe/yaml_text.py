"""Plain values as YAML: block style, every text in JSON's quotes, so that no reader can take ``no`` for a boolean."""

import json
import re
from collections.abc import Iterator
from typing import Any

_PLAIN_KEY = re.compile(r"^[A-Za-z_$][A-Za-z0-9_$-]*$")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def dump(document: Any) -> str:
    """The whole document, ending in a line break."""
    return "\n".join(_lines(document, 0)) + "\n"


def _lines(item: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(item, dict) and item:
        for key, value in item.items():
            yield from _entry(f"{pad}{_key(key)}:", value, depth)
    elif isinstance(item, list | tuple) and item:
        for value in item:
            yield from _entry(f"{pad}-", value, depth)
    else:
        yield pad + json.dumps(item, ensure_ascii=False)


def _entry(start: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict | list | tuple) and value:
        yield start
        yield from _lines(value, depth + 1)
    else:
        yield f"{start} {json.dumps(value, ensure_ascii=False)}"


def _key(key: str) -> str:
    return key if _PLAIN_KEY.match(key) and key.lower() not in _YAML_WORDS else json.dumps(key)
