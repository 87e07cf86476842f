"""Frames that are made to calibrate others: what says so, and the question it raises."""

import re
from typing import Any

import numpy as np

from cloudchamber_worker.imaging.errors import NeedsAnswer

# Observatories differ in where they say it: some write DARK as the type and Bias as the object.
KEYWORDS = ("IMAGETYP", "OBSTYPE", "OBJECT", "EXTNAME")
# A dark exposure is data unless it is called a master: long darks are what people search for
# tracks.
USES = (
    ("bias", re.compile(r"(?:^|[^a-z])(?:master[-_ ]?)?(?:bias|zero)(?:[^a-z]|$)")),
    ("dark", re.compile(r"(?:^|[^a-z])master[-_ ]?dark")),
    ("defect_mask", re.compile(
        r"(?:^|[^a-z])(?:bpm|bad[-_ ]?pix(?:els?)?(?:[-_ ]?mask)?|hot[-_ ]?pix(?:els?)?"
        r"(?:[-_ ]?mask)?|defects?(?:[-_ ]?mask)?|pixel[-_ ]?mask|mask)(?:[^a-z]|$)"
    )),
)  # fmt: skip
WORDS = {
    "bias": "a bias frame",
    "dark": "a master dark",
    "defect_mask": "a mask of defects",
}
MASK_VALUES = 64  # a mask has few values: its bits


def use_of(header: dict[str, Any], pixels: np.ndarray, file_name: str) -> tuple[str, str] | None:
    """What a frame is for other than to be searched, and what says so; None for an exposure.

    Parameters
    ----------
    header, pixels : of the frame; a mask is one only where its pixels are few whole numbers
    file_name : without folders

    Returns
    -------
    'bias', 'dark' or 'defect_mask', and a half sentence
    """
    said = [(str(header.get(key, "")).strip(), f"{key} is {header.get(key)}") for key in KEYWORDS]
    for text, source in [*said, (file_name, "its name says so")]:
        for use, pattern in USES:
            if text and pattern.search(text.lower()) and (use != "defect_mask" or _few(pixels)):
                return use, source
    return None


def ask_for_use(header: dict[str, Any], pixels: np.ndarray, file_name: str) -> None:
    """Raise `NeedsAnswer` where a frame says that it is no exposure to be searched."""
    found = use_of(header, pixels, file_name)
    if found is None:
        return
    use, source = found
    text = f"Looks like {WORDS[use]} ({source}): what is it for?"
    raise NeedsAnswer(text, asks=use, taken_for=use)


def _few(pixels: np.ndarray) -> bool:
    """Whether pixels are flags: whole numbers, few different ones, and most of them none."""
    if pixels.dtype.kind not in "uib" or np.count_nonzero(pixels) > pixels.size / 2:
        return False
    return len(np.unique(pixels)) <= MASK_VALUES
