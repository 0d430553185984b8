"""Counting lines that do something: neither blank, nor comment, nor docstring."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below, without a look into expressions."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        below = getattr(node, part, ())
        for one in below if isinstance(below, list) else ():
            if isinstance(one, ast.stmt):
                yield one
            yield from statements(one)


def code_lines(path: Path) -> int:
    """Lines of a module on which a statement or a part of one stands."""
    text = path.read_text(encoding="utf-8")
    documented = {
        line
        for node in statements(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    return sum(
        1
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#") and number not in documented
    )


def total(paths: Iterable[Path]) -> int:
    return sum(code_lines(path) for path in paths if "node_modules" not in path.parts)


def product() -> int:
    """Everything that runs in production: contracts, services, the operator's command."""
    return total(path for part in ("contracts", "services", "lotse") for path in (ROOT / part).rglob("*.py"))


def checks() -> int:
    """Everything that looks whether it does."""
    return total((ROOT / "tests").rglob("*.py"))
