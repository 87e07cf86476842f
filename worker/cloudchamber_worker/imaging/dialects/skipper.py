"""Raw frames of Skipper CCDs: a pixel is read N times without loss, its samples side by side.

The mean of N samples has the noise of one over the root of N (Tiffenberg et al. 2017, PRL 119,
131802). skipper2root and LTA name N as NSAMP, WADERS as NDCMS; the keyword stays in the header when
the samples have been averaged, so it does not tell by itself whether a frame is raw.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cloudchamber_worker.imaging.dialects.settings import DetectorSettings
from cloudchamber_worker.imaging.errors import NeedsAnswer
from cloudchamber_worker.imaging.levels import baseline_and_noise

KEYS = ("NSAMP", "NDCMS", "NSKIPS", "NSKIP", "NSAMPLES")
COLUMNS = ("NCOL",)  # pixels of a row, whatever the samples
MANY = 16  # bright samples from which they tell whether their neighbours are of the same pixel
SURE = 0.9


@dataclass(frozen=True)
class Averaged:
    """A raw frame, averaged.

    pixels : float64 [height, width / samples]
    samples, skipped : how many lay side by side, and how many of them were left out
    keyword : which states them, or 'said by you'
    noise : (samples in the mean, noise of it), in the unit of the pixels
    """

    pixels: np.ndarray
    samples: int
    skipped: int
    keyword: str
    noise: list[tuple[int, float]]

    @property
    def note(self) -> str:
        """What was done and how the noise fell, in a sentence."""
        kept = self.samples - self.skipped
        (_, one), (n, all_of_them) = self.noise[0], self.noise[-1]
        skipped = f", the first {self.skipped} left out" if self.skipped else ""
        return (
            f"{self.samples} samples of a pixel side by side ({self.keyword}): averaged{skipped}; "
            f"noise {one:.3g} with one sample, {all_of_them:.3g} with {n} "
            f"(1/√{kept} of it is {one / np.sqrt(kept):.3g})"
        )


def average_samples(
    pixels: np.ndarray,
    header: dict[str, Any],
    settings: DetectorSettings,
    asked: Literal["ask", "average", "averaged"] = "ask",
) -> Averaged | None:
    """The mean of the samples of a raw Skipper frame [height, width]; None where it is none.

    It is one where the header gives the pixels of a row and these times the samples are the
    columns, or where bright samples come in whole groups. Where neither tells, `asked` does.

    Raises
    ------
    NeedsAnswer
        Where it may be one: the keyword fits the columns, and nothing else says so.
    """
    samples, keyword = _stated(header)
    if settings.samples is not None:
        samples, keyword = settings.samples, "said by you"
    width = pixels.shape[1]
    if samples < 2 or width % samples or width == samples:
        return None
    if settings.samples is None:
        raw = _is_raw(pixels, header, samples)
        if raw is None and asked == "ask":
            raise NeedsAnswer(
                f"{keyword} is {samples} and the {width} columns are a multiple of it: {samples} "
                "samples of a pixel side by side, to be averaged, or averaged already?",
                asks="skipper_samples",
            )
        if raw is False or (raw is None and asked == "averaged"):
            return None
    skipped = min(settings.skip_samples or 0, samples - 1)
    grouped = pixels.reshape(pixels.shape[0], -1, samples)[:, :, skipped:]
    mean = np.asarray(np.mean(grouped, axis=2, dtype=np.float64))
    return Averaged(mean, samples, skipped, keyword, _noises(grouped, mean))


def _stated(header: dict[str, Any]) -> tuple[int, str]:
    """Samples by the header, and the keyword; (1, '') where none states any."""
    for key in KEYS:
        try:
            number = float(header.get(key, ""))
        except (TypeError, ValueError):
            continue
        if number >= 2 and number == int(number):
            return int(number), key
    return 1, ""


def _is_raw(pixels: np.ndarray, header: dict[str, Any], samples: int) -> bool | None:
    """Whether the samples lie side by side; None where nothing tells."""
    width = pixels.shape[1]
    for key in COLUMNS:
        try:
            stated = int(float(header.get(key, "")))
        except (TypeError, ValueError):
            continue
        if stated in (width // samples, width):
            return stated != width
    share = _share_in_groups(pixels, samples)
    if share is not None:
        return share >= SURE
    # A mean is a fraction, a sample is not.
    return False if pixels.dtype.kind == "f" else None


def _share_in_groups(pixels: np.ndarray, samples: int) -> float | None:
    """Part of the bright samples whose whole group is bright; None where few are bright. Of an
    averaged frame, groups would be tracks that happen to begin and end with them."""
    level, noise = baseline_and_noise(pixels)
    if not noise > 0:
        return None
    with np.errstate(invalid="ignore"):
        bright = pixels.reshape(pixels.shape[0], -1, samples) > level + 6 * noise
        alike = pixels.reshape(pixels.shape[0], -1, samples) > level + 2 * noise
    if bright.sum() < MANY:
        return None
    groups = bright.any(axis=2)
    return float(alike[groups].mean())


def _noises(grouped: np.ndarray, mean: np.ndarray) -> list[tuple[int, float]]:
    """Noise of the mean of the first 1, 2, 4 ... and of all samples."""
    n = grouped.shape[2]
    counts = [2**k for k in range(n.bit_length()) if 2**k < n]
    rows = slice(None, None, max(1, grouped.shape[0] // 256))
    found = [
        (k, baseline_and_noise(np.asarray(grouped[rows, :, :k].mean(axis=2)))[1]) for k in counts
    ]
    return [*found, (n, baseline_and_noise(mean[rows])[1])]
