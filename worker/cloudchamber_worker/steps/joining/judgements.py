"""What a table of labels says: which cutout is of which class by whose judgement."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from cloudchamber.data.accounts import Question
from cloudchamber.data.spreadsheet import restore
from cloudchamber_worker.imaging.tables import LABEL_COLUMNS, ReadTable, holds_names, normal
from cloudchamber_worker.imaging.tables.cells import MISSING
from cloudchamber_worker.steps.joining.keys import column_texts
from cloudchamber_worker.steps.questions import question_of_columns

ANNOTATORS = (
    "annotator", "annotators", "annotated_by", "annotator_name", "labeller", "labeler",
    "labelled_by", "labeled_by", "object_annotation_person_name", "rater", "judge", "expert",
    "observer", "voter", "completed_by",
)  # fmt: skip
SOFT_VOTES = 10  # judgements that stand for a row of probabilities
SUMS = ("total", "sum", "n", "n_votes", "votes", "vote_count", "count", "n_annotators", "n_raters")
CHOICES = 12  # columns that a question offers
MAX_VOTES = 100  # judgements that a row of counts may stand for


@dataclass
class Judgements:
    """Judgements in the order of the rows; `refused` are rows without a usable one, and why.

    labels : class names, or the class numbers of the seed's arrays
    people : whose they are; None for whoever imports
    """

    label_column: str | None = None
    annotator_column: str | None = None
    rows: list[int] = field(default_factory=list)
    labels: list[str | int] = field(default_factory=list)
    people: list[str | None] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    question: Question | None = None
    notes: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)

    def add(self, row: int, label: str | int, person: str | None = None) -> None:
        """Append one judgement."""
        self.rows.append(row)
        self.labels.append(label)
        self.people.append(person)


def judgements_of(
    read: ReadTable, key: str, label_column: str | None, annotator_column: str | None
) -> Judgements:
    """The judgements of a table whose column `key` names the cutouts.

    A column of classes gives one a row, of the person in the annotator column where there is one.
    Without it, columns of classes are voters, columns of counts are votes, and columns of
    probabilities ten votes each by the largest remainder. Else a question with the candidates.
    """
    there = [c for c in read.table.column_names if c != key]
    whose = _named(there, annotator_column) if annotator_column else None
    if annotator_column and whose is None:
        return Judgements(question=question_of_columns(
            f"There is no column {annotator_column}: which one says whose labels they are?",
            "annotator_column", there[:CHOICES],
        ))  # fmt: skip
    whose = whose or read.annotator_column or _first(there, ANNOTATORS)
    column = _named(there, label_column) if label_column else None
    if label_column and column is None:
        return Judgements(question=question_of_columns(
            f"There is no column {label_column}: which one holds the class?",
            "label_column", there[:CHOICES],
        ))  # fmt: skip
    others = [c for c in there if c != whose]
    if column is None:
        column = read.label_column if read.label_column in others else None
    column = column or _first(others, LABEL_COLUMNS)
    texts = [c for c in others if pa.types.is_string(read.table.schema.field(c).type)
             and not holds_names(c)]  # fmt: skip
    notes = []
    if column is None and len(texts) == 1:
        column = texts[0]
        notes.append(f"{column} is taken for the class: it is the only column of words")
    if column is not None:
        found = _classes(read, column, whose)
    elif len(texts) >= 2 and _are_voters(read, texts):
        found = _voters(read, texts)
    else:
        found = _votes(read, [c for c in others if c not in texts and not holds_names(c)])
    if found is None:
        text = "Which column holds the class?" if others else "There is no column for the class."
        asked = question_of_columns(text, "label_column", others[:CHOICES])
        return Judgements(question=asked)
    found.notes[:0] = notes
    return found


def _classes(read: ReadTable, column: str, whose: str | None) -> Judgements:
    found = Judgements(column, whose, used=[c for c in (column, whose) if c])
    numbers = column == "number" and read.label_column == "number"
    labels = read.table[column].to_pylist() if numbers else column_texts(read, column)
    people: list[str | None] = [None] * len(labels)
    if whose is not None:
        people = [_person(text) for text in column_texts(read, whose)]
        empty = sum(person is None for person in people)
        if empty:
            found.notes.append(f"{empty} rows name no annotator: theirs are of whoever imports")
    for row, (label, person) in enumerate(zip(labels, people, strict=True)):
        if isinstance(label, str):
            label = restore(label.strip())
        if label is None or (isinstance(label, str) and label.lower() in MISSING):
            found.refused[row] = "have no class"
        else:
            found.add(row, label, person)
    if found.refused:
        n = len(found.refused)
        found.notes.append(f"{n} of {len(labels)} rows have no class: they give no label")
    if not numbers and found.labels and all(str(label).isdecimal() for label in found.labels):
        found.notes.append(
            "the classes are numbers: each is taken as the name of a class, "
            "not as a number of the label set's"
        )
    return found


def _are_voters(read: ReadTable, columns: Sequence[str]) -> bool:
    """Whether columns of words are several people's judgements: they share their classes."""
    values = [set(read.table[c].drop_null().unique().to_pylist()) for c in columns]
    for place, own in enumerate(values):
        others = set().union(*(v for k, v in enumerate(values) if k != place))
        if not own or len(own & others) < 0.5 * len(own):
            return False
    return True


def _voters(read: ReadTable, columns: Sequence[str]) -> Judgements:
    found = Judgements(used=list(columns))
    found.notes.append(f"{len(columns)} columns are each an annotator's: {', '.join(columns[:6])}")
    by_column = {c: column_texts(read, c) for c in columns}
    for row in range(read.table.num_rows):
        given = {c: t[row] for c, t in by_column.items() if t[row] is not None}
        for column, label in given.items():
            found.add(row, restore(str(label).strip()), column)
        if not given:
            found.refused[row] = "have no class"
    return found


def _votes(read: ReadTable, columns: Sequence[str]) -> Judgements | None:
    """Columns named as classes that hold counts or probabilities; None where they hold neither."""
    sums = [c for c in columns if normal(c) in SUMS]
    columns = [c for c in columns if c not in sums]
    if len(columns) < 2:
        return None
    table = np.array([read.table[c].to_pylist() for c in columns], float).T  # [rows, classes]
    known = np.isfinite(table).any(axis=1)
    table = np.nan_to_num(table)
    total = table.sum(axis=1)
    if not known.any() or (table < 0).any():
        return None
    whole = bool((table == np.rint(table)).all())
    sharp = whole and bool((total[known] == 1).all())
    if not whole and np.abs(total[known] - 1).max() > 0.02:
        return None
    found = Judgements(used=list(columns))
    if sums:
        found.notes.append(f"{', '.join(sums)} is taken for a sum of votes, no class")
    classes = [re.sub(r"^(votes?|n|p|prob|probability|soft|fraction)[ _:]", "", c, flags=re.I)
               for c in columns]  # fmt: skip
    if not whole:
        table = _tenths(table / np.maximum(total, 1e-12)[:, None])
        found.notes.append(
            f"probabilities of {len(columns)} classes became {SOFT_VOTES} judgements a row, "
            "by the largest remainder"
        )
    elif not sharp:
        found.notes.append(f"votes for {len(columns)} classes became one judgement each")
    for row, counts in enumerate(table.astype(int)):
        cast = int(counts.sum())
        if not cast:
            found.refused[row] = "have no vote"
        elif cast > MAX_VOTES:
            found.refused[row] = f"have more than {MAX_VOTES} votes"
        else:
            voter = 0
            for label, n in zip(classes, counts.tolist(), strict=True):
                for _ in range(n):
                    voter += 1
                    found.add(row, label, None if sharp else f"vote {voter}")
    return found


def _tenths(shares: np.ndarray) -> np.ndarray:
    """Votes [rows, classes] that add up to `SOFT_VOTES` in every row that has any."""
    exact = shares * SOFT_VOTES
    votes = np.floor(exact + 1e-9)
    left = np.where(shares.sum(axis=1) > 0, SOFT_VOTES - votes.sum(axis=1), 0).astype(int)
    order = np.argsort(-(exact - votes), axis=1, kind="stable")
    for row in np.flatnonzero(left):
        votes[row, order[row, : left[row]]] += 1
    return votes


def _person(text: str | None) -> str | None:
    bare = restore((text or "").strip())
    if bare.lower() in MISSING:
        return None
    return f"annotator {bare}" if bare.isdigit() else bare


def _named(columns: Sequence[str], name: str) -> str | None:
    return next((c for c in columns if c == name), None) or next(
        (c for c in columns if normal(c) == normal(name)), None
    )


def _first(columns: Sequence[str], names: Sequence[str]) -> str | None:
    by_name = {normal(c): c for c in reversed(columns)}
    return next((by_name[n] for n in names if n in by_name), None)
