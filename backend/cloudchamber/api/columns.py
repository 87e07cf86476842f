"""Columns: one value or vector per cutout, as bytes."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from cloudchamber.api.binary import etag, octets, unchanged
from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import BINARY, MAX_ID, Id, Schema
from cloudchamber.data import columns, datasets
from cloudchamber.errors import TooLarge
from cloudchamber.services.columns import shown_columns

router = APIRouter(tags=["columns"])

MAX_BYTES = 256 << 20


class Column(Schema):
    """`n` values of `width` numbers each; a 'category' column holds int32 codes, -1 for none."""

    id: int
    name: str
    title: str
    unit: str
    group: Literal["place", "measurement", "metadata", "model", "map", "ranking"]
    dtype: Literal["float32", "float64", "int32", "int16", "uint8", "category"]
    width: int
    n: int
    categories: list[str] | None
    description: str
    model_version_id: int | None
    producer_job_id: int | None
    revision: int
    outdated: bool = False
    """Measured by an older rule than this program's; the job `measure_again` replaces it."""


@router.get("/datasets/{dataset_id}/columns")
def list_columns(
    dataset_id: Id,
    db: Db,
    all_: Annotated[
        bool, Query(alias="all", description="Also those of older models and maps.")
    ] = False,
) -> list[Column]:
    """The columns the views show: of the import, the active map, the active model and the
    newest autoencoder."""
    with db.read() as session:
        dataset = datasets.get_dataset(session, dataset_id)
        found = (
            columns.find_columns(session, dataset_id) if all_ else shown_columns(session, dataset)
        )
        return [Column.model_validate(column) for column in found]


@router.get("/columns/{column_id}/values", response_class=Response, responses=BINARY)
def read_column_values(
    column_id: Id,
    request: Request,
    db: Db,
    start: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    stop: Annotated[int | None, Query(ge=0, le=MAX_ID)] = None,
) -> Response:
    """The values start..stop, little-endian, row after row. Header `X-Column: dtype;width;n`,
    n being the number of rows sent."""
    with db.read() as session:
        column = columns.get_column(session, column_id)
        dataset = datasets.get_dataset(session, column.dataset_id)
        tag = etag("column", dataset.created_at, column.id, column.revision, start, stop)
        if (same := unchanged(request, tag)) is not None:
            return same
        rows = max(0, min(column.n, column.n if stop is None else stop) - start)
        if rows * column.width * column.numpy_dtype.itemsize > MAX_BYTES:
            raise TooLarge("These are too many values for one answer.", hint="Use start and stop.")
        values = columns.read_column(session, column, start, stop)
    return octets(
        values.tobytes(), tag, X_Column=f"{column.numpy_dtype.name};{column.width};{len(values)}"
    )
