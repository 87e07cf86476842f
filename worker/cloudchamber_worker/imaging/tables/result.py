"""What reading a table gives: typed columns, and everything that is to be said about them."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa


@dataclass
class ReadTable:
    """One table of a file: a sheet, an HDU, the file itself.

    table : columns of float64, int64 (exact within ±2^53), bool or string; null where missing
    title : sheet, HDU or table; '' where the file is the table
    format : how it was read: "CSV, Windows-1252, ;, decimal comma"
    rows : int64 [n], the number of each row in the file, as an editor or a spreadsheet shows it
    notes : sentences: what was guessed, counted, named anew
    refused_rows, ignored_rows : (row number in the file, why)
    left_out : column → why it cannot be a column of a dataset
    units, descriptions : by column
    words : column of numbers → {index of the row: the word that stood there instead}
    role, key, label_column, annotator_column : where the format says them
    """

    table: pa.Table
    title: str = ""
    format: str = ""
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    notes: list[str] = field(default_factory=list)
    refused_rows: list[tuple[int, str]] = field(default_factory=list)
    ignored_rows: list[tuple[int, str]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[int, str]] = field(default_factory=dict)
    role: Literal["labels", "metadata"] | None = None
    key: str | None = None
    label_column: str | None = None
    annotator_column: str | None = None

    def __post_init__(self) -> None:
        if not len(self.rows):
            self.rows = np.arange(1, self.table.num_rows + 1)

    @property
    def given(self) -> int:
        """Rows of the file, those left out included."""
        return self.table.num_rows + len(self.refused_rows) + len(self.ignored_rows)

    def about(self) -> dict[str, Any]:
        """All but the columns, as JSON holds it."""
        about = {name: value for name, value in vars(self).items() if name != "table"}
        first = int(self.rows[0]) if len(self.rows) else 1
        plain = bool((np.diff(self.rows) == 1).all())
        return about | {"rows": first if plain else self.rows.tolist()}

    @classmethod
    def of(cls, table: pa.Table, about: dict[str, Any]) -> "ReadTable":
        """From columns and what `about` gave; what is not there has its default."""
        known = {name: about[name] for name in cls.__dataclass_fields__ if name in about}
        rows = known.get("rows", 1)
        if isinstance(rows, int):
            known["rows"] = np.arange(rows, rows + table.num_rows)
        else:
            known["rows"] = np.asarray(rows, np.int64)
        for name in ("refused_rows", "ignored_rows"):
            known[name] = [(int(row), why) for row, why in known.get(name, ())]
        known["words"] = {
            column: {int(row): word for row, word in words.items()}
            for column, words in known.get("words", {}).items()
        }
        return cls(table, **known)
