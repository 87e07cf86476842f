"""One table against the names of the dataset: its use, its key, the cutout each row means."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cloudchamber.data.accounts import Table, TableColumn, counted
from cloudchamber.data.job_requests import Joining
from cloudchamber.data.names import Names
from cloudchamber_worker.imaging.tables import ReadTable, label_columns, normal
from cloudchamber_worker.steps.joining.judgements import Judgements, judgements_of
from cloudchamber_worker.steps.joining.keys import (
    candidates,
    choose_key,
    column_texts,
    resolve,
    with_header_as_row,
)
from cloudchamber_worker.steps.joining.states import RowStates
from cloudchamber_worker.steps.report_lines import Line

EXAMPLES = 3  # names that a sentence shows
# Columns that say how sure a model is of its class; people give labels.
HOW_SURE = ("probability", "confidence", "score", "prob", "proba")
# Why rows join no cutout.
UNKNOWN = "name no cutout of this dataset"
ELSEWHERE = "name a cutout in another folder than it lies in"
NAMELESS = "name nothing"
BEYOND = "have an index beyond the dataset"
SEVERAL = "name several cutouts"
Use = Literal["labels", "metadata", "both"]


@dataclass
class Brought:
    """One table as it came: `use` says whether it labels, describes, or does both."""

    read: ReadTable
    use: Use
    why: str
    line: Line | None = None


@dataclass
class Keyed:
    """A table against the names of the dataset: `ordinals` [rows], -1 where none is meant."""

    brought: Brought
    read: ReadTable
    account: Table
    states: RowStates
    ordinals: np.ndarray
    judged: Judgements | None = None


def keyed(brought: Brought, names: Names, params: Joining) -> Keyed:
    """The table with its key, every row resolved, and its labels read."""
    read = brought.read
    key, why = choose_key(read, names, params.key)
    if params.key is None and key is not None:
        anew = with_header_as_row(read, names, key)
        if anew is not None:
            key, read = anew.table.column_names[read.table.column_names.index(key)], anew
    account = Table(
        title=read.title, format=read.format, role=role_of(brought.use), why=brought.why,
        of=len(names), notes=list(read.notes),
    )  # fmt: skip
    states = RowStates(read)
    each = Keyed(brought, read, account, states, np.full(read.table.num_rows, -1))
    if key is None:
        _refuse(each, names, why)
        return each
    account.key = key
    if why:
        account.why = f"{account.why}; joined by {key}: {why}" if account.why else why
    if key == "index" and read.label_column == "number":
        index = np.array(read.table[key].to_pylist(), np.int64)
        inside = (index >= 0) & (index < len(names))
        each.ordinals = np.where(inside, index, -1)
        states.mark_all(np.flatnonzero(~inside), "refused", BEYOND)
    else:
        _resolve(each, names, column_texts(read, key))
    if not (each.ordinals >= 0).any():
        _refuse(each, names, why)
        return each
    if brought.use != "metadata":
        each.judged = judgements_of(read, key, params.label_column, params.annotator_column)
        account.label_column = each.judged.label_column
        account.annotator_column = each.judged.annotator_column
        if each.judged.question is not None:
            account.questions = [each.judged.question]
            account.state, account.reason = "needs_answer", each.judged.question.text
            open_rows = np.flatnonzero(states.state == "joined")
            states.mark_all(open_rows, "needs_answer", "wait for the column of classes")
            account.rows = states.rows()
            account.columns = [
                TableColumn(name=n, state="needs_answer", reason="waits for the column of classes")
                for n in read.table.column_names
            ] + [TableColumn(name=n, state="ignored", reason=w) for n, w in read.left_out.items()]
            each.judged = None
    return each


def use_of(read: ReadTable, role: str, label_column: str | None = None) -> tuple[Use, str]:
    """What a table is for, and why; `label_column` is the column asked for as the class."""
    if "labels" in (role, read.role):
        return "labels", "given as labels" if role == "labels" else f"is {read.format}"
    if role == "metadata":
        return "metadata", "given as metadata"
    if label_column is not None:
        there = [c for c in read.table.column_names if normal(c) == normal(label_column)]
        if there:
            return "both", f"has the column of classes that was asked for, {there[0]}"
        read.notes.append(f"has no column {label_column}, asked for as the class")
    if read.label_column is not None:
        return "both", f"has a column of classes, {read.label_column}"
    if read.role == "metadata":
        return "metadata", f"is {read.format}"
    found = label_columns(read.table)
    sure = next((c for c in read.table.column_names if normal(c) in HOW_SURE), None)
    if found is not None and sure is not None:
        read.notes.append(
            f"{found[1]} stands beside {sure}, as a model's predictions do: it becomes a column "
            "and labels nothing; bring the file as labels where people gave them"
        )
        return "metadata", f"holds predictions: {found[1]} and how sure they are, {sure}"
    if found is not None:
        return "both", f"has a column of classes, {found[1]}"
    return "metadata", "has no column that is called label or class"


def role_of(use: Use) -> Literal["labels", "metadata"]:
    return "metadata" if use == "metadata" else "labels"


def _resolve(each: Keyed, names: Names, texts: list[str | None]) -> None:
    found = resolve(names, texts)
    each.ordinals = found.ordinals
    states, notes = each.states, each.account.notes
    for row in found.unknown:
        states.mark(row, "refused", UNKNOWN, str(texts[row])[:80])
    for row, n in found.ambiguous.items():
        states.mark(row, "refused", SEVERAL, f"{str(texts[row])[:80]} may mean {n} cutouts")
    for row in found.contradicted:
        states.mark(row, "refused", ELSEWHERE, str(texts[row])[:80])
    empty = [row for row, text in enumerate(texts) if text is None or not text.strip()]
    states.mark_all(empty, "refused", NAMELESS)
    if found.by_file_name:
        example, rows = texts[found.by_file_name[0]], counted(len(found.by_file_name), "row")
        notes.append(f"{rows} joined by the file name alone: their folders "
                     f"differ from the cutouts' (such as {example})")  # fmt: skip
    if found.by_case:
        example, rows = texts[found.by_case[0]], counted(len(found.by_case), "row")
        notes.append(f"{rows} joined though upper and lower case differ "
                     f"(such as {example})")  # fmt: skip


def _refuse(each: Keyed, names: Names, why: str) -> None:
    """Refuse a whole table that meets no cutout, or lacks the column asked for."""
    account, states, read = each.account, each.states, each.read
    likely = account.key or next(iter(candidates(read)), None)
    given = dict.fromkeys(t for t in (column_texts(read, likely) if likely else []) if t)
    texts = list(given)[:EXAMPLES]
    account.state = "refused"
    several = states.reasons["refused"][SEVERAL]
    rows = np.flatnonzero(states.state == "joined")
    states.mark_all(rows, "refused", UNKNOWN)
    if "has no column" in why:
        account.reason = why
    elif not len(names):
        account.reason = "there is no cutout yet that it could join"
    elif several or (read.refused_rows and texts):
        account.reason = f"joins nothing: {'; '.join(states.sentences('refused'))}"
        if several:
            account.reason += "; bring its names with their folders"
    elif texts:
        some = f"e.g. {', '.join(texts)}" if len(texts) > 1 else texts[0]
        account.reason = f"names no cutout of this dataset: {some}"
    else:
        account.reason = "has no column of names (texts, or numbers in a column called so)"
    account.rows = states.rows()
    account.columns = [
        TableColumn(name=n, state="refused", reason="the table meets no cutout")
        for n in [*read.table.column_names, *read.left_out]
    ]
