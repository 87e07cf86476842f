"""``export`` and ``user``."""

import json
import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated
from urllib.parse import unquote

import httpx
import typer

from cloudchamber.cli.connection import Data, Url, check, connect
from cloudchamber.cli.output import Json, give, say, table
from cloudchamber.errors import Unavailable


class What(StrEnum):
    LABELS = "labels"
    PREDICTIONS = "predictions"
    EMBEDDING = "embedding"
    MAP = "map"
    COLUMNS = "columns"
    CUTOUTS = "cutouts"
    REGIONS = "regions"


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    NPY = "npy"
    VOTABLE = "votable"
    FITS = "fits"
    ECSV = "ecsv"
    ECOTAXA = "ecotaxa"
    ROOT = "root"
    FOLDERS = "folders"
    DS9 = "ds9"


SUFFIXES = {
    ".csv": Format.CSV, ".parquet": Format.PARQUET, ".npy": Format.NPY, ".vot": Format.VOTABLE,
    ".votable": Format.VOTABLE, ".xml": Format.VOTABLE, ".fits": Format.FITS, ".fit": Format.FITS,
    ".ecsv": Format.ECSV, ".tsv": Format.ECOTAXA, ".root": Format.ROOT,
}  # fmt: skip


class Deed(StrEnum):
    LIST = "list"
    ADD = "add"


def export(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.")],
    what: Annotated[What, typer.Option(help="What to take along.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write; - is standard output.")
    ],
    format_: Annotated[
        Format | None, typer.Option("--format", help="By default from the file's name, else csv.")
    ] = None,
    model: Annotated[
        int | None, typer.Option(help="Id of a model version.  [default: the active one]")
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(help="Whose labels.  [default: the consensus of all]")
    ] = None,
    every_annotator: Annotated[
        bool,
        typer.Option("--every-annotator", help="Labels: a line for everybody's, and whose it is."),
    ] = False,
    cut: Annotated[
        str | None,
        typer.Option(help='Only cutouts that pass, as in Explore: "charge > 1200 & length < 40".'),
    ] = None,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Write labels, predictions, embedding, map, columns, cutouts or regions to a file.

    Every file carries the name of each cutout and the path by which it was imported: labels are
    name,path,label; predictions name,path,label,probability and one column per class; columns
    name,path and one column per measurement, metadata value and result.

    votable, fits, ecsv, parquet and root keep units and descriptions; ecotaxa is the table that
    EcoTaxa imports (of cutouts: with the images, as a zip); folders are the labelled images in a
    zip, a folder per class. Regions are for ds9: outlines of the footprints in the pixels of the
    file's image, as .reg of one exposure, as a zip of several.
    """
    chosen = format_ or _by_name(what, output)
    body = {"what": what.value, "format": chosen.value}
    body |= {"model_version_id": model} if model is not None else {}
    body |= {"annotator": annotator} if annotator is not None else {}
    body |= {"every_annotator": True} if every_annotator else {}
    body |= {"cut": cut} if cut is not None else {}
    with connect(data, url, worker=False) as api:
        target = api.dataset(dataset)
        path = f"/api/v1/datasets/{target['id']}/exports"
        try:
            with api.http.stream("POST", path, json=body) as answer:
                check(answer)
                size = _write(answer, output)
                notes = json.loads(unquote(answer.headers.get("Cloudchamber-Notes", "[]")))
        except httpx.TransportError as error:
            raise Unavailable(f"The server broke off: {error}") from None
    if str(output) == "-":
        for note in notes:
            say(note)
        return
    result = {"dataset": target["name"], "file": str(output), "format": chosen.value, "bytes": size}
    first = f"{output}: {size} bytes, {what.value} as {chosen.value}"
    give({**result, "notes": notes}, as_json=as_json, text="\n".join([first, *notes]))


def _by_name(what: What, output: Path) -> Format:
    """The format that a file's name asks for, CSV where it asks for none."""
    suffix = output.suffix.lower()
    if what is What.REGIONS:
        return Format.DS9
    if suffix == ".zip":
        return Format.FOLDERS if what is What.LABELS else Format.NPY
    return SUFFIXES.get(suffix, Format.CSV)


def user(
    deed: Annotated[Deed, typer.Argument(help="list them, or add one.")] = Deed.LIST,
    name: Annotated[str | None, typer.Argument(help="Name of the annotator to add.")] = None,
    data: Data = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """List the annotators, or add one by name. Each annotator's labels are kept apart."""
    if (deed is Deed.ADD) != (name is not None):
        raise typer.BadParameter("cloudchamber user list, or cloudchamber user add NAME")
    with connect(data, url, worker=False) as api:
        if name is not None:
            api.post("/people", {"name": name})
        people = api.get("/people")
    rows = [(person["name"], person["created_at"][:10]) for person in people]
    give(people, as_json=as_json, text=table(("annotator", "since"), rows))


def _write(answer: httpx.Response, output: Path) -> int:
    """Write the answer; a file appears under its name only once it is whole."""
    size = 0
    with ExitStack() as stack:
        file: IO[bytes] = sys.stdout.buffer
        draft = output.with_name(f".{output.name}.part")
        if str(output) != "-":
            output.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(draft.unlink, missing_ok=True)
            file = stack.enter_context(draft.open("wb"))
        for chunk in answer.iter_bytes():
            size += file.write(chunk)
        if file is sys.stdout.buffer:
            file.flush()
            say(f"{size} bytes")
        else:
            file.close()
            draft.replace(output)
    return size
