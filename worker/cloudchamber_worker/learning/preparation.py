"""From the vectors a model gives, or the numbers of a dataset, to those a map is drawn from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudchamber_worker.learning.checkpoints import Arrays
from cloudchamber_worker.learning.quantiles import QuantileScaling, fit_quantile_scaling


@dataclass(frozen=True)
class Preparation:
    """numbers brings measurements to normal scores, or is None; then (x - centre) / scale per
    dimension, float32 [d] each. What is missing ends at 0, the middle."""

    numbers: QuantileScaling | None
    centre: NDArray[np.float32]
    scale: NDArray[np.float32]

    def __call__(self, raw: NDArray[np.floating]) -> NDArray[np.float32]:
        """float32 [n, d], finite."""
        x = np.asarray(raw, np.float32)
        x = x if self.numbers is None else self.numbers.transform(x)
        x = (x - self.centre) / self.scale
        return np.where(np.isfinite(x), x, 0).astype(np.float32)

    def arrays(self) -> Arrays:
        """For a safetensors file."""
        arrays: Arrays = {"centre": self.centre, "scale": self.scale}
        if self.numbers is not None:
            arrays["references"] = self.numbers.references
            arrays["counts"] = self.numbers.counts
        return arrays


def preparation_from_arrays(arrays: Arrays) -> Preparation:
    """The inverse of ``Preparation.arrays``."""
    numbers = None
    if "references" in arrays:
        numbers = QuantileScaling(arrays["references"], arrays["counts"])
    return Preparation(numbers, arrays["centre"], arrays["scale"])


def prepare_numbers(raw: NDArray[np.float32]) -> Preparation:
    """Of measurements [n, d]: normal scores."""
    d = raw.shape[1]
    return Preparation(fit_quantile_scaling(raw), np.zeros(d, np.float32), np.ones(d, np.float32))


def prepare_vectors(raw: NDArray[np.float32], standardise: bool) -> Preparation:
    """Of a model's vectors [n, d]: centred and, where asked, each dimension with standard
    deviation 1; dimensions that hardly vary are left as they are."""
    finite = np.where(np.isfinite(raw), raw, np.nan)
    known = np.isfinite(finite).any(axis=0)
    centre, scale = np.zeros(raw.shape[1], np.float32), np.ones(raw.shape[1], np.float32)
    centre[known] = np.nanmean(finite[:, known], axis=0)
    if standardise:
        sd = np.nanstd(finite[:, known], axis=0)
        scale[known] = np.where(sd > 1e-6, sd, 1.0)
    return Preparation(None, centre, scale)
