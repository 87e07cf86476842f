"""The runs of instruments among the members of an archive, sent as the particles they hold."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cloudchamber_worker.imaging import archives, instruments
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.places import Place

if TYPE_CHECKING:
    from cloudchamber_worker.imaging.decoder import Decoder


def send_runs(
    decoder: "Decoder", place: Place, found: dict[str, archives.Member], *, prefix: bool
) -> set[str]:
    """Send the runs among the members of an archive.

    Parameters
    ----------
    place : where the archive stands
    found : its members by name
    prefix : whether the archive's name is part of the paths

    Returns
    -------
    set : the names of the members that are done with
    """
    done: set[str] = set()
    if decoder.role != "data":
        return done
    names = [name for name in found if archives.why_ignored(name) is None]

    def read(name: str) -> bytes:
        # What kills the decoder within a file is known; before it, the reading has to be told.
        member = found[name]
        data = member.read() if decoder.begun else decoder.reading(name, member.read)
        decoder.budget.spend(len(data))
        return data

    for run in instruments.recognise(names):
        for part in instruments.read(run, read, names):
            where = place.member(found[part.name], prefix=prefix)
            for name, size in part.um_per_px.items():
                decoder.um_per_px[place.inside(name, prefix=prefix)] = size
            decoder.one(where, lambda p=part, w=where: _send(decoder, p, w, place, prefix))
            done.add(part.name)
    return done


def _send(
    decoder: "Decoder", part: instruments.Part, where: Place, archive: Place, prefix: bool
) -> None:
    """One file of a run: its particles as crops, or its table."""
    decoder.tell("instrument", reason=part.instrument)
    if part.refused is not None:
        raise Unreadable(part.refused)
    if part.ignored is not None:
        raise archives.Ignored(part.ignored)
    for particle in part.particles:
        about: dict[str, Any] = {"folder": PurePosixPath(where.folder).name or None}
        if particle.um_per_px is not None:
            about["um_per_px"] = particle.um_per_px
        name = archive.inside(particle.path, prefix=prefix)
        decoder.array("crop", particle.pixels, particle.mask, name=name, **about)
    if part.table is not None:
        table = part.table()
        paths = table.table["path"].to_pylist()
        whole = pa.array([archive.inside(path, prefix=prefix) for path in paths], pa.string())
        place = table.table.column_names.index("path")
        decoder.arrow(table.table.set_column(place, "path", whole), **table.about())
    for note in part.notes:
        decoder.tell("note", note=note)
