"""Footprints as regions of SAOImage ds9: outlines in the pixels of the file's image.

Format: https://ds9.si.edu/doc/ref/region.html. One file per exposure, since regions name no image.
"""

import io
import re
import zipfile
from collections.abc import Iterator

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, datasets, exposures, label_sets
from cloudchamber.data.cutouts import Cutout
from cloudchamber.data.exposures import Exposure
from cloudchamber.errors import Invalid
from cloudchamber.services.export_labels import class_names, current_classes
from cloudchamber.services.export_requests import ExportRequest
from cloudchamber.services.outlines import outlines

HEAD = (
    "# Region file format: DS9 version 4.1\n"
    "global color=white width=1 select=1 highlite=1 edit=0 move=0 delete=1 include=1 source=1\n"
)
UNLABELLED = "#aab4c0"


def region_files(
    session: Session, dataset_id: int, chosen: np.ndarray, request: ExportRequest, notes: list[str]
) -> dict[str, bytes]:
    """A file of regions for every exposure that has one of the chosen cutouts, by its name.

    Raises
    ------
    Invalid
        When none of them comes from an exposure.
    """
    classes = current_classes(session, dataset_id, request.annotator)
    names = class_names(session, dataset_id)
    label_set = datasets.get_dataset(session, dataset_id).label_set_id
    colours = {c.id: c.colour for c in label_sets.get_label_set(session, label_set).classes}
    wanted = set(chosen.tolist())
    files = {}
    left_out = len(wanted)
    for exposure in exposures.list_exposures(session, dataset_id):
        found = [c for c in cutouts.of_exposure(session, exposure.id) if c.ordinal in wanted]
        if not found:
            continue
        left_out -= len(found)
        masks = cutouts.read_masks(session, exposure.id)
        lines = [HEAD, f"# {exposure.name}: {exposure.file_name}, HDU {exposure.hdu}\n", "image\n"]
        for cutout in found:
            class_id = int(classes[cutout.ordinal])
            mask = masks.get(cutout.id, np.ones((cutout.height, cutout.width), bool))
            label = names[class_id] if class_id else ""
            lines += _regions(exposure, cutout, mask, label, colours.get(class_id, UNLABELLED))
        files[f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', exposure.name)}.reg"] = "".join(lines).encode()
    if not files:
        raise Invalid(
            "None of these cutouts comes from an exposure, so there is no image to draw on.",
            hint="Regions are of datasets that FITS images were brought into.",
        )
    if left_out:
        notes.append(f"{left_out} cutouts come from no exposure and have no region.")
    return files


def region_pieces(files: dict[str, bytes]) -> Iterator[bytes]:
    """The one file, or a zip of several."""
    if len(files) == 1:
        yield from files.values()
        return
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    yield sink.getvalue()


def _regions(
    exposure: Exposure, cutout: Cutout, mask: np.ndarray, label: str, colour: str
) -> Iterator[str]:
    """A polygon for each part of a footprint, the first with the class as its text."""
    (x0, y0), (columns, rows) = exposures.place_in_file(exposure)
    text = f" text={{{_plain(label)}}}" if label else ""
    for loop in outlines(mask):
        corners = [
            f"{x0 + columns * ((cutout.x0 or 0) + x) + 0.5:g},"
            f"{y0 + rows * ((cutout.y0 or 0) + y) + 0.5:g}"
            for x, y in loop
        ]
        yield f"polygon({','.join(corners)}) # color={colour}{text} tag={{{_plain(cutout.name)}}}\n"
        text = ""


def _plain(text: str) -> str:
    """Without what ends a text of ds9."""
    return re.sub(r"[{}\n\r]", " ", text)
