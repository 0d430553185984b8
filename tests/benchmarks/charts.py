"""Charts as SVG, drawn by hand: stacked bars, and curves over logarithmic sizes. They stand on white, with a title."""

import math
from collections.abc import Mapping, Sequence
from html import escape

#: Told apart also by those who see no red or green (Okabe and Ito).
COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A6F00",
    "#666666", "#B22222", "#332288", "#88CCEE", "#44AA99", "#DDCC77", "#AA4499",
)  # fmt: skip
WIDTH, LEFT, RIGHT, BAR, GAP, HEAD = 860, 230, 90, 26, 14, 46
INK, QUIET = "#1a1a1a", "#595959"


def stacked(title: str, unit: str, bars: Mapping[str, Mapping[str, float]], most: float | None = None) -> str:
    """One bar for each name, made of named parts; `most` is a line not to be crossed."""
    parts = list(dict.fromkeys(part for bar in bars.values() for part in bar))
    colours = {part: COLOURS[number % len(COLOURS)] for number, part in enumerate(parts)}
    largest = max([*(sum(bar.values()) for bar in bars.values()), most or 0.0, 1e-9])
    scale = (WIDTH - LEFT - RIGHT) / largest
    legend, rows = _legend(colours) if len(parts) > 1 else ([], 0)
    top = HEAD + rows * 22
    drawn = list(legend)
    for number, (name, bar) in enumerate(bars.items()):
        y = top + number * (BAR + GAP)
        drawn.append(_text(LEFT - 10, y + 18, name, anchor="end"))
        x = float(LEFT)
        for part, value in bar.items():
            drawn.append(_box(x, y, value * scale, BAR, colours[part], f"{name}, {part}: {_said(value)} {unit}"))
            x += value * scale
        drawn.append(_text(x + 8, y + 18, f"{_said(sum(bar.values()))} {unit}", fill=INK))
    bottom = top + len(bars) * (BAR + GAP)
    if most is not None:
        x = LEFT + most * scale
        drawn += [
            _line(x, top - 6, x, bottom - GAP + 6, INK, "5 4"),
            _text(x, bottom + 8, f"to reach: {most:g}", anchor="middle"),
        ]
    return _svg(title, bottom + 24, drawn)


def curves(title: str, unit: str, lines: Mapping[str, Mapping[float, float]], *, logarithmic: bool = True) -> str:
    """Values over sizes; both axes logarithmic, or both plain."""
    sizes = sorted({size for line in lines.values() for size in line})
    values = [value for line in lines.values() for value in line.values()]
    low, high = (min(values), max(values)) if logarithmic else (0.0, max(values))
    names = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(lines)}
    legend, rows = _legend(names)
    top, tall, left = HEAD + rows * 22 + 6, 260, 70
    across = _Axis(sizes[0], sizes[-1], left, WIDTH - 30, logarithmic)
    up = _Axis(low, high, top + tall, top, logarithmic)
    drawn = [*legend, _line(left, top + tall, WIDTH - 30, top + tall, QUIET), _line(left, top, left, top + tall, QUIET)]
    below = top + tall + 18
    drawn += [_text(across.at(size), below, f"{size:,.0f}", anchor="middle") for size in across.marks(sizes)]
    for value in up.marks(None):
        drawn += [
            _line(left, up.at(value), WIDTH - 30, up.at(value), "#e0e0e0"),
            _text(left - 8, up.at(value) + 4, _said(value), anchor="end"),
        ]
    for name, line in lines.items():
        points = [(across.at(size), up.at(max(value, low))) for size, value in sorted(line.items())]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{names[name]}" stroke-width="2"/>')
        drawn += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{names[name]}"/>' for x, y in points if len(points) < 20
        ]
    drawn.append(_text(left, top - 10, unit))
    return _svg(title, top + tall + 34, drawn)


class _Axis:
    def __init__(self, low: float, high: float, begin: float, end: float, logarithmic: bool) -> None:
        self._log = logarithmic
        self.low, self.high = (max(low, 1e-3), max(high, 1e-3)) if logarithmic else (low, high)
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        low, high, value = (
            map(math.log10, (self.low, self.high, max(value, 1e-3))) if self._log else (self.low, self.high, value)
        )
        return self._begin + (self._end - self._begin) * ((value - low) / (high - low) if high > low else 0.5)

    def marks(self, known: Sequence[float] | None) -> list[float]:
        if known is not None and len(known) <= 8:
            return list(known)
        if not self._log:
            return [self.low + (self.high - self.low) * part / 4 for part in range(5)]
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        round_ones = [step * 10.0**power for power in powers for step in (1, 2, 5)]
        return [one for one in round_ones if self.low <= one <= self.high] or [self.low, self.high]


def _legend(colours: Mapping[str, str]) -> tuple[list[str], int]:
    drawn, x, row = [], 20.0, 0
    for name, colour in colours.items():
        wide = 30 + 7.2 * len(name)
        if x + wide > WIDTH - 10 and x > 20:
            x, row = 20.0, row + 1
        drawn += [_box(x, 34 + row * 22, 14, 14, colour, name), _text(x + 20, 46 + row * 22, name, fill=INK)]
        x += wide
    return drawn, row + 1


def _box(x: float, y: float, wide: float, tall: float, fill: str, told: str) -> str:
    at = f'x="{x:.1f}" y="{y:.1f}" width="{max(wide, 0):.1f}" height="{tall}"'
    return f'<rect {at} fill="{fill}"><title>{escape(told)}</title></rect>'


def _line(x: float, y: float, x2: float, y2: float, colour: str, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashed}/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", fill: str = QUIET) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'


def _said(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _svg(title: str, tall: float, drawn: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{tall:.0f}" viewBox="0 0 {WIDTH} {tall:.0f}"'
    )
    lines = [
        f'{head} role="img" font-family="sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{tall:.0f}" fill="#ffffff"/>',
        f'<text x="20" y="22" font-size="15" font-weight="bold" fill="{INK}">{escape(title)}</text>',
        *drawn,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
