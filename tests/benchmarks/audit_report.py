"""The audit log's figures as JSON and as a page; nothing in it is written by hand."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results"


def write(found: dict[str, Any]) -> None:
    (RESULTS / "audit.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "audit.md").write_text(table(found), encoding="utf-8")


def table(found: dict[str, Any]) -> str:
    machine = found["machine"]
    intro = (
        "# The audit log: how fast, how long, how sure\n\n"
        f"{found['at']}, {found['entries']:,} entries, {machine['cpus']} CPUs shared with other work (load"
        f" {machine['load1']} at the beginning, {found['machine_at_the_end']['load1']} at the end), Python"
        f" {machine['python']}; `python -m tests.benchmarks.audit_log --entries {found['entries']} --write`.\n"
        "On a shared machine ratios of one run and CPU time say more than rates.\n"
    )
    return "\n".join([intro, _append(found), _growth(found), _exports(found), _pages(found), _tamperings(found)])


def _append(found: dict[str, Any]) -> str:
    limits = found["limits"]
    lines = ["## Appending, from envelopes to a commit on disk, beside the limits of the same minutes\n"]
    lines += ["| | per second | CPU µs per entry (writer and database) |", "|---|---:|---:|"]
    for size, one in found["append"].items():
        lines.append(f"| append, batch {size} | {one['per_second']:,.0f} | {one['cpu_us']:,.0f} |")
    lines += [f"| limit: {name} | {value:,.0f} | |" for name, value in limits.items()]
    equal = found["equal rows"]
    lines.append(
        f"| the same rows into an equal table, batch 100 | {equal['per_second']:,.0f} | {equal['cpu_us']:,.0f} |"
    )
    ratio = found["append"]["100"]["per_second"] / limits["bare COPY, batch 100"]
    oracle = found["append"]["200"]["per_second"] / limits["pymerkle append (memory only)"]
    lines.append(
        f"\nBatch 100 reaches {ratio:.2f} of the bare COPY (four columns, no index, not logged), and in CPU time"
        f" {equal['cpu_us'] / found['append']['100']['cpu_us']:.2f} of a COPY of the finished rows into an equal table,"
        f" which makes no leaf and no hash; batch 200, on disk, {oracle:.2f} of pymerkle in memory.\n"
    )
    return "\n".join(lines)


def _growth(found: dict[str, Any]) -> str:
    lines = [
        "## Growing\n",
        "| entries | append/s | CPU µs, with making the event | writer MiB | database MiB | MiB per 1,000 |",
    ]
    lines.append("|---:|---:|---:|---:|---:|---:|")
    for mark in found["growth"]:
        share = mark["database_mib"] / mark["entries"] * 1000
        lines.append(
            f"| {mark['entries']:,} | {mark['append_per_second']:,.0f} | {mark['cpu_us_with_making_the_events']:,.0f}"
            f" | {mark['writer_mib']:,.0f} | {mark['database_mib']:,.0f} | {share:.2f} |"
        )
    sha = found["limits at the end"]["SHA-256 of the leaves"]
    lines += ["\n## Verifying the database with the independent program\n"]
    lines += [
        "| entries | per second | per CPU second | share of the SHA-256 limit | most memory, MiB |",
        "|---:|---:|---:|---:|---:|",
    ]
    for mark in found["growth"]:
        if "verify" in mark:
            one = mark["verify"]
            lines.append(
                f"| {mark['entries']:,} | {one['per_second']:,.0f} | {one['per_cpu_second']:,.0f}"
                f" | {one['per_second'] / sha:.3f} | {one['mib']:.0f} |"
            )
    return "\n".join([*lines, ""])


def _exports(found: dict[str, Any]) -> str:
    lines = [
        "## Exports (the newest million)\n",
        "| | written/s | verified/s | per CPU second | most memory, MiB |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, one in found["exports"].items():
        cells = (one["write_per_second"], one["per_second"], one["per_cpu_second"], one["mib"])
        lines.append(f"| {name} | {' | '.join(f'{cell:,.0f}' for cell in cells)} |")
    return "\n".join([*lines, ""])


def _pages(found: dict[str, Any]) -> str:
    lines = ["## What stands behind the pages, p95 at full size\n", "| | ms |", "|---|---:|"]
    return "\n".join([*lines, *(f"| {name} | {value:,.1f} |" for name, value in found["p95_ms"].items()), ""])


def _tamperings(found: dict[str, Any]) -> str:
    lines = ["## Tampering tried by a superuser, and how it was reported\n"]
    lines += ["2,000 entries, heads of 1,000 and 2,000 published outside; each on a copy of its own.\n"]
    lines += ["| what was done | exit | kind | entry | in the verifier's words |", "|---|---:|---|---|---|"]
    for one in found["tamperings"]:
        where = "" if one["entry"] is None else f"{one['entry']}" + (f" to {one['last']}" if one["last"] else "")
        lines.append(f"| {one['what']} | {one['exit_code']} | {one['kind']} | {where} | {one['detail']} |")
    missed = [one["what"] for one in found["tamperings"][1:] if one["exit_code"] == 0]
    lines.append(f"\nNot found: {', '.join(missed) or 'nothing'}.\n")
    return "\n".join(lines)
