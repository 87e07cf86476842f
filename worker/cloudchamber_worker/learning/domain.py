"""Whether new data lies where a model knows its way about."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber_worker.learning.distances import knn_distance

# 1 in 100 lies outside by definition; more than 1 in 20 cannot be chance in a set of any size
# worth counting (of 100 cutouts 5 or more do so with probability 0.018).
SHARE = 0.01
MANY = 0.05
LEAST_REFERENCE = 100
RANGE_FACTOR = 4.0


@dataclass(frozen=True)
class Distance:
    """outside     share of the new cutouts farther from the labelled ones than 99 % of the
                source's own
    limit       that distance; None where the source has none
    reference   which of the source's own: ``unlabelled``, or ``labelled`` where those are too few
    n_reference how many
    """

    outside: float
    limit: float | None
    reference: str
    n_reference: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare_distances(
    new: NDArray[np.float32], labelled: NDArray[np.float32], unlabelled: NDArray[np.float32]
) -> tuple[Distance, NDArray[np.float32]]:
    """How far new cutouts lie in the penultimate layer, and the distance of each, float32 [new].

    All are vectors [.., d] of one model. The source's own cutouts on which it was not trained are
    the yardstick; with fewer than 100 of them the labelled ones, each compared with the others,
    which lie closer, since the network was fitted to them.
    """
    together = np.concatenate([new, unlabelled, labelled])
    known = np.arange(len(new) + len(unlabelled), len(together))
    distance = knn_distance(together, known, whitened=True)
    enough = len(unlabelled) >= LEAST_REFERENCE
    own = distance[len(new) : len(new) + len(unlabelled)] if enough else distance[known]
    own = own[np.isfinite(own)]
    limit = float(np.quantile(own, 1 - SHARE)) if len(own) else None
    outside = 0.0 if limit is None else float((distance[: len(new)] > limit).mean())
    found = Distance(outside, limit, "unlabelled" if enough else "labelled", len(own))
    return found, distance[: len(new)]


@dataclass(frozen=True)
class Frame:
    """What is known of the pixels of a dataset: unit, channels, range from low to high."""

    unit: str | None
    channels: int
    low: float
    high: float


def warnings(
    distance: Distance, source: Frame, new: Frame, missing: Sequence[str], numbers: int
) -> list[str]:
    """Sentences for a person, most serious first; empty where nothing speaks against the model.

    missing  names of the numbers the model takes and the new dataset lacks, of ``numbers`` in all
    """
    said = []
    if distance.outside > MANY:
        said.append(
            f"{100 * distance.outside:.0f} % of the cutouts lie farther from the labelled ones "
            f"than 99 % of the source's own ({distance.reference}) do; 1 % would be usual. "
            "The model has not seen the like of them, and what it says of them means little."
        )
    if source.unit and new.unit and source.unit != new.unit:
        said.append(
            f"Pixels are in {new.unit} here and in {source.unit} where the model was trained. "
            "Bring both to one unit (by their gain) before trusting the predictions."
        )
    here, there = new.high - new.low, source.high - source.low
    if here > 0 and there > 0 and not 1 / RANGE_FACTOR < here / there < RANGE_FACTOR:
        factor, how = (here / there, "wider") if here > there else (there / here, "narrower")
        times = float(f"{factor:.2g}")
        said.append(
            f"The range of pixel values is {times:.0f} times {how} than where the model was "
            "trained: another unit, gain or exposure."
        )
    if source.channels != new.channels:
        said.append(
            f"The cutouts have {_channels(new.channels)} here and {_channels(source.channels)} "
            "where the model was trained; they are averaged or repeated to fit."
        )
    if missing:
        some = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if missing[5:] else "")
        said.append(
            f"{len(missing)} of the {numbers} numbers the model uses are missing here and count "
            f"as average: {some}."
        )
    return said


def _channels(n: int) -> str:
    return "one channel" if n == 1 else f"{n} channels"
