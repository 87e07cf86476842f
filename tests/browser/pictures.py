"""Small files to import: exposures with tracks, and crops in class folders."""

import io
import tarfile
from pathlib import Path

import numpy as np
from astropy.io import fits
from PIL import Image

CLASSES = ("muon", "electron", "X-ray")


def track(kind: str, rng: np.random.Generator, size: int = 24) -> np.ndarray:
    """One track [size, size], uint8: a straight line, a random walk or a spot."""
    image = rng.normal(12, 2, (size, size)).clip(0, 255)
    if kind == "X-ray":
        row, column = rng.integers(size // 3, 2 * size // 3, 2)
        image[row - 1 : row + 2, column - 1 : column + 2] += 90
        image[row, column] += 100
        return image.clip(0, 255).astype(np.uint8)
    position = rng.uniform(size * 0.3, size * 0.7, 2)
    angle = rng.uniform(0, 2 * np.pi)
    for _ in range(60):
        row, column = np.clip(position.round().astype(int), 0, size - 1)
        image[row, column] = min(255, image[row, column] + 110)
        if kind == "electron":
            angle += rng.normal(0, 0.6)
        position = (position + 0.25 * np.array([np.sin(angle), np.cos(angle)])) % (size - 1)
    return image.clip(0, 255).astype(np.uint8)


def crops(path: Path, count: int, seed: int = 0) -> Path:
    """Write a tar of `count` PNG crops, equally many of each class, in class folders."""
    rng = np.random.default_rng(seed)
    with tarfile.open(path, "w") as archive:
        for index in range(count):
            kind = CLASSES[index % len(CLASSES)]
            buffer = io.BytesIO()
            Image.fromarray(track(kind, rng)).save(buffer, "png")
            member = tarfile.TarInfo(f"{kind}/track_{index:05d}.png")
            member.size = buffer.tell()
            buffer.seek(0)
            archive.addfile(member, buffer)
    return path


def exposure(path: Path, tracks: int = 40, size: int = 256, seed: int = 0) -> Path:
    """Write a FITS exposure [size, size], float32 ADU, noise 3 ADU above a baseline of 500."""
    rng = np.random.default_rng(seed)
    image = rng.normal(500, 3, (size, size))
    for index in range(tracks):
        small = track(CLASSES[index % len(CLASSES)], rng, 24).astype(float)
        row, column = rng.integers(0, size - 24, 2)
        image[row : row + 24, column : column + 24] += np.where(small > 60, small * 4, 0)
    fits.PrimaryHDU(image.astype(np.float32)).writeto(path, overwrite=True)
    return path
