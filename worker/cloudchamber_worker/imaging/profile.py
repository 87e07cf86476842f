"""A footprint along its principal axis: centre line, fitted line and parabola, charge profile."""

import numpy as np

NAN = float("nan")
STRIP = 2.0  # px to either side of the line
# A pixel is a square: its own second moment keeps a one-pixel-wide track from zero width.
PIXEL_VARIANCE = 1 / 12


class AlongAxis:
    """Numbers of a footprint `inside` (boolean) with `signal`, both [height, width].

    ``u`` runs along the principal axis of the footprint's pixels, ``t`` across, both in px from
    the centroid. The centre line is the charge-weighted mean of ``t`` in bins of one pixel of
    ``u``. Needs one pixel at least; what is not defined for so few pixels is NaN.
    """

    def __init__(self, signal: np.ndarray, inside: np.ndarray) -> None:
        y, x = np.nonzero(inside)
        points = np.stack([x, y], 1).astype(np.float64)
        points -= points.mean(axis=0)
        values, vectors = np.linalg.eigh(points.T @ points / len(points))
        minor, major = values + PIXEL_VARIANCE
        self.eccentricity = float(np.sqrt(max(0.0, 1 - minor / major)))
        self.elongation = float(1 - np.sqrt(minor / major))
        u, t = points @ vectors[:, 1], points @ vectors[:, 0]
        weights = np.maximum(signal[inside], 0.0)
        if weights.sum() <= 0:
            weights = np.ones(len(points))
        self.length = float(u.max() - u.min() + 1)
        self.rms_width = _spread(t, weights)
        radius = np.hypot(u, t)
        several = len(points) > 1
        self.radius_ratio = float(radius.mean() / radius.max()) if several else NAN
        self.circularity = float(radius.mean() / radius.std()) if radius.std() > 1e-9 else NAN
        self.axis_skew = _skewness(u, np.ones(len(u)))
        self.profile_skew = _skewness(u, weights)
        self._centre_line(u, t, weights)
        self._charge_profile(u, weights)

    def _centre_line(self, u: np.ndarray, t: np.ndarray, weights: np.ndarray) -> None:
        self.line_residual = self.parabola_residual = NAN
        self.curvature = self.bend = self.strip_share = NAN
        bins = np.floor(u - u.min() + 1e-9).astype(int)
        total = np.bincount(bins, weights)
        here = total > 0
        if here.sum() < 4:
            return
        centre = np.bincount(bins, weights * t)[here] / total[here]
        at = np.bincount(bins, weights * u)[here] / total[here]
        line = np.polynomial.Polynomial.fit(at, centre, 1)
        parabola = np.polynomial.Polynomial.fit(at, centre, 2)
        self.line_residual = float(np.sqrt(np.mean((centre - line(at)) ** 2)))
        self.parabola_residual = float(np.sqrt(np.mean((centre - parabola(at)) ** 2)))
        quadratic = abs(float(parabola.deriv(2)(0.0))) / 2
        chord = float(at.max() - at.min())
        self.curvature = 2 * quadratic
        self.bend = quadratic * chord / 4
        self.strip_share = float(np.mean(np.abs(t - line(u)) <= STRIP))

    def _charge_profile(self, u: np.ndarray, weights: np.ndarray) -> None:
        self.taper = self.profile_variation = NAN
        if self.length < 4:
            return
        place = (u - u.min() + 0.5) / self.length
        first, last = weights[place < 1 / 3].sum(), weights[place > 2 / 3].sum()
        if first + last > 0:
            self.taper = float(abs(first - last) / (first + last))
        profile = np.bincount(np.floor(u - u.min() + 1e-9).astype(int), weights)[1:-1]
        if len(profile) > 1 and profile.mean() > 0:
            self.profile_variation = float(profile.std() / profile.mean())


def _spread(values: np.ndarray, weights: np.ndarray) -> float:
    mean = np.average(values, weights=weights)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=weights) + PIXEL_VARIANCE))


def _skewness(values: np.ndarray, weights: np.ndarray) -> float:
    mean = np.average(values, weights=weights)
    spread = np.sqrt(np.average((values - mean) ** 2, weights=weights))
    if spread < 1e-9:
        return NAN
    return abs(float(np.average(((values - mean) / spread) ** 3, weights=weights)))
