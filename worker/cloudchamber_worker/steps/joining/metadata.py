"""Metadata columns of a table: what becomes of each column and row, and the writing."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from cloudchamber.data import columns, datasets
from cloudchamber.data.accounts import TableColumn, counted
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.job_requests.importing import Existing as Asked
from cloudchamber.data.units import shown_unit
from cloudchamber_worker.imaging.measurements import NAMES
from cloudchamber_worker.imaging.tables import ReadTable
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.joining.existing import Existing, KnownColumn
from cloudchamber_worker.steps.joining.states import RowStates

MAX_CATEGORIES = 1_000
MAX_NAME = 200
MAX_UNIT = 60
RESERVED = {
    *NAMES, "x", "y", "x_file", "y_file", "pixel_unit", "charge_electron", "exposure", "name",
    "path", "label",
}  # fmt: skip


@dataclass
class ColumnPlan:
    """A column to be written: `values` [cutouts] replace what is there."""

    spec: ColumnSpec
    values: np.ndarray


def unique_rows(
    read: ReadTable, used: list[str], ordinals: np.ndarray, states: RowStates
) -> np.ndarray:
    """Indices of the rows that say something of a cutout of their own.

    Of rows that name one cutout and say the same the first is taken; where they differ all are
    refused, for nobody knows which is right.
    """
    rows = np.flatnonzero((ordinals >= 0) & (states.state != "refused"))
    _, first, count = np.unique(ordinals[rows], return_index=True, return_counts=True)
    if (count == 1).all():
        return rows
    taken = set(rows[first[count == 1]].tolist())
    groups: dict[int, list[int]] = defaultdict(list)
    for row in rows.tolist():
        if row not in taken:
            groups[int(ordinals[row])].append(row)
    cells = {name: read.table[name].to_pylist() for name in used}
    for those in groups.values():
        said = {repr([cells[name][row] for name in used]) for row in those}
        numbers = ", ".join(str(int(read.rows[row])) for row in those[:5])
        if len(said) > 1:
            for row in those:
                states.mark(row, "refused", "name a cutout twice with different values",
                            f"rows {numbers}")  # fmt: skip
        else:
            taken.add(those[0])
            for row in those[1:]:
                states.mark(row, "ignored", "say what an earlier row says", f"rows {numbers}")
    return np.array(sorted(taken), np.int64)


def plan_columns(
    read: ReadTable,
    used: list[str],
    rows: np.ndarray,
    ordinals: np.ndarray,
    existing: Existing,
    asked: Asked,
    states: RowStates,
) -> tuple[list[TableColumn], list[ColumnPlan], int]:
    """The account of every column in `used`, what is to be written, and how many cutouts got a
    value of any.

    rows : indices of the rows that are joined; ordinals : int64 [all rows]
    """
    accounts: list[TableColumn] = []
    plans: list[ColumnPlan] = []
    reached = np.zeros(existing.n, bool)
    target = ordinals[rows]
    for name in used:
        account, plan, on, differs = _column(read, name, rows, target, existing, asked)
        accounts.append(account)
        reached[on] = True
        if plan is not None:
            plans.append(plan)
        if account.state == "needs_answer":
            for row in rows[differs].tolist():
                states.mark(row, "needs_answer", "would change values", f"of {name}")
    for name, why in read.left_out.items():
        accounts.append(TableColumn(name=name, state="ignored", use="metadata", reason=why))
    return accounts, plans, int(reached.sum())


def _column(
    read: ReadTable,
    title: str,
    rows: np.ndarray,
    target: np.ndarray,
    existing: Existing,
    asked: Asked,
) -> tuple[TableColumn, ColumnPlan | None, np.ndarray, np.ndarray]:
    """Account, plan, ordinals with a value, and which of `rows` differ from what is there."""
    nothing = np.empty(0, np.int64)
    no_rows = np.zeros(len(rows), bool)
    name = f"{title} (metadata)" if title in RESERVED or existing.is_taken(title) else title
    account = TableColumn(name=title, state="joined", use="metadata", column=name)

    def left(state, reason):
        account.state, account.reason, account.column = state, reason, None
        return account, None, nothing, no_rows

    if len(name) > MAX_NAME:
        return left("refused", f"its name has more than {MAX_NAME} characters")
    values, words = _values(read, title, rows)
    if words is not None and len(words) > MAX_CATEGORIES:
        return left("ignored", f"holds {len(words)} different texts; up to {MAX_CATEGORIES} are "
                               "kept as categories")  # fmt: skip
    known = existing.column(name)
    unit = shown_unit(read.units.get(title, ""))[:MAX_UNIT]
    if known is not None and (known.categories is None) != (words is None):
        kinds = ("numbers", "words") if words is not None else ("words", "numbers")
        return left("refused", f"the dataset's column {name} holds {kinds[0]}, this one {kinds[1]}")
    if known is not None and unit and known.unit and unit != known.unit:
        return left("refused", f"is in {unit}, the dataset's column {name} in {known.unit}")
    old, codes, merged = _onto(known, values, words, existing.n)
    there = codes >= 0 if words is not None else ~np.isnan(codes)
    now = old[target]
    had = now >= 0 if words is not None else ~np.isnan(now)
    same = there & had & (codes == now)
    differs = there & had & ~same
    write = there & ~had | (differs if asked == "replace" else False)
    on = target[same | write]
    account.on = len(np.unique(on))
    n = int(differs.sum())
    if not there.any():
        return left("ignored", "has no value on a cutout")
    if n and asked == "ask":
        account.state = "needs_answer"
        has = counted(n, "cutout has", "cutouts have")
        account.reason = f"{has} another value already"
    elif n:
        has = ("cutout has new", "cutouts have new")
        keeps = ("cutout keeps its", "cutouts keep their")
        account.reason = f"{counted(n, *(has if asked == 'replace' else keeps))} values"
    blank = int((~there & had).sum())
    if blank:
        keep = counted(blank, "cutout keeps its", "cutouts keep their")
        told = f"{keep} values where this table has none"
        account.reason = "; ".join(t for t in (account.reason, told) if t)
    if not write.any():
        return account, None, on, differs
    whole = old.copy()
    whole[target[write]] = codes[write]
    spec = ColumnSpec(
        name, title, unit or (known.unit if known else ""), "metadata",
        "category" if words is not None else "float64", categories=merged,
        description=read.descriptions.get(title) or (known.description if known else "")
        or "From the imported table",
    )  # fmt: skip
    return account, ColumnPlan(spec, whole), on, differs


def _onto(
    known: KnownColumn | None, values: np.ndarray, words: list[str] | None, n: int
) -> tuple[np.ndarray, np.ndarray, list[str] | None]:
    """What is there [n], the new values in its codes, and the categories of both."""
    if words is None:
        old = np.full(n, np.nan) if known is None else known.values.astype(np.float64)
        return old, values, None
    merged = [] if known is None else list(known.categories or [])
    places = {word: place for place, word in enumerate(merged)}
    for word in words:
        if word not in places:
            places[word] = len(merged)
            merged.append(word)
    codes = np.array([*(places[word] for word in words), -1], np.int32)[values]
    old = np.full(n, -1, np.int32) if known is None else known.values
    return old, codes, merged


def _values(read: ReadTable, name: str, rows: np.ndarray) -> tuple[np.ndarray, list[str] | None]:
    """Numbers as float64 with NaN, texts as codes (-1 for none) with their words, of `rows`."""
    column = read.table[name].combine_chunks().take(pa.array(rows))
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()
        words = encoded.dictionary.to_pylist()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        order = sorted(range(len(words)), key=words.__getitem__)
        rank = np.empty(len(words) + 1, np.int32)
        rank[order], rank[-1] = np.arange(len(words)), -1
        return rank[codes], [words[k] for k in order]
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), None


def write_columns(job: JobContext, dataset_id: int, plans: list[ColumnPlan]) -> None:
    """Write the planned columns, each in a transaction of its own."""
    for plan in plans:
        with job.write() as session:
            n = datasets.get_dataset(session, dataset_id).n_cutouts
            columns.write_column(session, dataset_id, plan.spec, plan.values[:n])
