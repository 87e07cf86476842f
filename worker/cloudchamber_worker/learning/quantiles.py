"""Measurements of any distribution mapped to a standard normal, by rank."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri


@dataclass(frozen=True)
class QuantileScaling:
    """Per column, the values at evenly spaced ranks.

    references  float64 [m, q], each row ascending
    counts      int64 [m], finite values seen; a column with none carries nothing
    """

    references: NDArray[np.float64]
    counts: NDArray[np.int64]

    def transform(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values [n, m] as normal scores float32 [n, m].

        NaN becomes 0, the median: a missing value must not become a feature by itself (13 of the
        17 missing energies in the DAMIC set belong to one class). A constant column becomes 0.
        Tied values share the mean of their ranks. Scores are bounded by the number of values seen.
        """
        out = np.zeros(values.shape, np.float32)
        ranks = np.linspace(0, 1, self.references.shape[1])
        for column, reference in enumerate(self.references):
            if self.counts[column] == 0 or reference[0] == reference[-1]:
                continue
            x = values[:, column].astype(np.float64)
            known = np.isfinite(x)
            up = np.interp(x[known], reference, ranks)
            down = 1 - np.interp(-x[known], -reference[::-1], ranks)
            edge = 0.5 / max(int(self.counts[column]), 10)
            out[known, column] = ndtri(np.clip((up + down) / 2, edge, 1 - edge))
        return out


def fit_quantile_scaling(
    values: NDArray[np.float32], n_quantiles: int = 256, sample: int = 50_000
) -> QuantileScaling:
    """Fit on [n, m]; infinite values count as missing. Columns may be empty or all NaN."""
    values = values[:: max(1, -(-len(values) // sample))]
    n_columns = values.shape[1]
    references = np.zeros((n_columns, n_quantiles))
    counts = np.zeros(n_columns, np.int64)
    ranks = np.linspace(0, 1, n_quantiles)
    for column in range(n_columns):
        finite = values[:, column][np.isfinite(values[:, column])].astype(np.float64)
        counts[column] = finite.size
        if finite.size:
            references[column] = np.maximum.accumulate(np.quantile(finite, ranks))
    return QuantileScaling(references, counts)
