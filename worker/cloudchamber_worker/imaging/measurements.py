"""What a cutout measures: its size, charge and shape, as numbers.

Every measurement but `angle` is the same for the 8 rotations and reflections of a cutout, exactly:
the cutout is first turned into the one of its 8 orientations whose bytes come first, because
thinning to a skeleton (like most pixel algorithms) prefers a direction. What is not defined, such
as the curvature of a single pixel, is NaN. Formulas and references: docs/science.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from cloudchamber_worker.imaging.footprints import signal_of
from cloudchamber_worker.imaging.moments import hu_moments
from cloudchamber_worker.imaging.outline import convex_area, count_holes, perimeter
from cloudchamber_worker.imaging.profile import AlongAxis
from cloudchamber_worker.imaging.skeleton import Skeleton

NAN = float("nan")


@dataclass(frozen=True)
class Measurement:
    """One number: `unit` 'signal' stands for the unit of the pixels (ADU or electron)."""

    name: str
    title: str
    unit: str
    description: str
    states_angle: bool = False


MEASUREMENTS: tuple[Measurement, ...] = (
    Measurement("pixels", "Pixels", "px", "Pixels of the footprint"),
    Measurement("charge", "Charge", "signal", "Sum of the footprint's pixel values"),
    Measurement("peak", "Peak", "signal", "Largest pixel value of the footprint"),
    Measurement("density", "Charge per pixel", "signal/px", "Charge over pixels"),
    Measurement("width", "Shorter side", "px", "Shorter side of the footprint's bounding box"),
    Measurement("height", "Longer side", "px", "Longer side of the footprint's bounding box"),
    Measurement("length", "Length", "px", "Extent along the principal axis"),
    Measurement(
        "rms_width", "RMS width", "px", "RMS distance of the charge from the principal axis"
    ),
    Measurement("eccentricity", "Eccentricity", "", "Of the ellipse with the same second moments"),
    Measurement("elongation", "Elongation", "", "1 - minor over major axis of that ellipse"),
    Measurement("solidity", "Solidity", "", "Pixels over area of the convex hull"),
    Measurement("extent", "Extent", "", "Pixels over area of the bounding box"),
    Measurement("compactness", "Compactness", "", "4 pi area over squared perimeter"),
    Measurement("circularity", "Circularity", "", "Mean over standard deviation of the radius"),
    Measurement("radius_ratio", "Radius ratio", "", "Mean over largest distance from the centroid"),
    Measurement(
        "straightness", "Straightness", "", "Chord over path of the skeleton's longest path"
    ),
    Measurement("curvature", "Curvature", "1/px", "Of the parabola through the centre line"),
    Measurement("bend", "Bend", "", "Sagitta of that parabola over the length"),
    Measurement("line_residual", "Residual from line", "px", "RMS of the centre line about a line"),
    Measurement(
        "parabola_residual",
        "Residual from parabola",
        "px",
        "RMS of the centre line about a parabola",
    ),
    Measurement("strip_share", "Share in strip", "", "Pixels within 2 px of the fitted line"),
    Measurement("skeleton_length", "Skeleton length", "px", "Pixels of the skeleton"),
    Measurement("path_length", "Path length", "px", "Longest path along the skeleton"),
    Measurement("path_share", "Share on path", "", "Part of the skeleton on its longest path"),
    Measurement("branches", "Branches", "", "Points of the skeleton where three or more arms meet"),
    Measurement("end_points", "End points", "", "Free ends of the skeleton"),
    Measurement("thickness", "Thickness", "px", "Pixels over path length"),
    Measurement(
        "width_variation", "Width variation", "", "Relative spread of the width along the skeleton"
    ),
    Measurement("holes", "Holes", "", "Background regions the footprint encloses"),
    Measurement("components", "Components", "", "8-connected parts of the footprint"),
    Measurement(
        "axis_skew", "Skew along axis", "", "Absolute skewness of the pixels along the axis"
    ),
    Measurement(
        "profile_skew", "Charge skew", "", "Absolute skewness of the charge along the axis"
    ),
    Measurement("taper", "Taper", "", "Charge of one outer third minus the other, over both"),
    Measurement(
        "profile_variation", "Charge variation", "", "Relative spread of the charge profile"
    ),
    Measurement("peak_share", "Peak share", "", "Peak over charge"),
    *(
        Measurement(
            f"hu{k}",
            f"Hu moment {k}",
            "log10",
            f"Log of Hu's invariant moment {k} of the footprint",
        )
        for k in range(1, 8)
    ),
    Measurement(
        "angle",
        "Angle",
        "deg",
        "Direction of the principal axis, counter-clockwise from +x as it is drawn, 0 to 180",
        True,
    ),
)
NAMES = tuple(m.name for m in MEASUREMENTS)


def measure(
    pixels: np.ndarray, mask: np.ndarray | None = None, *, rows_up: bool = False
) -> np.ndarray:
    """Measure one cutout.

    Parameters
    ----------
    pixels : ndarray [height, width] or [height, width, channels], any real dtype, NaN allowed
        Values above baseline (exposures), or a crop's pixels; colours are averaged.
    mask : boolean [height, width], optional
        The footprint; found by `footprints.find_footprint` when absent.
    rows_up : bool
        Whether the first row is drawn at the bottom, as that of a FITS image: `angle` is counted
        as it is seen.

    Returns
    -------
    ndarray float32 [len(MEASUREMENTS)]
        In the order of MEASUREMENTS. An empty footprint has 0 pixels, 0 charge and NaN.
    """
    signal, inside = signal_of(pixels, mask)
    if not inside.any():
        empty = np.full(len(NAMES), NAN, np.float32)
        empty[NAMES.index("pixels")] = empty[NAMES.index("charge")] = 0
        return empty
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    signal, inside = signal[box], inside[box]
    angle = _angle(inside, rows_up=rows_up)
    signal, inside = _canonical(signal, inside)
    values = _values(signal, inside)
    values["angle"] = angle
    return np.array([values[name] for name in NAMES], np.float64).astype(np.float32)


def measure_all(
    cutouts: Iterable[tuple[np.ndarray, np.ndarray | None]],
    on_each: Callable[[], None] | None = None,
) -> np.ndarray:
    """Measure many (pixels, mask): float32 [n, len(MEASUREMENTS)]."""
    rows = []
    for pixels, mask in cutouts:
        rows.append(measure(pixels, mask))
        if on_each is not None:
            on_each()
    return np.stack(rows) if rows else np.empty((0, len(NAMES)), np.float32)


def _canonical(signal: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The one of the 8 orientations whose shape and bytes come first."""
    turned = []
    for flip in (False, True):
        for quarter in range(4):
            pair = [np.rot90(a[:, ::-1] if flip else a, quarter) for a in (signal, inside)]
            turned.append((pair[1].shape, pair[1].tobytes(), pair[0].tobytes(), pair))
    best = min(turned, key=lambda t: t[:3])[3]
    return np.ascontiguousarray(best[0]), np.ascontiguousarray(best[1])


def _values(signal: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    weights = np.where(inside, signal, 0.0)
    area = int(inside.sum())
    charge, peak = float(weights.sum()), float(signal[inside].max())
    along = AlongAxis(signal, inside)
    skeleton = Skeleton(inside)
    border = perimeter(inside)
    hu = hu_moments(inside)
    path = skeleton.path_length
    return {
        "pixels": area,
        "charge": charge,
        "peak": peak,
        "density": charge / area,
        "width": min(inside.shape),
        "height": max(inside.shape),
        "length": along.length,
        "rms_width": along.rms_width,
        "eccentricity": along.eccentricity,
        "elongation": along.elongation,
        "solidity": area / convex_area(inside),
        "extent": area / inside.size,
        "compactness": 4 * np.pi * area / border**2,
        "circularity": along.circularity,
        "radius_ratio": along.radius_ratio,
        "straightness": skeleton.straightness,
        "curvature": along.curvature,
        "bend": along.bend,
        "line_residual": along.line_residual,
        "parabola_residual": along.parabola_residual,
        "strip_share": along.strip_share,
        "skeleton_length": skeleton.pixels,
        "path_length": path,
        "path_share": skeleton.path_share,
        "branches": skeleton.branches,
        "end_points": skeleton.end_points,
        "thickness": area / path,
        "width_variation": skeleton.width_variation,
        "holes": count_holes(inside),
        "components": skeleton.components,
        "axis_skew": along.axis_skew,
        "profile_skew": along.profile_skew,
        "taper": along.taper,
        "profile_variation": along.profile_variation,
        "peak_share": peak / charge if charge > 0 else NAN,
        **{f"hu{k}": value for k, value in enumerate(hu, 1)},
    }


def _angle(inside: np.ndarray, *, rows_up: bool) -> float:
    """Direction of the principal axis in degrees, counter-clockwise from +x as it is drawn; NaN if
    round."""
    y, x = np.nonzero(inside)
    if len(x) < 2:
        return NAN
    dx, dy = x - x.mean(), (y - y.mean()) * (1 if rows_up else -1)
    a, b, c = (dx * dx).mean(), (dx * dy).mean(), (dy * dy).mean()
    if np.hypot(a - c, 2 * b) < 1e-9 * (a + c):
        return NAN
    return float(np.degrees(0.5 * np.arctan2(2 * b, a - c)) % 180)
