"""The pictures of a look, as the packs that the page reads."""

from typing import Any

import numpy as np

from cloudchamber.data.packs import Offsets, add_pixels, pack
from cloudchamber_worker.steps.survey import ShownExposure


def exposure_pack(shown: ShownExposure) -> bytes:
    """Items `image` float32 [h, w] in sigma, `index` uint32, `sigma` and `value` float32 [n], and
    `hot` uint32 [m]."""
    offsets = Offsets()
    items: list[dict[str, Any]] = []
    arrays: list[np.ndarray] = []
    for name, array in (
        ("image", shown.picture.astype(np.float32)),
        ("index", shown.bright.index),
        ("sigma", shown.bright.sigma),
        ("value", shown.bright.value),
        ("hot", shown.hot),
    ):
        items.append(
            {"name": name, "dtype": array.dtype.name, "shape": list(array.shape),
             "offset": offsets.take(array.nbytes), "nbytes": array.nbytes}
        )  # fmt: skip
        arrays.append(array)
    return pack(items, arrays)


def crops_pack(crops: list[tuple[np.ndarray, np.ndarray | None]]) -> bytes:
    """The first crops, items like those of `pixels`; `ordinal` counts them."""
    offsets = Offsets()
    items: list[dict[str, Any]] = []
    arrays: list[np.ndarray] = []
    for ordinal, (pixels, mask) in enumerate(crops):
        add_pixels(items, arrays, offsets, pixels, mask, ordinal=ordinal, flags=[])
    return pack(items, arrays)
