"""Counts of a classifier's classes, corrected, as a job states them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber.data.corrected_counts import (
    CorrectedCount,
    CountTogether,
    Verdict,
    count_words,
)
from cloudchamber_worker.learning.counting import (
    LEAST_HELD_OUT,
    Corrected,
    corrected_counts,
)


def state_counts(
    said: NDArray[np.integer], confusion: NDArray[np.number], names: list[str]
) -> dict[str, Any]:
    """{corrected, together}, JSON-able: each class' number, and that of classes that are only known
    together. ``said`` [classes], ``confusion`` [true, said] on held-out cutouts."""
    found = corrected_counts(said, confusion)
    return {
        "corrected": [_of_class(found, k, names).model_dump(mode="json") for k in range(len(said))],
        "together": [
            CountTogether(
                classes=[names[k] for k in group.classes],
                count=group.count,
                interval=(group.low, group.high),
                words=count_words("measured", group.count, (group.low, group.high)),
            ).model_dump(mode="json")
            for group in found.together
        ],
    }


def _of_class(found: Corrected, k: int, names: list[str]) -> CorrectedCount:
    interval = (float(found.low[k]), float(found.high[k]))
    verdict: Verdict = "measured" if found.low[k] > 0 else "upper_limit"
    if not found.identifiable[k]:
        verdict = "not_identifiable"
    count = None if verdict == "not_identifiable" else float(found.count[k])
    return CorrectedCount(
        class_name=names[k],
        verdict=verdict,
        count=count,
        interval=interval,
        held_out=int(found.held_out[k]),
        reason=_reason(found, k, names),
        words=count_words(verdict, count, interval),
    )


def _reason(found: Corrected, k: int, names: list[str]) -> str | None:
    """Why the held-out labels do not carry the count of a class; None where they do."""
    held_out = int(found.held_out[k])
    if held_out == 0:
        return "none of its labels was held out"
    if held_out < LEAST_HELD_OUT:
        labels = "1 held-out label" if held_out == 1 else f"{held_out} held-out labels"
        return f"{labels}, {LEAST_HELD_OUT} are needed"
    if found.mixed[k]:
        return "not told apart from " + ", ".join(names[other] for other in found.mixed[k])
    return "as open as without labels" if found.open[k] else None
