"""Quality extensions: which bits mask a pixel.

All do, but those that mark what is searched for here: cosmic rays and detections.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

# LSST's planes that mark objects, not faults; MP_<name> gives the number of the bit.
PLANES = ("CR", "DETECTED", "DETECTED_NEGATIVE")
# Hubble: rejected as cosmic rays, when drizzled and when split exposures were combined.
BY_TELESCOPE = {"HST": 4096 | 8192}
MAX_BITS = 32


def bits_of_objects(header: Mapping[str, Any]) -> int:
    """The bits that mark cosmic rays or detections, as a number; 0 where no header says so."""
    bits = BY_TELESCOPE.get(str(header.get("TELESCOP", "")).strip().upper(), 0)
    for key, value in header.items():
        match = re.fullmatch(r"MP_(\w+)", key)
        if match and match[1] in PLANES and isinstance(value, int) and 0 <= value < MAX_BITS:
            bits |= 1 << value
    return bits


def masked_by(
    flags: np.ndarray, header: Mapping[str, Any], bits: int | None = None
) -> tuple[np.ndarray, dict[int, int], int]:
    """The pixels that flags [height, width] mask.

    Parameters
    ----------
    flags : whole numbers; floats (a mask of 0 and 1) mask where they are not 0
    bits : those that mask, None for all but the ones that mark objects

    Returns
    -------
    masked : boolean [height, width]
    counts : pixels by the bit that is set, whether it masks or not
    used : the bits that mask, as a number
    """
    if flags.dtype.kind == "f":
        flags = np.where(np.isfinite(flags), flags, 1) != 0
    whole = flags.astype(np.int64)
    counts = {1 << k: int(np.count_nonzero(whole & (1 << k))) for k in range(MAX_BITS)}
    counts = {bit: n for bit, n in counts.items() if n}
    used = sum(counts) & (~bits_of_objects(header) if bits is None else bits)
    if bits is None and not bits_of_objects(header):
        return whole != 0, counts, used
    return (whole & used) != 0, counts, used
