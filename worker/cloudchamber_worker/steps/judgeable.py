"""Whether labels and cutouts allow a training to learn, and to be judged."""

import numpy as np
from numpy.typing import NDArray

from cloudchamber.errors import JobError
from cloudchamber_worker.learning.crossvalidation import HeldOut

HINT = "Look at what was imported: pixels that are constant or undefined (NaN) carry nothing."


def need_variation(
    images: NDArray[np.uint8] | None, numbers: NDArray[np.floating], rows: NDArray[np.intp]
) -> None:
    """JobError where all labelled cutouts look the same to the model: nothing can be learned.

    images   packed [n, ..], or None for models of numbers alone; numbers [n, m], NaN undefined
    rows     the labelled ones
    """
    given = numbers[rows]
    if given.size and any(_varies(column) for column in given.T):
        return
    if images is not None and any((images[row] != images[rows[0]]).any() for row in rows[1:]):
        return
    seen = "no number" if images is None else "neither a pixel nor a number"
    raise JobError(
        f"The {len(rows)} labelled cutouts are all alike: {seen} differs between them, so "
        "nothing tells their classes apart.",
        hint=HINT,
    )


def unjudged(held: HeldOut, by: str) -> str | None:
    """Why a model cannot be judged on any label; None where some could be held out.

    by  what was kept together, as the split says it: cutout, source, or a column
    """
    if held.folds:
        return None
    apart = {
        "cutout": "cutouts that are no copies of each other",
        "source": "exposures or source files",
    }.get(by, f"values of “{by}”")
    return (
        "Nothing could be held out, so nobody knows how good this model is: no two classes have "
        f"labels from two {apart} each."
    )


def _varies(values: NDArray[np.floating]) -> bool:
    """Whether a number differs between cutouts; being undefined for some is no difference."""
    known = values[np.isfinite(values)]
    return len(known) > 1 and bool((known != known[0]).any())
