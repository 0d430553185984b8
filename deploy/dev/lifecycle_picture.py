"""The life of a referral as one SVG, drawn from the table of transitions; legible in light and in dark.

Only where a box stands is decided here. Which arrows there are, what stands on them and who may follow them is read
from `TRANSITIONS`. What leads from many statuses to one end is written under that end instead of drawn as a fan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from contracts.codes import Action, Party, Status
from services.chassis import i18n
from services.referral.domain.lifecycle import OPEN, TRANSITIONS

WIDTH, HEIGHT = 1370, 660
BOX_W, BOX_H = 156, 58
#: Middle of each box; a status without a place stops the drawing.
PLACES: Mapping[Status, tuple[int, int]] = {
    Status.DRAFT: (95, 90),
    Status.AWAITING_CONSENT: (95, 230),
    Status.REQUESTED: (325, 230),
    Status.RECEIVED: (560, 230),
    Status.CLARIFICATION: (440, 400),
    Status.WAITLISTED: (800, 400),
    Status.ACCEPTED: (800, 230),
    Status.IN_PROGRESS: (1030, 230),
    Status.PAUSED: (1030, 90),
    Status.COMPLETED: (1255, 230),
    Status.EXPIRED: (120, 540),
    Status.REJECTED: (390, 540),
    Status.ENDED_EARLY: (680, 540),
    Status.CANCELLED: (940, 540),
    Status.ENTERED_IN_ERROR: (1215, 540),
}
#: From so many statuses to one end it is words, not arrows.
FAN = 3
STYLE = """
  svg { font-family: system-ui, sans-serif; color-scheme: light dark; }
  .ground { fill: #ffffff; } .box { fill: #eef3fa; stroke: #35557f; stroke-width: 1.5; }
  .hidden { fill: #f4f4f4; stroke: #767676; stroke-dasharray: 4 3; } .end { fill: #f2f2f2; stroke: #333333; }
  text { fill: #16202c; } .code { font: 600 14px ui-monospace, monospace; } .word { font-size: 12px; }
  .own { font: 12px ui-monospace, monospace; fill: #0b4f96; }
  .label { font: 12px ui-monospace, monospace; paint-order: stroke; stroke: #ffffff; stroke-width: 5px; }
  .edge { fill: none; stroke: #5c6875; stroke-width: 1.4; } .head { fill: #5c6875; }
  .partner { stroke: #0b5cad; stroke-width: 2.4; } .head.partner { fill: #0b5cad; stroke: none; }
  .label.partner { fill: #0b4f96; font-weight: 600; stroke: #ffffff; stroke-width: 5px; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #12171d; } .box { fill: #1c2a3c; stroke: #8fb4e3; }
    .hidden { fill: #1a1f25; stroke: #949494; } .end { fill: #22272d; stroke: #c8c8c8; }
    text { fill: #e8edf3; } .own { fill: #9ccbff; } .label { stroke: #12171d; }
    .edge { stroke: #9aa7b4; } .head { fill: #9aa7b4; }
    .partner { stroke: #74b3f5; } .head.partner { fill: #74b3f5; } .label.partner { fill: #9ccbff; stroke: #12171d; }
  }
"""


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another, with every action that leads there by the same hands."""

    source: Status
    target: Status
    actions: tuple[Action, ...]
    partner: bool


def sources(action: Action, target: Status) -> list[Status]:
    return [one for (named, one), (to, _) in TRANSITIONS.items() if named is action and to is target and one is not to]


def is_fan(action: Action, target: Status) -> bool:
    """An end that may come from several places, or that is not the partner's word."""
    came = sources(action, target)
    return target.is_terminal and (len(came) >= FAN or Party.PARTNER not in TRANSITIONS[action, came[0]][1])


def arrows() -> list[Arrow]:
    """Every move of the table that is drawn as an arrow."""
    found: dict[tuple[Status, Status, bool], list[Action]] = {}
    for (action, source), (target, who) in TRANSITIONS.items():
        if source is not target and not is_fan(action, target):
            found.setdefault((source, target, Party.PARTNER in who), []).append(action)
    return [Arrow(source, target, tuple(named), own) for (source, target, own), named in found.items()]


def notes(target: Status) -> Iterator[tuple[str, bool]]:
    """What leads here from many: the action, who may, from where; and whether it is the partner's word."""
    for action in Action:
        if not sources(action, target) or not is_fan(action, target):
            continue
        who = next(who for (named, _), (to, who) in TRANSITIONS.items() if named is action and to is target)
        came = sources(action, target)
        every = "any open status" if set(came) == set(OPEN) else "any other" if len(came) > len(OPEN) else ""
        told = every or (f"{came[0]} … {came[-1]}" if len(came) > FAN else ", ".join(came))
        yield f"{action} ({', '.join(sorted(who))})", Party.PARTNER in who
        yield f"from {told}", False


def staying() -> dict[Status, list[Action]]:
    """What a partner may do while the status stays as it is and the referral runs."""
    found: dict[Status, list[Action]] = {}
    for (action, source), (target, who) in TRANSITIONS.items():
        if source is target and Party.PARTNER in who and action in (Action.ASK, Action.WAITLIST):
            found.setdefault(source, []).append(action)
    return found


def svg() -> str:
    """The whole picture, the same bytes for the same table."""
    missing = set(Status) - set(PLACES)
    assert not missing, f"no place for {missing}"
    drawn = [*(line for arrow in arrows() for line in _arrow(arrow)), *(line for one in Status for line in _box(one))]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">\n'
        '<title id="t">The life of a referral</title>\n'
        f'<desc id="d">{escape(_in_words())}</desc>\n<style>{STYLE}</style>\n'
    )
    ground = f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>'
    return head + "\n".join([ground, *drawn, *_legend()]) + "\n</svg>\n"


def _in_words() -> str:
    told = (f"{'/'.join(one.actions)}: {one.source} to {one.target}" for one in arrows())
    return "Arrows - " + "; ".join(told) + ". The table below says the same and more."


def _box(status: Status) -> Iterator[str]:
    x, y = PLACES[status]
    kind = "hidden" if status in (Status.DRAFT, Status.AWAITING_CONSENT) else "end" if status.is_terminal else ""
    left, top = x - BOX_W // 2, y - BOX_H // 2
    round_ = 22 if status.is_terminal else 6
    yield f'<rect class="box {kind}" x="{left}" y="{top}" width="{BOX_W}" height="{BOX_H}" rx="{round_}"/>'
    same = staying().get(status, ())
    first = y - 10 if same else y - 2
    yield _text(x, first, status.value, "code", "middle")
    yield _text(x, first + 16, i18n.label("referral", "en", status), "word", "middle")
    for action in same:
        yield _text(x, first + 32, f"{action}: stays", "own", "middle")
    for row, (words, own) in enumerate(notes(status)):
        yield _text(x, y + BOX_H // 2 + 18 + 16 * row, words, f"label{' partner' * own}", "middle")


def _arrow(arrow: Arrow) -> Iterator[str]:
    """A straight line between the borders of two boxes; where one leads back, both step aside."""
    (x1, y1), (x2, y2) = PLACES[arrow.source], PLACES[arrow.target]
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    back = any((one.source, one.target) == (arrow.target, arrow.source) for one in arrows())
    aside = 13 if back else 0
    dx, dy = -uy * aside, ux * aside
    start, end = _border(ux, uy), _border(ux, uy)
    ax, ay = x1 + dx + ux * start, y1 + dy + uy * start
    bx, by = x2 + dx - ux * (end + 3), y2 + dy - uy * (end + 3)
    own = " partner" if arrow.partner else ""
    yield f'<path class="edge{own}" d="M{ax:.0f} {ay:.0f} L{bx:.0f} {by:.0f}"/>'
    yield f'<path class="head{own}" d="{_head(bx, by, ux, uy)}"/>'
    steep = abs(uy) > 0.3
    along = 0.5 if not steep or back else 0.26
    mx, my = ax + (bx - ax) * along, ay + (by - ay) * along
    words = " / ".join(arrow.actions)
    yield _text(
        mx + dx * 0.9,
        my + dy * 0.9 + (-7 if not steep and dy <= 0 else 4 if steep else 15),
        words,
        f"label{own}",
        "middle",
    )


def _border(ux: float, uy: float) -> float:
    """How far from the middle of a box its border lies in this direction."""
    return min(BOX_W / 2 / abs(ux) if ux else 1e9, BOX_H / 2 / abs(uy) if uy else 1e9)


def _head(x: float, y: float, ux: float, uy: float) -> str:
    bx, by = x - ux * 9, y - uy * 9
    corners = ((x + ux * 2, y + uy * 2), (bx - uy * 5, by + ux * 5), (bx + uy * 5, by - ux * 5))
    return "M" + " L".join(f"{cx:.0f} {cy:.0f}" for cx, cy in corners) + " Z"


def _text(x: float, y: float, words: str, kind: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'


def _legend() -> Iterator[str]:
    yield '<path class="edge partner" d="M560 22 L610 22"/>' + _text(
        618, 27, "you (the partner) say it", "word", "start"
    )
    yield '<path class="edge" d="M560 44 L610 44"/>' + _text(
        618, 49, "the welcome center, the person or the clock", "word", "start"
    )
    yield '<rect class="box hidden" x="255" y="14" width="50" height="16" rx="4"/>' + _text(
        313, 27, "not visible to you", "word", "start"
    )
    yield '<rect class="box end" x="255" y="36" width="50" height="16" rx="8"/>' + _text(
        313, 49, "ended; duties may follow", "word", "start"
    )
