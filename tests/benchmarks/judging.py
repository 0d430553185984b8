"""Whether something that was measured at growing sizes grows too fast."""

import math
from collections.abc import Mapping

#: How much steeper than the logarithm still counts as noise, and under how many milliseconds nobody waits.
SLACK, FLOOR_MS = 1.5, 5.0


def no_worse_than_logarithmic(values: Mapping[int, float], floor: float) -> bool:
    """From the smallest to the largest size; what stays under the floor is not judged by how much it grew."""
    first, last = min(values), max(values)
    allowed = max(values[first], floor / SLACK) * math.log(last) / math.log(first) * SLACK
    return values[last] <= max(allowed, floor)
