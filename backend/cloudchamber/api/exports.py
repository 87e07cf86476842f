"""Exports: files to take along, streamed."""

import json
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict, Field

from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import BodyId, BodyOrdinal, Id, Name, Schema
from cloudchamber.services import exports
from cloudchamber.services.export_requests import MEDIA_TYPES, Format, What

router = APIRouter(tags=["exports"])


class ExportIn(Schema):
    """What to take along. `model_version_id` left out means the active model; `ordinals` null
    means all cutouts; `annotator` null means the consensus of all annotators, `every_annotator` a
    line for each one's label; `cut` keeps only cutouts that pass it, such as
    `charge > 1200 & length < 40 & class != "other"`."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    what: What
    format: Format
    model_version_id: BodyId | None = None
    annotator: Name | None = None
    every_annotator: bool = False
    ordinals: Annotated[list[BodyOrdinal], Field(max_length=2_000_000)] | None = None
    cut: Annotated[str, Field(max_length=2000)] | None = None


@router.post(
    "/datasets/{dataset_id}/exports",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file, as an attachment.",
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in sorted(set(MEDIA_TYPES.values()))
            },
        }
    },
)
def export(dataset_id: Id, body: ExportIn, db: Db) -> StreamingResponse:
    """Write a file. Every export carries `name`, which is the cutout's own in the dataset, and
    `path`, by which it was imported.

    - **labels**: `name,path,label`, the labelled cutouts only; with `every_annotator` one line per
      judgement, `name,path,label,annotator`.
    - **predictions**: `name,path,label,probability`, then one column of probability per class.
    - **embedding**: `name,path` and one column per dimension; NPY is float32 [n, dimensions], FITS
      and ROOT hold a vector.
    - **map**: `name,path,x,y,cluster`; NPY is float32 [n, 2].
    - **columns**: `name,path` and one column per measurement, metadata value and result; a vector
      of at most 32 numbers is spread over `name_0`, `name_1` …, longer ones have exports of their
      own.
    - **cutouts**: the calibrated pixel values. NPY is a zip with one array per cutout, in its own
      size and type, since sizes differ, and `cutouts.csv` says which is which; CSV has a line
      `name,path,row,column,value` per pixel (`name,path,row,column,channel,value` when there is
      colour); Parquet has one line per cutout,
      `name,path,exposure,x0,y0,height,width,channels,dtype,pixels` with `pixels` the values row
      after row; EcoTaxa is a zip of images with labels and columns.
    - **regions**: outlines of the footprints for ds9, in the pixels of the file's image, with class
      and colour; a zip of one file per exposure where there are several.

    VOTable, FITS, ECSV, Parquet and ROOT keep units and descriptions. `folders` are the labelled
    cutouts as images in a zip, a folder per class. In EcoTaxa's TSV `name` is `object_id`, and
    `path` is `object_path`.

    Names and classes in CSV that a spreadsheet would take for a formula are preceded by an
    apostrophe; importing them again takes it away. NPY tables are structured arrays. The header
    `Cloudchamber-Notes` is a JSON list of sentences, percent-encoded: what is left out, and what
    the format cannot hold as it is here.
    """
    request = exports.ExportRequest(
        what=body.what,
        format=body.format,
        model_version_id=body.model_version_id,
        annotator=body.annotator,
        every_annotator=body.every_annotator,
        ordinals=body.ordinals,
        cut=body.cut,
    )
    file = exports.open_export(db, dataset_id, request)
    return StreamingResponse(
        file.chunks,
        media_type=file.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{file.name}"',
            "Content-Security-Policy": "sandbox",
            "Cloudchamber-Notes": quote(json.dumps(file.notes)),
        },
    )
