"""`docker-compose.yml` as compose reads it: anchors followed, variables put in."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\$\{(\w+)(?::([-+])([^{}]*(?:\$\{[^{}]*\}[^{}]*)*))?\}")
SERVICES = ("directory", "referral", "notifications", "audit")


def filled(text: str, variables: Mapping[str, str]) -> str:
    """The text with `${NAME}`, `${NAME:-default}` and `${NAME:+instead}` put in."""

    def value(found: re.Match[str]) -> str:
        given, sign, other = variables.get(found[1], ""), found[2], filled(found[3] or "", variables)
        return (other if given else "") if sign == "+" else given or other

    return VARIABLE.sub(value, text)


def composed(variables: Mapping[str, str]) -> dict[str, Any]:
    return _composed(tuple(sorted(variables.items())))


@cache
def _composed(variables: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return dict(yaml.load(filled(text, dict(variables)), yaml.CSafeLoader))


@cache
def example() -> Mapping[str, str]:
    """What `.env.example` says."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def containers(variables: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    return dict(composed(example() if variables is None else variables)["services"])


def roles(service: str, found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The standing containers of one service."""
    return {name: one for name, one in found.items() if name.startswith(f"{service}-") and "migrate" not in name}
