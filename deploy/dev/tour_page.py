"""The steps of `docs/tour.md`, from the source the test of the tour walks by."""

from pathlib import Path

from deploy.demo.tour import STOPS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tour.md"


def german() -> str:
    return _told(language="de")


def english() -> str:
    return _told(language="en")


def _told(language: str) -> str:
    lines: list[str] = []
    number = 0
    for stop in STOPS:
        lines += [f"### {getattr(stop, language)}", ""]
        lines += [f"{'Als' if language == 'de' else 'As'} **{stop.person}**: `{stop.path}`", ""]
        for step in stop.steps:
            number += 1
            lines.append(f"{number}. {getattr(step, language)}")
        lines.append("")
    return "\n".join(lines)
