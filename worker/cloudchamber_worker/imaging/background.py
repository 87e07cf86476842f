"""What an amplifier shows without tracks: one level, a level per column and row, or a local mesh.

The mesh is that of SExtractor (Bertin & Arnouts 1996, A&AS 117, 393) as `sep` has it (Barbary 2016,
JOSS 1, 58): sigma-clipped levels of cells, median-filtered and joined by splines, the RMS beside
them. A steep glow is not followed by one mesh whose cells are as large as noise demands, so the
residual of a coarse mesh is given a finer one, and what stands above it is left out of the next.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cloudchamber_worker.imaging.levels import MAD_TO_SIGMA, baseline_and_noise

Kind = Literal["constant", "columns", "mesh"]
Choice = Literal["auto", "constant", "columns", "mesh"]
CELL = 16  # px, of the finest mesh
STEP = 4  # px between the stored values of a mesh, which is smooth on the scale of a cell
MESHES = (2 * CELL, CELL, CELL)
SEEN = 4.0  # noise above which a pixel is left out of the next mesh
GROWN = 2  # px around it
PROBE = 32  # px, of the cells whose levels are compared
PROBES = 32  # of them along a side
VARIES = 0.1  # part of the columns or cells that may lie off before the level is said to vary
STANDARD_ERRORS = 5.0


@dataclass(frozen=True)
class Background:
    """Levels of an amplifier's image [height, width] beside its baseline, in its unit.

    columns : float32 [width], rows : float32 [height], for 'columns'
    grid : float32 [ceil(height / STEP) + 1, ceil(width / STEP) + 1], for 'mesh'; between its
        points the level is bilinear
    """

    kind: Kind
    columns: np.ndarray | None = None
    rows: np.ndarray | None = None
    grid: np.ndarray | None = None

    def image(self, shape: tuple[int, int]) -> np.ndarray:
        """The level of every pixel, float32 [height, width]."""
        if self.grid is not None:
            return _between(self.grid, shape)
        image = np.zeros(shape, np.float32)
        if self.columns is not None:
            image += self.columns
        if self.rows is not None:
            image += self.rows[:, None]
        return image


def subtract_background(
    part: np.ndarray, sigma: float, choice: Choice = "auto"
) -> tuple[Background, np.ndarray | float]:
    """Subtract the background of an amplifier in place.

    Parameters
    ----------
    part : float32 [height, width], its baseline subtracted; NaN is no data
    sigma : its noise
    choice : 'auto' takes a level per column and row where the columns' levels differ, a mesh where
        after that (or without it) the levels of cells do, else none

    Returns
    -------
    background : what was subtracted
    noise : one sigma, float32 [width] for 'columns', [height, width] for 'mesh', else `sigma`
    """
    kind = _chosen(part, sigma) if choice == "auto" else choice
    if kind == "columns":
        columns, rows, noise = _subtract_columns(part)
        return Background("columns", columns, rows), noise
    if kind == "mesh" and sigma > 0 and min(part.shape) >= 2 * CELL:
        grid, noise = _subtract_mesh(part)
        return Background("mesh", grid=grid), noise
    return Background("constant"), sigma


def _chosen(part: np.ndarray, sigma: float) -> Kind:
    """What the levels of columns and cells ask for: a mesh where it leaves no column on a level of
    its own, as what is smooth (glow, vignetting) does not, but sky lines and bad columns do."""
    if sigma == 0 or min(part.shape) < 2 * CELL:
        return "constant"
    columns_vary = _columns_vary(part, sigma)
    if not columns_vary and _off(part, sigma) <= VARIES:
        return "constant"
    residual = part.copy()
    _, noise = _subtract_mesh(residual)
    left = _columns_vary(residual, float(np.median(noise)))
    return (
        "columns" if left or (columns_vary and not _varies_along_columns(part, sigma)) else "mesh"
    )


def _varies_along_columns(part: np.ndarray, sigma: float) -> bool:
    """Whether levels differ within columns and rows, not between them alone."""
    residual = part.copy()
    _, _, noise = _subtract_columns(residual)
    return _off(residual, float(np.nanmedian(noise))) > VARIES


def _columns_vary(part: np.ndarray, sigma: float) -> bool:
    part = part[:: max(1, part.shape[0] // 512)]  # 512 rows tell a column's level well enough
    error = 1.2533 * sigma / np.sqrt(part.shape[0])
    return bool(np.nanmean(np.abs(medians(part, 0)) > STANDARD_ERRORS * error) > VARIES)


def _cells(part: np.ndarray, sigma: float) -> tuple[np.ndarray, float]:
    """Levels of cells that lie evenly over an image, float64 [n], NaN where half is no data, and
    their standard error. They are means of what lies near the median, which is a whole number."""
    height, width = part.shape
    side = min(PROBE, min(height, width) // 4)
    ys = np.unique(np.linspace(0, height - side, min(PROBES, height // side)).astype(int))
    xs = np.unique(np.linspace(0, width - side, min(PROBES, width // side)).astype(int))
    cells = np.stack([part[y : y + side, x : x + side].ravel() for y in ys for x in xs])
    middle = medians(cells, 1)[:, None]
    with np.errstate(invalid="ignore"):
        near = np.abs(cells - middle) <= 3 * sigma
    counts = near.sum(axis=1)
    sums = np.where(near, cells, 0).sum(axis=1, dtype=np.float64)
    levels = np.where(counts > side * side / 4, sums / np.maximum(counts, 1), np.nan)
    levels[np.isfinite(cells).mean(axis=1) < 0.5] = np.nan
    return levels, sigma / side


def _off(part: np.ndarray, sigma: float) -> float:
    """Part of the cells whose level lies off the middle one by more than chance gives."""
    if not sigma > 0:
        return 0.0
    levels, error = _cells(part, sigma)
    if not np.isfinite(levels).any():
        return 0.0
    return float(np.nanmean(np.abs(levels - np.nanmedian(levels)) > STANDARD_ERRORS * error))


def _subtract_columns(part: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Subtract column, then row medians in place (columns once more where rows had stood in the
    way); return both, and the noise of every column [width]."""
    columns = np.zeros(part.shape[1], np.float32)
    rows = np.zeros(part.shape[0], np.float32)
    for axis, levels in ((0, columns), (1, rows), (0, columns)):
        found = medians(part, axis).astype(np.float32)
        part -= np.expand_dims(found, axis)
        levels += found
    spread = MAD_TO_SIGMA * medians(np.abs(part), 0)
    return columns, rows, np.maximum(spread, np.nanmedian(spread)).astype(np.float32)


def _subtract_mesh(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Subtract a mesh in place; return its grid and the noise [height, width]."""
    import sep

    shape = (part.shape[0], part.shape[1])
    absent = ~np.isfinite(part)
    # `sep` clips in single precision: values of the order of one keep it exact in any unit.
    scale = np.float32(baseline_and_noise(part)[1] or 1.0)
    work = np.ascontiguousarray(np.where(absent, 0, part) / scale, np.float32)
    masked = absent.copy()
    grid = np.zeros(tuple(-(-side // STEP) + 1 for side in shape), np.float32)
    noise = np.ones(shape, np.float32)
    for cell in MESHES:
        mesh = sep.Background(work, mask=masked, bw=cell, bh=cell, fw=3, fh=3)
        found = _sampled(mesh.back())
        grid += found
        work -= _between(found, shape)
        noise = mesh.rms()
        masked = absent | _grown(work > SEEN * noise)
    part -= _between(grid, shape) * scale
    middle = np.median(noise[~absent]) if not absent.all() else np.float32(1.0)
    # A cell without noise of its own (all of it left out) has that of the others.
    noise = np.where(noise > 0.1 * middle, noise, middle)
    return grid * scale, (noise * scale).astype(np.float32)


def _sampled(image: np.ndarray) -> np.ndarray:
    """Every STEP-th pixel [ceil(h / STEP) + 1, ceil(w / STEP) + 1], the last ones at the edges."""
    height, width = image.shape
    ys = np.minimum(np.arange(-(-height // STEP) + 1) * STEP, height - 1)
    xs = np.minimum(np.arange(-(-width // STEP) + 1) * STEP, width - 1)
    return image[np.ix_(ys, xs)].astype(np.float32)


def _between(grid: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The bilinear image [height, width] between points STEP px apart."""
    along = _blend(grid, shape[0], 0)
    return _blend(along, shape[1], 1)


def _blend(points: np.ndarray, length: int, axis: int) -> np.ndarray:
    place = np.arange(length)
    low, part = place // STEP, (place % STEP / STEP).astype(np.float32)
    # The last point lies at the edge, which may be nearer than STEP.
    last = (length - 1) // STEP
    rest = max(length - 1 - last * STEP, 1)
    part[low == last] = (place[low == last] - last * STEP) / np.float32(rest)
    part = np.expand_dims(part, 1 - axis)
    lower, upper = np.take(points, low, axis), np.take(points, low + 1, axis)
    upper -= lower
    upper *= part
    upper += lower
    return upper


def _grown(seen: np.ndarray) -> np.ndarray:
    """Pixels of a boolean image and those up to GROWN px beside them."""
    for axis in (0, 1):
        grown = seen.copy()
        for by in range(1, GROWN + 1):
            here, there = [slice(None)] * 2, [slice(None)] * 2
            here[axis], there[axis] = slice(by, None), slice(None, -by)
            grown[tuple(here)] |= seen[tuple(there)]
            grown[tuple(there)] |= seen[tuple(here)]
        seen = grown
    return seen


def medians(part: np.ndarray, axis: int) -> np.ndarray:
    """Medians along an axis; 0 where a line holds no finite pixel."""
    if np.isfinite(part).all():
        return np.median(part, axis=axis)
    masked = np.ma.masked_invalid(part)
    return np.ma.median(masked, axis=axis).filled(0.0)
