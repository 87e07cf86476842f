"""The images of one FITS file, told apart: exposures with what masks them, and what is none."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from astropy.io import fits

from cloudchamber_worker.imaging.dialects.extensions import (
    WORDS,
    Extension,
    kind_by_header,
    looks_like_flags,
    science_of,
)
from cloudchamber_worker.imaging.dialects.masks import masked_by
from cloudchamber_worker.imaging.dialects.settings import DetectorSettings
from cloudchamber_worker.imaging.dialects.skipper import average_samples
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.frame import Frame, NoExposure, stem_of
from cloudchamber_worker.imaging.options import Skipper

COLOURS = (3, 4)  # values of a pixel that stand side by side as the first axis


class FitsImages:
    """Reads the images of `hdus` at the indices `images`; the rest as for `frames.read_frames`."""

    def __init__(
        self,
        hdus: fits.HDUList,
        name: str,
        size: int,
        images: list[int],
        settings: Callable[[dict[str, Any]], DetectorSettings],
        skipper: Skipper,
        *,
        as_they_are: bool,
    ) -> None:
        self.hdus, self.stem, self.size = hdus, stem_of(name), size
        self.settings = settings
        self.skipper: Skipper = skipper
        self.alone = len(images) == 1
        self.extensions = [self._extension(index) for index in images]
        if as_they_are or self.alone:
            self.extensions = [replace(one, kind="science") for one in self.extensions]
        elif not any(one.kind == "science" for one in self.extensions):
            told = ", ".join(f"{one.label} is {WORDS[one.kind]}" for one in self.extensions[:4])
            raise Unreadable(f"holds no exposure: {told}")

    def frames(self) -> Iterator[Frame | NoExposure]:
        """Every exposure with its masks, and then what the other images are."""
        self._find_flags()
        sciences = [one for one in self.extensions if one.kind == "science"]
        masks: dict[int, list[Extension]] = {one.index: [] for one in sciences}
        others: list[NoExposure] = []
        for one in self.extensions:
            if one.kind == "science":
                continue
            of = science_of(one, sciences)
            if one.kind == "mask" and not of:
                others.append(NoExposure(one.label, "is a mask of another size than any exposure"))
            elif one.kind == "mask":
                for science in of:
                    masks[science.index].append(one)
                named = ", ".join(science.label for science in of[:3])
                others.append(NoExposure(one.label, f"is the mask of {named}: applied"))
            else:
                of_what = f" of {of[0].label}" if of and one.kind != "auxiliary" else ""
                others.append(NoExposure(one.label, f"is {WORDS[one.kind]}{of_what}: no exposure"))
        failures: list[Unreadable] = []
        for place, one in enumerate(sciences):
            try:
                yield from self._planes(one, place, masks[one.index])
            except Unreadable as error:  # its neighbours may be whole
                failures.append(error)
                if len(failures) == len(sciences):
                    raise
                others.append(NoExposure(one.label, str(error), refused=True))
        yield from others

    def _extension(self, index: int) -> Extension:
        hdu: Any = self.hdus[index]
        kind, named = kind_by_header(hdu.header)
        integer = int(hdu.header.get("ZBITPIX", hdu.header.get("BITPIX", 0))) > 0
        name = str(hdu.header.get("EXTNAME", "")).strip()
        return Extension(index, name, int(hdu.ver), tuple(hdu.shape), integer, kind, named)

    def _find_flags(self) -> None:
        """An unnamed image of flags is the mask of the image of its size before it, unless that
        is flags too: frames of few counts look alike."""
        for at, one in enumerate(self.extensions):
            before = [
                other for other in self.extensions[:at]
                if other.kind == "science" and other.shape[-2:] == one.shape[-2:]
            ]  # fmt: skip
            if one.kind != "science" or not one.integer or one.name or not before:
                continue
            try:
                if looks_like_flags(self._data(one.index)) and not looks_like_flags(
                    self._data(before[-1].index)
                ):
                    self.extensions[at] = replace(one, kind="mask")
            except Unreadable:
                continue  # said when its turn comes

    def _data(self, index: int) -> np.ndarray:
        hdu: Any = self.hdus[index]
        try:
            data = np.asarray(hdu.data)
        except MemoryError as error:
            raise Unreadable(f"HDU {index} does not fit in the decoder's memory") from error
        except Exception as error:
            there = max(self.size - int(hdu.fileinfo()["datLoc"]), 0)
            claimed = math.prod(hdu.shape) * abs(int(hdu.header.get("BITPIX", 8))) // 8
            if there < claimed:
                why = f"HDU {index} is cut off: {there} of its {claimed} bytes are there"
                raise Unreadable(why) from error
            raise Unreadable(f"HDU {index} cannot be read: {in_words(error)}") from error
        if data.dtype.kind not in "uif" or data.ndim < 2:
            raise Unreadable(f"HDU {index} holds {data.dtype} values, no pixels")
        return data

    def _planes(self, one: Extension, place: int, masks: list[Extension]) -> Iterator[Frame]:
        data = self._data(one.index)
        hdu: Any = self.hdus[one.index]
        primary: Any = self.hdus[0]
        header = {**_cards(primary.header), **_cards(hdu.header)}
        settings = self.settings(header)
        notes: list[str] = []
        undefined = _undefined(data, hdu)
        if data.ndim == 3 and data.shape[-1] in COLOURS and data.shape[0] > data.shape[-1]:
            data = np.moveaxis(data, -1, 0)
            undefined = None if undefined is None else np.moveaxis(undefined, -1, 0)
            notes.append(f"its {data.shape[0]} values a pixel (NAXIS1) are one exposure each")
        colours = bool(notes)
        planes = data.reshape(-1, *data.shape[-2:])
        blanks = None if undefined is None else undefined.reshape(planes.shape)
        if len(planes) > 1 and not notes:
            sides = " x ".join(map(str, data.shape[::-1]))
            notes.append(f"its {len(planes)} planes ({sides}) are one exposure each")
        for number, plane in enumerate(planes):
            blank = None if blanks is None else blanks[number]
            mask, counts, used, told = self._masked(masks, number, plane, settings)
            if blank is not None and blank.any():
                told.append(f"{int(blank.sum())} px undefined (BLANK is {hdu.header['BLANK']})")
                mask = blank if mask is None else mask | blank
            averaged = average_samples(plane, header, settings, self.skipper)
            step = (1, 1)
            if averaged is not None:
                told.append(averaged.note)
                plane, step = averaged.pixels, (averaged.samples, 1)
                if mask is not None:  # a pixel is defined where one of its samples is
                    groups = mask.reshape(mask.shape[0], -1, averaged.samples)
                    mask = np.asarray(groups.all(axis=2))
            yield Frame(
                self.stem, self._suffix(one, number, len(planes)), one.index,
                None if len(planes) == 1 else number, plane, header, mask, one.name, place, step,
                counts, used, (*notes, *told), number if colours else -1,
            )  # fmt: skip

    def _suffix(self, one: Extension, number: int, planes: int) -> str:
        suffix = ""
        if not self.alone:
            hdu: Any = self.hdus[one.index]
            suffix = f"-{hdu.name.strip() or one.index}"
            if hdu.name.strip() and hdu.ver != 1:
                suffix = f"{suffix}-{hdu.ver}"
        return suffix if planes == 1 else f"{suffix}-p{number:03d}"

    def _masked(
        self, masks: list[Extension], number: int, plane: np.ndarray, settings: DetectorSettings
    ) -> tuple[np.ndarray | None, dict[int, int], int, list[str]]:
        """What masks leave out of a plane: the pixels, the bits that are set, those that mask, and
        what is to be said of it."""
        mask: np.ndarray | None = None
        counts: dict[int, int] = {}
        used, told = 0, []
        for one in masks:
            flags = self._data(one.index)
            planes = flags.reshape(-1, *flags.shape[-2:])
            flags = planes[min(number, len(planes) - 1)]
            if flags.shape != plane.shape:
                continue
            hdu: Any = self.hdus[one.index]
            primary: Any = self.hdus[0]
            header = {**_cards(primary.header), **_cards(hdu.header)}
            out, bits, masking = masked_by(flags, header, settings.mask_bits)
            mask = out if mask is None else mask | out
            used |= masking
            for bit, n in bits.items():
                counts[bit] = counts.get(bit, 0) + n
            left = [bit for bit in bits if not bit & masking]
            kept = f", bits {', '.join(map(str, left))} do not mask" if left else ""
            told.append(f"{one.label} masks {int(out.sum())} px{kept}")
        return mask, counts, used, told


def _undefined(data: np.ndarray, hdu: Any) -> np.ndarray | None:
    """Where whole numbers are BLANK, which stands for no value before BZERO; None where none is."""
    blank = hdu.header.get("BLANK")
    if data.dtype.kind not in "ui" or isinstance(blank, bool) or not isinstance(blank, int):
        return None
    scale, zero = _scaling(hdu)
    undefined = data == blank * scale + zero
    return undefined if undefined.any() else None


def _scaling(hdu: Any) -> tuple[float, float]:
    """BSCALE and BZERO as they stood in the file: astropy takes them out of the header."""
    scale = getattr(hdu, "_orig_bscale", None)
    zero = getattr(hdu, "_orig_bzero", None)
    header = hdu.header
    return (
        header.get("BSCALE", 1) if scale is None else scale,
        header.get("BZERO", 0) if zero is None else zero,
    )


def _cards(header: fits.Header) -> dict[str, Any]:
    cards: dict[str, Any] = {}
    for card in header.cards:
        try:
            key, value = card.keyword, card.value
        except Exception as error:
            cards.setdefault("UNREADABLE", in_words(error))
            continue
        if key in ("COMMENT", "HISTORY", "", "SIMPLE", "XTENSION", "EXTEND"):
            continue
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        if isinstance(value, (bool, int, float, str)):
            cards[key] = value
    return cards


def in_words(error: BaseException) -> str:
    """What a library says of its failure, in one line."""
    return (str(error).strip().splitlines() or [""])[0][:200] or type(error).__name__
