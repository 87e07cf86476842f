"""Small drawn tracks of three kinds, and simple measurements of them, for tests alone."""

import numpy as np
from numpy.typing import NDArray

KINDS = ("muon", "electron", "X-ray")
NAMES = ("pixels", "charge", "width", "height", "peak", "eccentricity", "extent")


def draw(kind: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A straight line, a curl or a dot, on 0, in 6 to 40 pixels."""
    if kind == 2:
        side = int(rng.integers(6, 9))
        y, x = np.indices((side, side)) - (side - 1) / 2
        return ((x * x + y * y < rng.uniform(2, 6)) * 200).astype(np.uint8)
    side = int(rng.integers(24, 40))
    t = np.linspace(-1, 1, 200)
    angle, bend = rng.uniform(0, np.pi), rng.uniform(0.6, 1.0) if kind == 1 else 0.0
    u, v = t * 0.8, bend * np.sin(3 * t)
    x, y = u * np.cos(angle) - v * np.sin(angle), u * np.sin(angle) + v * np.cos(angle)
    image = np.zeros((side, side), np.uint8)
    place = ((np.stack([y, x]) + 1.4) / 2.8 * (side - 1)).astype(int)
    image[place[0], place[1]] = 200
    return image


def measure(image: NDArray[np.generic]) -> list[float]:
    """Values of NAMES; NaN where undefined."""
    ys, xs = np.nonzero(image)
    if len(ys) < 2:
        return [float(len(ys)), float(image.sum()), 1, 1, float(image.max()), np.nan, np.nan]
    spread = np.linalg.eigvalsh(np.cov(np.stack([ys, xs])) + 1e-9 * np.eye(2))
    return [
        float(len(ys)),
        float(image.sum()),
        float(np.ptp(xs) + 1),
        float(np.ptp(ys) + 1),
        float(image.max()),
        float(np.sqrt(max(0.0, 1 - spread[0] / spread[1]))),
        float(len(ys) / ((np.ptp(xs) + 1) * (np.ptp(ys) + 1))),
    ]


def drawn_tracks(n: int, seed: int = 0):
    """n images, measurements float32 [n, 7] and kinds int64 [n]."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(n, dtype=np.int64) % 3
    images = [draw(int(kind), rng) for kind in kinds]
    return images, np.array([measure(image) for image in images], np.float32), kinds
