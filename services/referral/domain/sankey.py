"""Where the bands of a flow picture lie: columns of nodes, and a band for each flow from one column to a later one.

Pure: counts in, whole numbers out. A node is as high as the larger of what comes in and what goes out; columns stand in
the order given, nodes in theirs, and no two of a column touch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NODE_WIDTH = 14
#: Room for a node's name beside it, and the least a node takes from one to the next.
LABEL_WIDTH = 280
BAND_WIDTH = 250
ROW = 26
MOST_HEIGHT = 460


@dataclass(frozen=True, slots=True)
class Flow:
    """So many went from this node to that."""

    source: str
    target: str
    often: int


@dataclass(frozen=True, slots=True)
class Node:
    """A bar, what passed through it, and where its name is written."""

    id: str
    column: int
    often: int
    x: int
    y: int
    height: int
    label_x: int
    label_y: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Band:
    """A flow as the outline of a band between two bars."""

    flow: Flow
    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    height: int
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]


def draw(columns: Sequence[Sequence[str]], flows: Sequence[Flow]) -> Picture:
    """The picture of these flows; what no flow touches is left out."""
    often = {node: _through(node, flows) for column in columns for node in column}
    shown = [[node for node in column if often[node]] for column in columns]
    scale = _scale(shown, often)
    width = LABEL_WIDTH * 2 + BAND_WIDTH * (len(columns) - 1) + NODE_WIDTH
    nodes: dict[str, Node] = {}
    for number, column in enumerate(shown):
        y = ROW // 2
        for name in column:
            nodes[name] = _node(name, number, len(columns) - 1, often[name], y, max(2, round(often[name] * scale)))
            y += max(ROW, nodes[name].height + ROW // 2)
    height = max((one.y + max(one.height, ROW) for one in nodes.values()), default=0) + ROW // 2
    return Picture(width, height, tuple(nodes.values()), _bands(nodes, flows, scale))


def _through(node: str, flows: Sequence[Flow]) -> int:
    came = sum(one.often for one in flows if one.target == node)
    went = sum(one.often for one in flows if one.source == node)
    return max(came, went)


def _scale(columns: Sequence[Sequence[str]], often: Mapping[str, int]) -> float:
    """So that the fullest column takes its height, however many went through it."""
    fullest = max((sum(often[node] for node in column) for column in columns), default=0)
    return MOST_HEIGHT / fullest if fullest else 0.0


def _node(name: str, column: int, last: int, often: int, y: int, height: int) -> Node:
    x = LABEL_WIDTH + column * BAND_WIDTH
    is_first = column == 0 and last > 0
    label_x = x - 8 if is_first else x + NODE_WIDTH + 8
    return Node(name, column, often, x, y, height, label_x, y + height // 2 + 5, "end" if is_first else "start")


def _bands(nodes: Mapping[str, Node], flows: Sequence[Flow], scale: float) -> tuple[Band, ...]:
    """Each band starts and ends below the one before it, in the order of the nodes at its other end."""
    order = {node: number for number, node in enumerate(nodes)}
    known = [one for one in flows if one.often]
    leave = _offsets(sorted(known, key=lambda one: (order[one.source], order[one.target])), "source", scale)
    arrive = _offsets(sorted(known, key=lambda one: (order[one.target], order[one.source])), "target", scale)
    return tuple(
        Band(one, _outline(nodes[one.source], nodes[one.target], leave[one], arrive[one], one.often * scale))
        for one in known
    )


def _offsets(flows: Sequence[Flow], end: str, scale: float) -> dict[Flow, float]:
    used: dict[str, float] = {}
    offsets: dict[Flow, float] = {}
    for one in flows:
        node = getattr(one, end)
        offsets[one] = used.get(node, 0.0)
        used[node] = offsets[one] + one.often * scale
    return offsets


def _outline(source: Node, target: Node, leave: float, arrive: float, thick: float) -> str:
    x1, x2 = source.x + NODE_WIDTH, target.x
    y1, y2, bend = source.y + leave, target.y + arrive, (x1 + x2) // 2
    thick = max(thick, 1.0)
    return (
        f"M{x1} {y1:.1f} C{bend} {y1:.1f} {bend} {y2:.1f} {x2} {y2:.1f}"
        f" V{y2 + thick:.1f} C{bend} {y2 + thick:.1f} {bend} {y1 + thick:.1f} {x1} {y1 + thick:.1f} Z"
    )
