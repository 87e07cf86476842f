"""Simulated CCD exposures whose tracks are known, for the demo and for tests.

Charge is drawn along a path, spread by diffusion and sampled in pixels, in ADU:

    muon      straight; Landau-like loss per pixel, diffusion growing with depth, some delta rays
    electron  a random walk whose steps turn the more the slower it gets, and that ends in a blob
    X-ray     all charge in one place, from a line spectrum
    alpha     a round, saturated blob
    fork      two or three prongs from one vertex: the rare thing that nobody labelled

Diffusion and energy-loss figures follow what dark exposures of thick CCDs show (Aguilar-Arevalo et
al. 2016, PRD 94, 082006); it is a likeness, not a detector simulation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

FULL_WELL = 65_535
READ_NOISE = 6.0
BASELINES = (1002.0, 968.0)
KINDS = {"muon": 0.24, "electron": 0.33, "X-ray": 0.36, "alpha": 0.04, "fork": 0.03}
XRAY_LINES = (520.0, 1480.0, 2010.0, 5400.0)  # ADU; with escape-like faint ones


@dataclass(frozen=True)
class Track:
    """A track as simulated: `x`, `y` the middle of its charge, in px of the exposure."""

    kind: str
    x: float
    y: float
    charge: float


@dataclass(frozen=True)
class Simulated:
    """An exposure: uint16 [size, size] ADU, its header, and what is in it."""

    name: str
    data: np.ndarray
    header: dict[str, object]
    tracks: list[Track] = field(default_factory=list)


Path = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # x, y, charge, sigma


def simulate(
    count: int = 6, *, seed: int = 1, size: int = 1024, tracks: int = 150
) -> Iterator[Simulated]:
    """Yield `count` dark exposures of `size` x `size` px with about `tracks` tracks each.

    Two amplifiers read out the left and the right half with baselines of their own, stated by
    DATASEC1/2; the right one has a hot column. The same seed gives the same exposures.
    """
    for number in range(count):
        yield _exposure(number, np.random.default_rng([seed, number]), size, tracks)


def _exposure(number: int, rng: np.random.Generator, size: int, tracks: int) -> Simulated:
    charge = np.zeros((size, size))
    found = []
    kinds = list(KINDS)
    for kind in rng.choice(kinds, size=rng.poisson(tracks), p=list(KINDS.values())):
        start = rng.uniform(2, size - 2, 2)
        path = MAKERS[kind](rng, start)
        _deposit(charge, path)
        total = path[2].sum()
        middle = [float(np.average(path[axis], weights=path[2])) for axis in (0, 1)]
        found.append(Track(str(kind), middle[0], middle[1], float(total)))
    charge = rng.poisson(np.maximum(charge, 0)).astype(float)  # shot noise at about 1 e-/ADU
    half = size // 2
    charge[:, :half] += BASELINES[0]
    charge[:, half:] += BASELINES[1]
    if size >= 256:
        charge[:, half + size // 5] += 18 * rng.random(size)  # warm, under the threshold
    image = charge + rng.normal(0, READ_NOISE, charge.shape)
    data = np.clip(np.rint(image), 0, FULL_WELL).astype(np.uint16)
    header: dict[str, object] = {
        "IMAGETYP": "dark",
        "EXPTIME": 1500.0,
        "RDNOISE": READ_NOISE,
        "SATURATE": FULL_WELL,
        "SIMULATE": True,
        "DATASEC1": f"[1:{half},1:{size}]",
        "DATASEC2": f"[{half + 1}:{size},1:{size}]",
    }
    return Simulated(f"simulated_{number + 1:03d}", data, header, found)


def _deposit(image: np.ndarray, path: Path) -> None:
    """Add each point's charge as a Gaussian of its sigma, sampled at pixel centres."""
    size = image.shape[0]
    for x, y, charge, sigma in zip(*path, strict=True):
        reach = int(np.ceil(3.5 * sigma)) + 1
        x0, x1 = max(int(x) - reach, 0), min(int(x) + reach + 1, size)
        y0, y1 = max(int(y) - reach, 0), min(int(y) + reach + 1, size)
        if x0 >= x1 or y0 >= y1:
            continue
        gx = np.exp(-((np.arange(x0, x1) - x) ** 2) / (2 * sigma**2))
        gy = np.exp(-((np.arange(y0, y1) - y) ** 2) / (2 * sigma**2))
        image[y0:y1, x0:x1] += charge / (2 * np.pi * sigma**2) * np.outer(gy, gx)


def _landau(rng: np.random.Generator, n: int, scale: float) -> np.ndarray:
    """Energy loss per step: a Moyal distribution (Moyal 1955), the usual stand-in for Landau."""
    z = rng.normal(size=n)
    moyal = -np.log(np.maximum(z**2, 1e-9))
    return scale * np.maximum(1 + 0.22 * moyal, 0.25)


def _straight(
    rng: np.random.Generator, start: np.ndarray, angle: float, length: float, loss: float
) -> Path:
    n = max(int(length * 2), 2)
    step = np.linspace(0, length, n)
    x, y = start[0] + step * np.cos(angle), start[1] + step * np.sin(angle)
    shallow, deep = np.sort(rng.uniform(0.45, 1.35, 2))
    depth = np.linspace(shallow, deep, n)
    return x, y, _landau(rng, n, loss / 2), depth[:: rng.choice((-1, 1))]


def _muon(rng: np.random.Generator, start: np.ndarray) -> Path:
    length = min(4 + rng.exponential(38), 260)
    angle = rng.uniform(0, 2 * np.pi)
    path = _straight(rng, start, angle, length, rng.uniform(450, 800))
    if length > 30 and rng.random() < 0.25:
        at = rng.integers(len(path[0]))
        origin = np.array([path[0][at], path[1][at]])
        path = _joined(path, _walk(rng, origin, rng.uniform(3, 10), 350))
    return path


def _walk(rng: np.random.Generator, start: np.ndarray, length: float, loss: float) -> Path:
    n = max(int(length * 2), 3)
    rest = 1 - np.arange(n) / n
    turn = rng.normal(0, 0.16 + 0.34 * (1 - rest) ** 2, n)
    kinks = rng.random(n) < 0.03
    turn[kinks] += rng.normal(0, 1.1, int(kinks.sum()))
    angle = rng.uniform(0, 2 * np.pi) + np.cumsum(turn)
    x, y = start[0] + np.cumsum(0.5 * np.cos(angle)), start[1] + np.cumsum(0.5 * np.sin(angle))
    # Slower means more loss per length: the end of the walk is the brightest (Bragg).
    charge = _landau(rng, n, loss / 2) * (0.8 + 1.6 * (1 - rest) ** 3)
    return x, y, charge, np.full(n, rng.uniform(0.5, 1.1))


def _electron(rng: np.random.Generator, start: np.ndarray) -> Path:
    return _walk(rng, start, min(8 + rng.exponential(26), 160), rng.uniform(380, 700))


def _xray(rng: np.random.Generator, start: np.ndarray) -> Path:
    charge = rng.choice(XRAY_LINES) * rng.normal(1, 0.03)
    return (start[:1], start[1:], np.array([charge]), np.array([rng.uniform(0.35, 0.95)]))


def _alpha(rng: np.random.Generator, start: np.ndarray) -> Path:
    n = 60
    radius, angle = 2.2 * np.sqrt(rng.random(n)), rng.uniform(0, 2 * np.pi, n)
    charge = np.full(n, rng.uniform(2.5e6, 5e6) / n)
    x, y = start[0] + radius * np.cos(angle), start[1] + radius * np.sin(angle)
    return x, y, charge, np.full(n, rng.uniform(1.4, 2.2))


def _fork(rng: np.random.Generator, start: np.ndarray) -> Path:
    prongs = rng.integers(2, 4)
    first = rng.uniform(0, 2 * np.pi)
    angles = first + 2 * np.pi * (np.arange(prongs) + rng.uniform(0.1, 0.4, prongs)) / prongs
    path = _straight(rng, start, angles[0], rng.uniform(12, 35), 900)
    for angle in angles[1:]:
        path = _joined(path, _straight(rng, start, angle, rng.uniform(12, 35), 900))
    return path


def _joined(a: Path, b: Path) -> Path:
    joined = [np.concatenate(pair) for pair in zip(a, b, strict=True)]
    return joined[0], joined[1], joined[2], joined[3]


MAKERS: dict[str, Callable[[np.random.Generator, np.ndarray], Path]] = {
    "muon": _muon,
    "electron": _electron,
    "X-ray": _xray,
    "alpha": _alpha,
    "fork": _fork,
}
