"""A run as a document: docs/results/bench.json, docs/performance.md and its charts. Nothing in them is written by hand.

`python -m tests.benchmarks.report` draws the page anew from the results that are kept.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.benchmarks import charts, machine, rounds, tried
from tests.benchmarks.contestants import ROOT

RESULTS = ROOT / "docs" / "results" / "bench.json"
GROWTH = ROOT / "docs" / "results" / "growth.json"
COMPOSE = ROOT / "docs" / "results" / "compose.json"
PAGE = ROOT / "docs" / "performance.md"
CHARTS = ROOT / "docs" / "performance"
#: In the order of the path.
PARTS = ("api", "relay", "consumer", "postgresql", "rabbitmq")
TRIPS = "round trips"
#: What the sizing assumes: steps of a referral after its answer, and what part of a day's its busiest hour has.
FURTHER_STEPS, BUSIEST_HOUR = 5, 0.25
REFERRALS_A_DAY = (1_000, 10_000, 100_000, 1_000_000)

Json = dict[str, Any]


def write(found: Json) -> None:
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    draw()


def draw() -> None:
    """The page and its charts, from what is kept."""
    found, grown = json.loads(RESULTS.read_text(encoding="utf-8")), kept(GROWTH)
    CHARTS.mkdir(exist_ok=True)
    for old in CHARTS.glob("*.svg"):
        old.unlink()
    for name, drawn in (*pictures(found), *growth_pictures(grown or {"groups": {}})):
        (CHARTS / name).write_text(drawn, encoding="utf-8")
    PAGE.write_text(page(found, grown), encoding="utf-8")


def kept(path: Path) -> Json | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def page(found: Json, grown: Json | None) -> str:
    loader = FileSystemLoader(Path(__file__).parent)
    template = Environment(loader=loader, undefined=StrictUndefined, autoescape=False).get_template(
        "performance.md.jinja"
    )
    return template.render(
        found=found,
        grown=grown,
        busy=found["others"] > machine.BUSY,
        rounds_played=len(found["drains"]),
        figures=figures(found),
        made_of=", ".join(f"{name} {version}" for name, version in found["peers"].items()),
        peers=peers(found),
        latencies=latencies(found),
        stages=stages(found["stages"]) if found["stages"] else "",
        memory=memory(found),
        sizing=sizing(found),
        further_steps=FURTHER_STEPS,
        busiest_hour=BUSIEST_HOUR,
        stack=kept(COMPOSE),
        growth=[{**one, "key": key, "table": growth(one)} for key, one in (grown or {"groups": {}})["groups"].items()],
        missed=missed(found, grown),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is words, the others are figures."""
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def figures(found: Json) -> str:
    rows = []
    for one in found["figures"]:
        mark = ("reached" if one["reached"] else "**missed**") if one["target"] else ""
        rows.append((one["name"], one["target"], f"{number(one['seen'])} {one['unit']}", mark))
    return table(("figure", "to reach", "seen", ""), rows)


def peers(found: Json) -> str:
    rows = []
    for name, one in found["contestants"].items():
        cpu, (least, most) = one["cpu_ms"], one["spread"]
        rate = f"{number(one['per_second'])} ({number(least)} to {number(most)})"
        rows.append((name, *(number(cpu.get(part, 0)) for part in PARTS), f"**{number(sum(cpu.values()))}**", rate))
    return table(("CPU-ms per transition", *PARTS, "all", "transitions/s (spread)"), rows)


def latencies(found: Json) -> str:
    rows = []
    for name, one in found["contestants"].items():
        loads = {"16 clients": one["latency"], "half that rate, evenly": one["half"], "4 clients": one["few"]}
        for load, told in loads.items():
            if told:
                cells = (told["http_p50"], told["http_p99"], told["heard_p50"], told["heard_p99"])
                rows.append((f"{name}, {load}", *map(number, cells)))
    return table(("", "HTTP p50", "HTTP p99", "to the log p50", "to the log p99"), rows)


def stages(of: Json) -> str:
    spine, product = of["spine"], of["product"]
    rows = [
        (name, *(f"{value:.3f}" for value in (spine.get(name, 0), product.get(name, 0))), added(spine, product, name))
        for name in sorted(spine | product, key=lambda name: -product.get(name, 0.0))
        if name != TRIPS
    ]
    whole = [sum(value for name, value in one.items() if name != TRIPS) for one in (spine, product)]
    rows.append(("all of it", f"{whole[0]:.3f}", f"{whole[1]:.3f}", f"{whole[1] - whole[0]:+.3f}"))
    rows.append(("round trips to the database", f"{spine[TRIPS]:.1f}", f"{product[TRIPS]:.1f}", ""))
    return table(("stage, CPU-ms", "spine", "product", "adds"), rows)


def added(spine: Json, product: Json, name: str) -> str:
    return f"{product.get(name, 0.0) - spine.get(name, 0.0):+.3f}"


def memory(found: Json) -> str:
    rows = [
        (name, *(f"{one['memory'].get(part, 0):.0f}" for part in PARTS)) for name, one in found["contestants"].items()
    ]
    return table(("", *PARTS), rows)


def sizing(found: Json) -> str:
    """Cores that are busy in the busiest hour, by component; memory is what each holds whatever it does."""
    first, further = (found["contestants"][name]["cpu_ms"] for name in ("product", rounds.FURTHER))
    rows = []
    for referrals in REFERRALS_A_DAY:
        a_second = referrals * BUSIEST_HOUR / 3600
        cores = [a_second * (first[part] + FURTHER_STEPS * further[part]) / 1000 for part in PARTS]
        steps = a_second * (1 + FURTHER_STEPS)
        rows.append((f"{referrals:,} referrals a day", number(steps), *(f"{one:.3f}" for one in (*cores, sum(cores)))))
    return table(("", "steps/s in the busiest hour", *(f"cores: {part}" for part in PARTS), "all"), rows)


def growth(group: Json) -> str:
    sizes = sorted({int(size) for one in group["curves"].values() for size in one["values"]})
    rows = []
    for name, one in group["curves"].items():
        cells = [number(one["values"][str(size)]) if str(size) in one["values"] else "" for size in sizes]
        rows.append((name, *cells, "no worse" if one["holds"] else "**worse**"))
    return table((group["unit"], *(f"{size:,}" for size in sizes), ""), rows)


def missed(found: Json, grown: Json | None) -> str:
    lines = []
    for one in found["figures"]:
        if one["target"] and not one["reached"]:
            seen = f"{number(one['seen'])} {one['unit']}".strip()
            lines.append(f"- **{one['name']}**: {seen}, {one['target']} was to be reached.")
            lines += [f"  {sentence}" for sentence in tried.about(one["name"])]
    for group in grown["groups"].values() if grown else ():
        alike: dict[tuple[str, ...], list[str]] = {}
        for name in (name for name, one in group["curves"].items() if not one["holds"]):
            alike.setdefault(tried.about(f"{group['title']}: {name}"), []).append(name)
        for told, names in alike.items():
            lines.append(f"- **{group['title']}** grow faster than the logarithm of the size: {'; '.join(names)}.")
            lines += [f"  {sentence}" for sentence in told]
    return "\n".join(lines) or "Nothing was missed."


def pictures(found: Json) -> Iterator[tuple[str, str]]:
    people = found["contestants"]
    cpu = {name: {part: one["cpu_ms"].get(part, 0.0) for part in PARTS} for name, one in people.items()}
    yield "cpu.svg", charts.stacked("CPU time per transition by component", "ms", cpu, most=2.2)
    rates = {name: {"": one["per_second"]} for name, one in people.items()}
    yield "rates.svg", charts.stacked("Transitions per second, from command to log", "/s", rates)
    if found["stages"]:
        bars = {
            who: {name: value for name, value in of.items() if name != TRIPS} for who, of in found["stages"].items()
        }
        yield "stages.svg", charts.stacked("One command in web process and database, by stage", "ms", bars)
    if found["backlog"]:
        told = found["backlog"]
        lines = {
            name: {at * told["every"]: value for at, value in enumerate(held)}
            for name, held in told["memory"].items()
            if held
        }
        yield (
            "backlog.svg",
            charts.curves("Memory while a backlog drains", "MiB over seconds", lines, logarithmic=False),
        )


def growth_pictures(grown: Json) -> Iterator[tuple[str, str]]:
    for key, group in grown["groups"].items():
        lines = {
            name: {float(size): value for size, value in one["values"].items()} for name, one in group["curves"].items()
        }
        yield f"growth-{key}.svg", charts.curves(group["title"], group["unit"], lines)


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 20 else f"{value:.2f}"


if __name__ == "__main__":
    draw()
