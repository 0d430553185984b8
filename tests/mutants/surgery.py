"""Take one guard out of a living function, see what notices, and put it back."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any


@dataclass(frozen=True)
class Guard:
    """One guard: where it stands, the words that make it, what is left without them, and why it must not go."""

    function: FunctionType | Callable[..., Any]
    old: str
    new: str
    reason: str
    #: The scenario, or the test with its examples, that has to notice.
    killer: str

    def __str__(self) -> str:
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}: {self.reason}"


@contextmanager
def without(guard: Guard) -> Iterator[None]:
    """The function runs without its guard, for everybody who calls it."""
    function: Any = guard.function
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(guard.old) == 1, f"the guard {guard.old!r} is not where this list expects it"
    changed = source.replace(guard.old, guard.new)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    namespace = dict(function.__globals__)
    exec(compile(changed, inspect.getfile(function), "exec"), namespace)
    whole = function.__code__
    function.__code__ = namespace[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = whole


def examples_of(module: ModuleType, named: str = "test_") -> Iterator[Callable[[], object]]:
    """The examples of a module's tests, or of the named one, each ready to be called; searches are left out."""
    for name, item in vars(module).items():
        if name.startswith("Test") and inspect.isclass(item):
            for method in vars(item):
                if method.startswith(named):
                    yield from _calls(getattr(item(), method))
        elif name.startswith(named) and inspect.isfunction(item):
            yield from _calls(item)


def _calls(test: Any) -> Iterator[Callable[[], object]]:
    if hasattr(test, "hypothesis"):
        return
    lists = []
    for mark in getattr(test, "pytestmark", []):
        names = mark.args[0] if isinstance(mark.args[0], tuple | list) else mark.args[0].split(",")
        values = [one if len(names) > 1 else (one,) for one in mark.args[1]]
        lists.append([dict(zip(names, one, strict=True)) for one in values])
    for chosen in itertools.product(*lists):
        arguments = {name: value for one in chosen for name, value in one.items()}
        if set(inspect.signature(test).parameters) == set(arguments):
            yield lambda arguments=arguments: test(**arguments)


def notices(examples: list[Callable[[], object]]) -> bool:
    """Does any of them fail?"""
    for example in examples:
        try:
            example()
        except BaseException:
            return True
    return False
