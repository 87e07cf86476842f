"""Labels and metadata that come with an import, joined to cutouts by file name."""

import uuid
from typing import Literal

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutouts, datasets, label_sets, labels, people
from cloudchamber.data.accounts import FileAccount, Rows, Table
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.job_requests import Joining
from cloudchamber.data.jobs import update_import_file
from cloudchamber.data.label_sets import NewClass
from cloudchamber.data.names import Names
from cloudchamber.data.spreadsheet import restore
from cloudchamber_worker.imaging.measurements import NAMES
from cloudchamber_worker.imaging.sandbox import Item
from cloudchamber_worker.imaging.tables import NAME_COLUMNS, label_columns
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.report_lines import Line

MAX_CATEGORIES = 1_000
RESERVED = {*NAMES, "x", "y", "exposure", "name", "label"}
Numbered = tuple[int, str | int]  # ordinal, class name or the seed's class number


class Tables:
    """Gathers tables and class folders during an import; `join` applies them at its end."""

    def __init__(self, job: JobContext, params: Joining) -> None:
        self.job, self.params = job, params
        self.added_columns = 0
        self._tables: list[tuple[str, pa.Table, str]] = []
        self._folders: list[tuple[str, str]] = []
        self._accounts: dict[str, FileAccount] = {}

    def note_crop(self, path: str, folder: str | None) -> None:
        """Remember the folder of a crop when folders are classes."""
        if self.params.class_folders == "labels" and folder:
            self._folders.append((path, folder))

    def add(self, line: Line, item: Item, role: str) -> None:
        """Keep a table; its account is written into the line."""
        table = item.table
        assert table is not None
        is_labels = role == "labels" or (role == "data" and label_columns(table) is not None)
        use: Literal["labels", "metadata"] = "labels" if is_labels else "metadata"
        self._tables.append((line.name, table, use))
        line.account.taken_for = use
        line.account.tables.append(Table(role=use, rows=Rows(given=table.num_rows)))
        self._accounts[line.name] = line.account

    def join(self) -> None:
        """Write metadata columns and label events for the cutouts whose names match."""
        if not self._tables and not self._folders:
            return
        with self.job.read() as session:
            ordinal_of = Names(cutouts.paths(session, self.job.dataset_id))
        wanted: list[Numbered] = []
        for file, folder in self._folders:
            ordinal = ordinal_of(file)
            if ordinal is not None:
                wanted.append((ordinal, folder))
        for file, table, role in self._tables:
            if role == "labels":
                found, told = _labels_of(table, ordinal_of)
                wanted += found
            else:
                told = self._metadata(table, ordinal_of)
            self._tell(file, told)
        if wanted:
            with self.job.write() as session:
                self._record(session, wanted)

    def _tell(self, file: str, told: str) -> None:
        with self.job.write() as session:
            update_import_file(
                session, self.job.id, file, state="joined", reason=told,
                detail=self._accounts[file].model_dump(mode="json"),
            )  # fmt: skip

    def _metadata(self, table: pa.Table, ordinal_of: "Names") -> str:
        key, ordinals = _best_key(table, ordinal_of)
        matched = ordinals >= 0
        if key is None or not matched.any():
            return "no column holds the names of cutouts, so nothing was joined"
        left_out = []
        with self.job.write() as session:
            n = datasets.get_dataset(session, self.job.dataset_id).n_cutouts
            for name in table.column_names:
                if name == key:
                    continue
                values = _values(table.column(name))
                if values is None:
                    left_out.append(name)
                    continue
                self._write(session, name, values, ordinals, n)
        told = []
        if not matched.all():
            told.append(f"{int((~matched).sum())} of {len(matched)} rows name no cutout")
        if left_out:
            shown = ", ".join(left_out[:5])
            told.append(f"left out, over {MAX_CATEGORIES} different texts each: {shown}")
        return "; ".join(told)

    def _write(
        self,
        session: Session,
        title: str,
        values: "tuple[np.ndarray, list[str] | None]",
        ordinals: np.ndarray,
        n: int,
    ) -> None:
        data, categories = values
        name = f"{title} (metadata)" if title in RESERVED else title
        matched = ordinals >= 0
        known = columns.find_columns(session, self.job.dataset_id, "metadata", names=[name])
        whole = np.full(n, -1 if categories is not None else np.nan, data.dtype)
        if known:
            if (known[0].dtype == "category") != (categories is not None):
                return  # the same name with another type: what is there stays
            old = columns.read_column(session, known[0])
            whole[: len(old)] = old
            if categories is not None:
                merged = list(known[0].categories or [])
                merged += [c for c in categories if c not in merged]
                places = {c: i for i, c in enumerate(merged)}
                codes = np.array([*(places[c] for c in categories), -1], np.int32)
                data, categories = codes[data], merged
        whole[ordinals[matched]] = data[matched]
        spec = ColumnSpec(
            name, title, "", "metadata", "category" if categories is not None else "float64",
            categories=categories, description="From the imported table",
        )  # fmt: skip
        columns.write_column(session, self.job.dataset_id, spec, whole)
        self.added_columns += 1

    def _record(self, session: Session, wanted: list[Numbered]) -> None:
        dataset = datasets.get_dataset(session, self.job.dataset_id)
        class_id = _classes(session, dataset, {label for _, label in wanted}, self.params.label_set)
        who = self.params.annotator or self.job.requested_by or "import"
        annotator = people.person_named(session, who)
        current = labels.current(session, dataset.id, annotator.id).class_id
        last = {ordinal: class_id[label] for ordinal, label in wanted if label in class_id}
        # Whoever labelled by hand is not overruled by a file, and the same file twice adds nothing.
        new = {ordinal: value for ordinal, value in last.items() if current[ordinal] == 0}
        if new:
            labels.record(
                session, dataset.id, annotator.id,
                str(uuid.uuid5(uuid.NAMESPACE_OID, f"import-labels-{self.job.id}")),
                list(new), how="import", context={"job_id": self.job.id},
                class_ids=list(new.values()),
            )  # fmt: skip


def _best_key(table: pa.Table, ordinal_of: Names) -> tuple[str | None, np.ndarray]:
    """The column whose values name most cutouts, and the ordinal of every row (-1 for none)."""
    likely = {name: place for place, name in enumerate(NAME_COLUMNS)}
    candidates = sorted(
        table.column_names, key=lambda c: likely.get(c.strip().lower().replace(" ", "_"), 99)
    )
    best: tuple[str | None, np.ndarray] = (None, np.full(table.num_rows, -1))
    for name in candidates:
        kind = table.schema.field(name).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)
                or pa.types.is_integer(kind)):  # fmt: skip
            continue
        found = [ordinal_of(value) for value in _texts(table.column(name))]
        ordinals = np.array([-1 if o is None else o for o in found], np.int64)
        if (ordinals >= 0).sum() > (best[1] >= 0).sum():
            best = (name, ordinals)
    return best


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return [None if value is None else str(value) for value in column.to_pylist()]


def _values(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str] | None] | None:
    """Numbers as float64 with NaN, texts as codes with their names; None for too many texts."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), None
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan), None
    texts = _texts(column)
    names = sorted({text for text in texts if text is not None})
    if len(names) > MAX_CATEGORIES:
        return None
    code = {name: place for place, name in enumerate(names)}
    return np.array([-1 if t is None else code[t] for t in texts], np.int32), names


def _labels_of(table: pa.Table, ordinal_of: Names) -> tuple[list[Numbered], str]:
    if set(table.column_names) == {"index", "number"}:
        pairs = zip(table["index"].to_pylist(), table["number"].to_pylist(), strict=True)
        found_rows = [(int(i), int(k)) for i, k in pairs]
        inside: list[Numbered] = [(i, k) for i, k in found_rows if 0 <= i < len(ordinal_of)]
        outside = len(found_rows) - len(inside)
        return inside, f"{outside} indices are not in the dataset" if outside else ""
    names = label_columns(table)
    if names is None:
        return [], "has no columns `name` and `label`, so no label was read"
    found: list[Numbered] = []
    unknown: list[str] = []
    for name, label in zip(_texts(table[names[0]]), _texts(table[names[1]]), strict=True):
        if label is None or not label.strip():
            continue
        ordinal = ordinal_of(name)
        if ordinal is None:
            unknown.append(str(name))
        else:
            found.append((ordinal, restore(label.strip())))
    told = (
        f"{len(unknown)} names are not in the dataset: {', '.join(unknown[:5])}" if unknown else ""
    )
    return found, told


def _classes(
    session: Session, dataset: datasets.Dataset, wanted: set[str | int], label_set: str | None
) -> dict[str | int, int]:
    """The class id of every label, making the classes that the label set lacks."""
    names = sorted(w for w in wanted if isinstance(w, str))
    current = label_sets.get_label_set(session, dataset.label_set_id)
    missing = [n for n in names if label_sets.match_class(current.classes, n) is None]
    if missing:
        chosen = label_sets.find_label_set(session, label_set) if label_set else None
        fresh = not labels.has_labels(session, dataset.id)
        if chosen is not None and chosen.id != current.id and fresh:
            current = chosen
        elif fresh and (label_set or len(missing) == len(names)):
            title = label_set or _free_set_name(session, dataset.name)
            current = label_sets.create_label_set(session, title, [NewClass(n) for n in missing])
        dataset.label_set_id = current.id
        missing = [n for n in names if label_sets.match_class(current.classes, n) is None]
        if missing:
            label_sets.add_classes(session, current, [NewClass(n) for n in missing])
        session.flush()
    found: dict[str | int, int] = {}
    for label in wanted:
        if isinstance(label, str):
            match = label_sets.match_class(current.classes, label)
        else:
            match = next((c for c in current.classes if c.number == label), None)
        if match is not None:
            found[label] = match.id
    return found


def _free_set_name(session: Session, name: str) -> str:
    title, number = name, 1
    while label_sets.find_label_set(session, title) is not None:
        number += 1
        title = f"{name} {number}"
    return title
