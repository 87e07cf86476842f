"""Hu's seven invariant moments (Hu 1962, IRE Trans. Inf. Theory 8, 179)."""

import numpy as np

SMALLEST = 1e-12


def hu_moments(inside: np.ndarray) -> list[float]:
    """-log10 of the absolute seven moments of a boolean footprint [height, width].

    Logarithms because they span ten decades; absolute values because the seventh changes its sign
    under reflection. Clipped at 1e-12: below that the sums are rounding.
    """
    y, x = np.nonzero(inside)
    n = float(len(x))
    dx, dy = x - x.mean(), y - y.mean()

    def eta(p: int, q: int) -> float:
        return float(np.sum(dx**p * dy**q)) / n ** (1 + (p + q) / 2)

    n20, n02, n11 = eta(2, 0), eta(0, 2), eta(1, 1)
    n30, n03, n21, n12 = eta(3, 0), eta(0, 3), eta(2, 1), eta(1, 2)
    a, b = n30 + n12, n21 + n03
    c, d = n30 - 3 * n12, 3 * n21 - n03
    moments = (
        n20 + n02,
        (n20 - n02) ** 2 + 4 * n11**2,
        c**2 + d**2,
        a**2 + b**2,
        c * a * (a**2 - 3 * b**2) + d * b * (3 * a**2 - b**2),
        (n20 - n02) * (a**2 - b**2) + 4 * n11 * a * b,
        d * a * (a**2 - 3 * b**2) - c * b * (3 * a**2 - b**2),
    )
    return [float(-np.log10(max(abs(m), SMALLEST))) for m in moments]
