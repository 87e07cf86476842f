"""Runs of imaging instruments: folders whose files only together say what each image is.

`recognise` tells by names alone which files belong together, `read` gives their particles as
crops and one table; `advice` says what to do about a file of a run that came alone.
"""

import re
from collections.abc import Iterator

from cloudchamber_worker.imaging.instruments import ecotaxa, flowcam, ifcb
from cloudchamber_worker.imaging.instruments.runs import Open, Part, Particle, Run

# Of the files that `advice` is about: it is asked for every file there is.
RUN_SUFFIXES = (".lst", ".ctx", ".edg", ".cla", ".roi", ".adc", ".hdr")
INDEX = re.compile(r"\.(lst|adc)$|(^|/)ecotaxa[^/]*\.(tsv|txt)$", re.IGNORECASE)

__all__ = ["Open", "Part", "Particle", "Run", "advice", "read", "recognise"]


def recognise(names: list[str]) -> list[Run]:
    """The runs among the files of a folder or an archive, told by their names."""
    if not any(map(INDEX.search, names)):  # most archives are plain images, and there are many
        return []
    return [*flowcam.recognise(names), *ifcb.recognise(names), *ecotaxa.recognise(names)]


def read(run: Run, open_: Open, names: list[str]) -> Iterator[Part]:
    """What the files of a run give, file by file; `names` are all files of the archive.

    Consume the particles of a part before asking for the next: the table, which comes last, holds
    those that came in, and names the others with the reason.
    """
    if run.instrument == "FlowCam":
        return flowcam.read(run, open_)
    if run.instrument == "IFCB":
        return ifcb.read(run, open_)
    return ecotaxa.read(run, open_, names)


def advice(name: str, head: bytes) -> str | None:
    """What to do about a file of a run that came without the others; None for any other file."""
    if not name.lower().endswith(RUN_SUFFIXES):
        return None
    return flowcam.advice(name, head) or ifcb.advice(name, head)
