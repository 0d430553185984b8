"""What came of fuzzing, as a page."""

from typing import Any

Json = dict[str, Any]
HEAD = """# Input nobody thought of

Written by `make fuzz` on {day}, {cores} cores. Valid inputs are mutated towards code that was not reached before
(atheris); before that a hole that was planted behind four right bytes has to be found. *Taken* is what was in order
all the same, *refused* what was told what is wrong with it (or, of commands, put aside where a person finds it), *kept*
how many inputs reached something new, *features* what was reached, counted by libFuzzer. *Broke* would be any other
exception, or an input that takes longer than ten seconds.

"""
DOORS = ("door", "inputs", "a second", "taken", "refused", "kept", "features", "broke")
ANSWERS = """
The four APIs are asked what their descriptions allow and what they do not (schemathesis), as a caller who is signed in.
An answer that is not meant, or a 500, would be a failure.

"""
APIS = ("API", "operations", "requests", "answered", "broke")
#: What is no refusal, by how it begins.
TAKEN = ("taken", "answered", "opened")


def page(found: Json) -> str:
    """The whole page."""
    doors = [_door(told) for told in found["doors"].values()]
    apis = [_api(name, told) for name, told in found["apis"].items()]
    head = HEAD.format(day=found["at"][:10], cores=found["cores"])
    return head + _table(DOORS, doors) + ANSWERS + _table(APIS, apis)


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _door(told: Json) -> list[str]:
    inputs = told["inputs"]
    taken = sum(many for word, many in told["outcomes"].items() if word.startswith(TAKEN))
    rate = inputs / told["seconds"] if told["seconds"] else 0.0
    figures = (inputs, round(rate), taken, inputs - taken, told["corpus"], told["features"])
    return [told["title"], *(f"{one:,}" for one in figures), _broke(told)]


def _api(name: str, told: Json) -> list[str]:
    answers = ", ".join(f"{code}: {many:,}" for code, many in sorted(told["answers"].items()))
    return [name, f"{told['operations']}", f"{sum(told['answers'].values()):,}", answers, _broke(told)]


def _broke(told: Json) -> str:
    return "**yes**" if told["broken"] else "no"
