"""FITS files in memory, for the tests of imaging."""

import io

import numpy as np
from astropy.io import fits


def fits_bytes(*hdus: fits.hdu.base.ExtensionHDU | fits.PrimaryHDU) -> bytes:
    """The bytes of a FITS file with these HDUs."""
    out = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(out)
    return out.getvalue()


def dark(shape: tuple[int, int] = (64, 96), *, seed: int = 0, level: float = 1000.0) -> np.ndarray:
    """Bias and 6 ADU of read noise, uint16 [height, width]."""
    noise = np.random.default_rng(seed).normal(level, 6.0, shape)
    return np.rint(noise).astype(np.uint16)
