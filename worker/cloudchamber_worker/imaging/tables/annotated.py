"""Exports of annotation tools that are plain tables: EcoTaxa's TSV and Label Studio's CSV."""

import json

import pyarrow as pa

from cloudchamber_worker.imaging.tables.records import annotator_name
from cloudchamber_worker.imaging.tables.result import ReadTable

# What Label Studio writes beside the task's data and the names of its controls.
LABEL_STUDIO = {
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement",
}  # fmt: skip
CATEGORY = "object_annotation_category"


def recognised(table: ReadTable) -> ReadTable:
    """`table` with its key, label and annotator columns where it is such an export."""
    names = set(table.table.column_names)
    if {"annotation_id", "lead_time"} <= names:
        _label_studio(table)
    elif CATEGORY in names and names & {"img_file_name", "object_id"}:
        _ecotaxa(table)
    return table


def _label_studio(table: ReadTable) -> None:
    names = table.table.column_names
    controls = [n for n in names if n not in LABEL_STUDIO and n not in ("image", "img", "url")]
    images = [n for n in ("image", "img", "url") if n in names]
    if not images and controls:
        images = [controls.pop(0)]
    table.format += ", Label Studio"
    table.role = "labels"
    table.key = images[0] if images else None
    chosen = [n for n in controls if pa.types.is_string(table.table.schema.field(n).type)]
    if len(chosen) == 1:
        table.label_column = chosen[0]
        _put(table, chosen[0], [_choice(v) for v in table.table[chosen[0]].to_pylist()])
    if "annotator" in names:
        table.annotator_column = "annotator"
        people = [None if v is None else str(v) for v in table.table["annotator"].to_pylist()]
        _put(table, "annotator", [annotator_name(v) for v in people])


def _choice(cell: str | None) -> str | None:
    """The class in a cell: itself, or the only one of {"choices": ["muon"]}."""
    if cell is None or not cell.startswith(("{", "[")):
        return cell
    try:
        value = json.loads(cell)
    except ValueError:
        return cell
    choices = value.get("choices", []) if isinstance(value, dict) else value
    return str(choices[0]) if isinstance(choices, list) and len(choices) == 1 else cell


def _ecotaxa(table: ReadTable) -> None:
    names = table.table.column_names
    table.format += ", EcoTaxa"
    table.key = "img_file_name" if "img_file_name" in names else "object_id"
    table.label_column = CATEGORY
    if "object_annotation_person_name" in names:
        table.annotator_column = "object_annotation_person_name"
    if "object_annotation_status" not in names:
        return
    status = [str(v or "").lower() for v in table.table["object_annotation_status"].to_pylist()]
    labels = table.table[CATEGORY].to_pylist()
    sure = [v if s == "validated" else None for v, s in zip(labels, status, strict=True)]
    lost = sum(a is not None and b is None for a, b in zip(labels, sure, strict=True))
    if lost:
        kinds = sorted({s or "empty" for s in status if s != "validated"})
        table.notes.append(f"{lost} categories are not validated ({', '.join(kinds)}): no labels")
        _put(table, CATEGORY, sure)


def _put(table: ReadTable, name: str, values: list[str | None]) -> None:
    place = table.table.column_names.index(name)
    table.table = table.table.set_column(place, name, pa.array(values, pa.string()))
