"""Does an embedding sort by direction? Two figures: turned copies found, and neighbours' angles.

A track's direction is an accident of when it came; groups of an embedding that follow it are
directions, not kinds. In a VAE trained on DAMIC tracks as they lie, a turned copy finds its
original in 2 % of cases, and a muon's neighbours lie within 9° of it, where 45° is chance.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber_worker.learning.neighbours import Neighbours

# The quarter turns and one reflection; with the identity they generate all 8 symmetries.
TURNS = ("90°", "180°", "270°", "mirrored")
NEIGHBOURS = 5
LEAST = 20  # elongated cutouts for an angle worth stating
PAIRS = 2000  # cutouts whose pairs give the chance level


def turn(image: NDArray[Any], how: int) -> NDArray[Any]:
    """A copy of [height, width, …] turned as ``TURNS[how]`` says."""
    turned = image[:, ::-1] if how == 3 else np.rot90(image, how + 1)
    return np.ascontiguousarray(turned)


@dataclass(frozen=True)
class Angle:
    """Mean angle between neighbours in degrees; its standard error and its standard deviation
    over the n cutouts; and what chance would give among these cutouts."""

    mean: float
    error: float
    sd: float
    n: int
    chance: float

    def as_dict(self) -> dict[str, float | int]:
        return {
            "mean": self.mean,
            "error": self.error,
            "sd": self.sd,
            "n": self.n,
            "chance": self.chance,
        }


def rotation_retrieval(
    vectors: NDArray[np.float32],
    copies: NDArray[np.float32],
    originals: NDArray[np.integer],
) -> float:
    """Share of turned copies whose nearest neighbour among all vectors is their original.

    vectors    finite [n, d]
    copies     [turns, m, d], the vectors of the m sampled cutouts turned each way
    originals  int [m], row in ``vectors`` of each sampled cutout

    A cutout with the same vector as the original counts as it does: nothing tells them apart.
    Distances agree within float32 rounding of the vectors' size.
    """
    if copies.size == 0:
        return float("nan")
    turns, m, d = copies.shape
    flat = copies.reshape(turns * m, d).astype(np.float64)
    known = vectors.astype(np.float64)
    to_nearest, _ = Neighbours(known).query(flat, 1)
    to_own = np.linalg.norm(flat - np.tile(known[originals], (turns, 1)), axis=1)
    slack = 1e-5 * max(float(np.linalg.norm(known - known.mean(axis=0), axis=1).mean()), 1e-12)
    return float((to_own <= to_nearest[:, 0] + slack).mean())


def neighbour_angles(
    vectors: NDArray[np.float32],
    angle: NDArray[np.floating],
    elongated: NDArray[np.bool_],
    seed: int = 0,
) -> tuple[Angle, Angle] | None:
    """Angles between the axes of elongated cutouts and of their 5 nearest elongated neighbours.

    vectors    finite [n, d]
    angle      [n], direction of the principal axis in degrees, NaN where none stands out
    elongated  bool [n], cutouts whose axis means something

    The first answer is the angle between the axes, 0 to 90° (45° is chance where all directions
    are as frequent). The second compares the directions after each has been brought into one
    eighth of the circle by quarter turns and reflections, 0 to 45° (15° is chance): an embedding
    that only averages over those 8 symmetries may still sort by what is left of the direction.
    Neighbours at distance 0 are copies and do not count. None with fewer than 20 such cutouts.
    """
    rows = np.flatnonzero(elongated & np.isfinite(angle))
    x, theta = vectors[rows].astype(np.float64), np.asarray(angle, np.float64)[rows]
    if len(rows) < LEAST:
        return None
    k = min(len(rows), NEIGHBOURS + 1 + 20)  # itself, and copies that do not count
    distance, found = Neighbours(x).query(x, k)
    apart = distance > 1e-6 * max(float(distance.max()), 1e-12)
    apart &= found != np.arange(len(rows))[:, None]
    counts = apart & (np.cumsum(apart, axis=1) <= NEIGHBOURS)
    chosen = counts.any(axis=1)
    if chosen.sum() < LEAST:
        return None
    sample = np.random.default_rng(seed).permutation(len(rows))[:PAIRS]
    answers = []
    for between in (axis_difference, folded_difference):
        each = np.where(counts, between(theta[:, None], theta[found]), 0).sum(axis=1)
        mean = each[chosen] / counts[chosen].sum(axis=1)
        pairs = between(theta[sample][:, None], theta[sample])
        chance = pairs.sum() / (pairs.size - len(sample))  # a cutout is not its own neighbour
        sd = float(mean.std(ddof=1))
        answers.append(
            Angle(float(mean.mean()), float(sd / np.sqrt(len(mean))), sd, len(mean), float(chance))
        )
    return answers[0], answers[1]


def axis_difference(left: NDArray[np.floating], right: NDArray[np.floating]):
    """Angle between two axes in degrees, 0 to 90: an axis has no head."""
    apart = np.abs(left - right) % 180
    return np.minimum(apart, 180 - apart)


def folded_difference(left: NDArray[np.floating], right: NDArray[np.floating]):
    """Difference in degrees, 0 to 45, of two directions brought into 0 to 45° by quarter turns and
    reflections."""
    return np.abs(_folded(left) - _folded(right))


def _folded(angle: NDArray[np.floating]):
    within = np.asarray(angle) % 90
    return np.minimum(within, 90 - within)
