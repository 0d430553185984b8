"""Asking an API whatever its description allows, and counting how it answered."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import tried

#: Under which name a test's report keeps what its API answered.
KNOCKED = "knocked"


class Knocking:
    """Every answer has to be one of those that are meant."""

    def __init__(
        self, meant: Collection[int], record: Callable[[str, object], None], known: Mapping[str, str] | None = None
    ) -> None:
        """``known`` names things that are there, by a path's parameter: every other call means them."""
        self._meant, self._record, self._known = meant, record, dict(known or {})
        self.answers = Counter[int]()
        self.operations = 0

    def knock(
        self,
        operation: schemathesis.APIOperation,  # type: ignore[type-arg]
        headers: Mapping[str, str] | None = None,
        *,
        many: int = 15,
    ) -> None:
        """Send whatever the description allows, so many times in the long run."""
        self.operations += 1

        @settings(tried(many, some=5), suppress_health_check=list(HealthCheck), database=None)
        @given(operation.as_strategy(), st.booleans())
        def once(case: schemathesis.Case, is_known: bool) -> None:
            if is_known:
                there = {name: value for name, value in self._known.items() if name in (case.path_parameters or {})}
                case.path_parameters = {**(case.path_parameters or {}), **there}
            (case.query or {}).pop("wait", None)  # half a minute each
            answer = case.call(headers=dict(headers or {}))
            self.answers[answer.status_code] += 1
            assert answer.status_code in self._meant, (operation.label, answer.status_code, answer.text[:300])

        once()

    def told(self) -> None:
        """Keep the figures in the report of the run."""
        self._record(KNOCKED, json.dumps({"operations": self.operations, "answers": dict(self.answers)}))
