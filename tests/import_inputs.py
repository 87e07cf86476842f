"""Small files to bring: crops, exposures with tracks, zips of them."""

import io
import zipfile

import numpy as np
from astropy.io import fits
from PIL import Image

from fits_files import dark, fits_bytes


def png(value: int) -> bytes:
    """A grey crop with a bright row of `value` pixels."""
    out = io.BytesIO()
    image = np.zeros((9, 9), np.uint8)
    image[4, 1 : 1 + value] = 200
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()


def exposure(*tracks: tuple[int, int, int], seed: int = 0) -> bytes:
    """A FITS dark with horizontal tracks (x, y, length)."""
    image = dark((128, 128), seed=seed)
    for x, y, length in tracks:
        image[y, x : x + length] += 500
    return fits_bytes(fits.PrimaryHDU(image))


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip of the members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()
