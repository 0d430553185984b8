"""Every setting the services ask for, read out of the calls that ask: name, kind, what is expected, default, bounds.

A setting is declared where it is read (`environment.number("SESSION_HOURS", 10, low=1, high=24)`); nothing of it is
written down a second time.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READERS = ("text", "number", "url", "database", "broker", "secret", "path", "optional")
#: What these say of themselves; the others are told by the call.
SELF_EVIDENT = {
    "path": "the path of a readable file",
    "database": "an address beginning with postgresql://, in production with sslmode=verify-full",
    "broker": "an address beginning with amqp:// or amqps://, in production with amqps://",
}
DEFAULT_AT = {"number": 1, "database": 1}
RECEIVERS = ("environment", "env", "settings")
#: The chassis reads these for all four.
EVERYBODY = ("directory", "referral", "notifications", "audit")
NOTHING = object()


@dataclass
class Declared:
    """One setting, with all that its calls say together."""

    name: str
    kinds: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    expected: str = ""
    default: str | None = None

    @property
    def may_be_file(self) -> bool:
        """Whether its value may stand in a file that `<name>_FILE` names."""
        return bool(self.kinds & {"secret", "url", "database", "broker"})

    @property
    def is_required(self) -> bool:
        """Whether nothing starts without it; what is looked for first may be absent."""
        return self.default is None and "optional" not in self.kinds


@cache
def declared() -> Mapping[str, Declared]:
    """All of them, by name."""
    found: dict[str, Declared] = {}
    for path in sorted((ROOT / "services").rglob("*.py")):
        for name, kind, call, scope in _calls(path):
            one = found.setdefault(name, Declared(name))
            one.kinds.add(kind)
            one.services |= set(_services(path))
            if kind != "optional":
                one.expected = one.expected or _expected(kind, call, scope)
                one.default = _default(kind, call, scope) or one.default
    return {name: one for name, one in sorted(found.items()) if not _is_file_of(name, found)}


def _is_file_of(name: str, found: Mapping[str, Declared]) -> bool:
    """Whether the name is only the other way to give a setting that has a name of its own."""
    base = found.get(name.removesuffix("_FILE"))
    return name.endswith("_FILE") and base is not None and base.may_be_file


def _services(path: Path) -> tuple[str, ...]:
    room = path.relative_to(ROOT / "services").parts[0]
    return EVERYBODY if room == "chassis" else (room,)


Scope = dict[str, Any]


def _calls(path: Path) -> Iterator[tuple[str, str, ast.Call, Scope]]:
    """Every reading of a setting in a module, with the names its arguments may use."""
    text = path.read_text(encoding="utf-8")
    if not any(f".{reader}(" in text for reader in READERS):
        return
    for function, call in _functions_and_calls(ast.parse(text)):
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in READERS or not _reads(call.func.value):
            continue
        scope = _scope(path, function)
        name = _value(call.args[0], scope) if call.args else None
        if isinstance(name, str) and name.isupper():
            yield name, call.func.attr, call, scope


def _functions_and_calls(tree: ast.AST, inside: ast.AST | None = None) -> Iterator[tuple[ast.AST | None, ast.Call]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            yield inside, node
        yield from _functions_and_calls(node, node if isinstance(node, ast.FunctionDef) else inside)


def _reads(receiver: ast.expr) -> bool:
    """`environment`, or `Environment()` made on the spot."""
    if isinstance(receiver, ast.Call):
        return isinstance(receiver.func, ast.Name) and receiver.func.id == "Environment"
    return isinstance(receiver, ast.Name) and receiver.id in RECEIVERS


def _scope(path: Path, function: ast.AST | None) -> Scope:
    """The module's names, and those a function gives a text that can be computed from them."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    scope = dict(vars(import_module(name)))
    for node in ast.walk(function) if function else ():
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = _value(node.value, scope)
            if isinstance(value, str):
                scope[node.targets[0].id] = value
    return scope


def _expected(kind: str, call: ast.Call, scope: Scope) -> str:
    if kind == "number":
        low, high = (_argument(call, name, 9, scope) for name in ("low", "high"))
        return f"a whole number from {low} to {high}"
    if kind == "url":
        schemes = _argument(call, "schemes", 1, scope)
        return "an address beginning with " + " or ".join(f"{scheme}://" for scheme in schemes)
    if kind in SELF_EVIDENT:
        return SELF_EVIDENT[kind]
    found = _argument(call, "expected", 1, scope)
    return found if isinstance(found, str) else ""


def _default(kind: str, call: ast.Call, scope: Scope) -> str | None:
    """What is taken where nothing is given; one that only a run can tell in the words of the program."""
    given = _given(call, "default", DEFAULT_AT.get(kind, 2))
    if given is None:
        return None
    value = _value(given, scope)
    return ast.unparse(given) if value is NOTHING else str(value)


def _argument(call: ast.Call, name: str, position: int, scope: Scope) -> Any:
    given = _given(call, name, position)
    return NOTHING if given is None else _value(given, scope)


def _given(call: ast.Call, name: str, position: int) -> ast.expr | None:
    named = next((one.value for one in call.keywords if one.arg == name), None)
    return call.args[position] if named is None and len(call.args) > position else named


def _value(expression: ast.expr, scope: Scope) -> Any:
    """What an expression comes to with these names, if that can be told without running the program."""
    try:
        return eval(compile(ast.Expression(expression), "setting", "eval"), dict(scope))  # noqa: S307 - our own source
    except Exception:  # whatever depends on what only a run knows
        return NOTHING
