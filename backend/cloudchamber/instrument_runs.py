"""Which files an instrument wrote as one, told by their names: they have to travel together."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

COLLAGE = re.compile(r".+_\d{4,}(_bin)?\.tiff?$")  # of a FlowCam, beside the list of its particles
ECOTAXA = re.compile(r"ecotaxa.*\.(tsv|txt)$")
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp")
BIN = (".roi", ".adc", ".hdr")  # of an IFCB, three files of one name


def kept_together(names: Iterable[str]) -> dict[str, str]:
    """The run that a file belongs to, for every name that belongs to one.

    A FlowCam run is the folder of a ``.lst`` with collages, an IFCB bin the three files of one
    name, an EcoTaxa import the folder of its table and all that lies below.

    Parameters
    ----------
    names : relative paths with ``/``

    Returns
    -------
    dict : the run (a path that no two runs share) by file name
    """
    folders: dict[str, list[str]] = defaultdict(list)
    for name in names:
        folder = str(PurePosixPath(name).parent)
        folders["" if folder == "." else folder].append(name)
    found: dict[str, str] = {}
    tables = []
    for folder, inside in folders.items():
        last = {name: PurePosixPath(name).name.lower() for name in inside}
        collages = any(COLLAGE.match(n) for n in last.values())
        if collages and any(n.endswith(".lst") for n in last.values()):
            found |= dict.fromkeys(inside, f"{folder}/")
            continue
        if any(ECOTAXA.match(n) for n in last.values()):
            tables.append(folder)
        whole = set(last.values())
        for name, lower in last.items():
            stem, _, end = lower.rpartition(".")
            if f".{end}" in BIN and {f"{stem}.adc", f"{stem}.roi"} <= whole:
                found[name] = f"{folder}/{stem}"
    for top in sorted(tables, key=len):
        below = [
            name
            for folder, inside in folders.items()
            if not top or folder == top or folder.startswith(f"{top}/")
            for name in inside
            if name not in found
        ]
        if any(name.lower().endswith(IMAGES) for name in below):
            found |= dict.fromkeys(below, f"{top}/")
    return found
