"""The search for leaks as far as the gate has time: a case, all that is written beside it, and where it would lie.

`test_leaks.py` is the whole of it, in the long run.
"""

from collections.abc import Iterator

import pytest

from tests.system.conftest import RunningNetwork
from tests.system.leaks import beside, plants
from tests.system.leaks.needles import Searcher
from tests.system.leaks.scene import Scene, listening
from tests.system.leaks.search import at_a_glance, opened_by_partners, search, searched_is_settled
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
PARTS = (
    "Enquiry of an electronics technician",
    "Consent in her language",
    "HWK declines, naming the IHK",
    "Referred again to the IHK",
    "Question answered, IHK accepts",
)


@pytest.fixture(scope="module")
def scene(network: RunningNetwork) -> Iterator[Scene]:
    """Somebody whom one body declines and another takes over, with all that is written beside it."""
    with listening(network.dev, network.process.pid) as scene:
        scene.play_a_part(*PARTS)
        beside.everything_beside(scene, "amira", "amira-ihk")
        eventually(lambda: searched_is_settled(scene), timeout=60, interval=0.5)
        yield scene


def test_no_word_of_a_case_lies_where_it_would_come_to_lie_first(scene: Scene) -> None:
    found = search(Searcher((*plants.PEOPLE.needles, *plants.TEXTS.needles)), at_a_glance(scene))
    print(found.as_markdown())
    assert [str(leak) for leak in found.leaks] == []
    for kind in ("tables", "messages", "logs", "metrics", "pages and answers", "URLs"):
        assert found.places[kind] > 0, kind


def test_the_words_were_there_to_be_found(scene: Scene) -> None:
    """Shown to those who may see them, opened by the body they were sealed for: so the search had something to find."""
    searcher = Searcher((*plants.PEOPLE.needles, *plants.TEXTS.needles))
    shown = {hit.label for hit in searcher.hits(scene.traffic.shown())}
    beside_it = {"note on a case", "goal", "step of a plan", "appointment", "whoever comes along"}
    assert {"given name", "family name", *beside_it} <= shown
    assert "given name" in {leak.hit.label for leak in search(searcher, opened_by_partners(scene)).leaks}
