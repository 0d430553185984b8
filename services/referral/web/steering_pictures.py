"""The drawings of the steering page: where enquiries went and what became of them, and how obstacles change."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.codes import Topic
from services.chassis.pages import translate
from services.referral.domain.quarters import View
from services.referral.domain.sankey import Flow, Node, Picture, draw
from services.referral.queries.steering import Row, Table
from services.referral.web.steering_tables import Words, once_each

#: So many topics and bodies have a bar of their own; what is less stands together.
MOST_NODES = 12
ENDS = ("completed", "under_way", "waiting", "ended_early", "rejected", "expired", "cancelled")
COLUMN_HEIGHT = 36
TREND_WIDTH = 480


@dataclass(frozen=True, slots=True)
class FlowPicture:
    """The picture of the flows, with the name of each bar and one sentence for each band."""

    picture: Picture
    names: dict[str, str]
    sentences: tuple[str, ...]

    def name(self, node: Node) -> str:
        return self.names[node.id]


def flow_picture(came: Sequence[Row], went: Sequence[Row], words: Words) -> FlowPicture:
    """From the topic to the body, and from there to what became of it."""
    topics = _largest([(row.a, row.often) for row in came])
    bodies = _largest([(row.b, row.often) for row in came] + [(row.a, row.often) for row in went])
    flows = _summed(
        [(f"topic:{_kept(row.a, topics)}", f"body:{_kept(row.b, bodies)}", row.often) for row in came]
        + [(f"body:{_kept(row.a, bodies)}", f"end:{row.b}", row.often) for row in went]
    )
    columns = [
        [f"topic:{one}" for one in sorted(topics, key=_topic_order)] + ["topic:"],
        [f"body:{one}" for one in bodies] + ["body:"],
        [f"end:{one}" for one in ENDS],
    ]
    picture = draw(columns, flows)
    names = {node.id: _name(node.id, words) for node in picture.nodes}
    sentence = translate("%(often)s from %(source)s to %(target)s")
    said = tuple(
        sentence % {"often": one.often, "source": names[one.source], "target": names[one.target]} for one in flows
    )
    return FlowPicture(picture, names, said)


def _topic_order(code: str) -> int:
    return list(Topic).index(Topic(code))


def _largest(counts: Sequence[tuple[str, int]]) -> list[str]:
    """Those with most, most first."""
    sums: dict[str, int] = {}
    for code, often in counts:
        sums[code] = sums.get(code, 0) + often
    return sorted(sums, key=lambda code: (-sums[code], code))[:MOST_NODES]


def _kept(code: str, kept: Sequence[str]) -> str:
    return code if code in kept else ""


def _summed(flows: Sequence[tuple[str, str, int]]) -> list[Flow]:
    sums: dict[tuple[str, str], int] = {}
    for source, target, often in flows:
        sums[source, target] = sums.get((source, target), 0) + often
    return [Flow(source, target, often) for (source, target), often in sums.items()]


def _name(node: str, words: Words) -> str:
    kind, _, code = node.partition(":")
    if not code:
        return translate(f"others:{kind}")
    return words.of({"topic": "topic", "body": "organization", "end": "flow_end"}[kind], code)


@dataclass(frozen=True, slots=True)
class Column:
    """One quarter of one kind of obstacle, as high as it was frequent."""

    x: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Trend:
    """One kind of obstacle over the quarters."""

    words: str
    columns: tuple[Column, ...]


def trends(rows: Sequence[Row], view: View, words: Words) -> tuple[Trend, ...]:
    """How often each kind was met, quarter by quarter; all kinds at one scale."""
    most = max((row.often for row in rows if row.quarter is not None), default=1)
    found = {(row.a, row.quarter): row.often for row in rows}
    step = TREND_WIDTH // max(1, len(view.quarters))
    return tuple(
        Trend(
            words.row(Table.OBSTACLES, row)[0],
            tuple(
                Column(place * step + step // 8, step * 3 // 4, max(2, often * COLUMN_HEIGHT // most))
                for place, quarter in enumerate(view.quarters)
                if (often := found.get((row.a, quarter), 0))
            ),
        )
        for row in once_each(rows)
    )
