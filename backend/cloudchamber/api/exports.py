"""Exports: files to take along, streamed."""

from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict, Field

from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import BodyId, BodyOrdinal, Id, Name, Schema
from cloudchamber.services import export_files, exports

router = APIRouter(tags=["exports"])


class ExportIn(Schema):
    """What to take along. `model_version_id` left out means the active model; `ordinals` null
    means all cutouts; `annotator` null means the consensus of all annotators; `cut` keeps only
    cutouts that pass it, such as `charge > 1200 & length < 40 & class != "other"`."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    what: Literal["labels", "predictions", "embedding", "map", "columns", "cutouts"]
    format: Literal["csv", "parquet", "npy"]
    model_version_id: BodyId | None = None
    annotator: Name | None = None
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
                for media_type in sorted(set(export_files.MEDIA_TYPES.values()))
            },
        }
    },
)
def export(dataset_id: Id, body: ExportIn, db: Db) -> StreamingResponse:
    """Write a file.

    - **labels**: `name,label`, the labelled cutouts only.
    - **predictions**: `name,label,probability`, then one column of probability per class.
    - **embedding**: `name` and one column per dimension; NPY is float32 [n, dimensions].
    - **map**: `name,x,y,cluster`; NPY is float32 [n, 2].
    - **columns**: `name` and one column per measurement, metadata value and result; a vector of
      at most 32 numbers is spread over `name_0`, `name_1` …, longer ones have exports of their own.
    - **cutouts**: the calibrated pixel values. NPY is a zip with one array `NAME.npy` per cutout,
      in its own size and type, since sizes differ; CSV has a line `name,row,column,value` per
      pixel (`name,row,column,channel,value` when there is colour); Parquet has one line per
      cutout, `name,exposure,x0,y0,height,width,channels,dtype,pixels` with `pixels` the values
      row after row.

    Names and classes in CSV that a spreadsheet would take for a formula are preceded by an
    apostrophe; importing them again takes it away. NPY tables are structured arrays.
    """
    request = exports.ExportRequest(
        what=body.what,
        format=body.format,
        model_version_id=body.model_version_id,
        annotator=body.annotator,
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
        },
    )
