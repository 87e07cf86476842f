"""A table as a ROOT file with a TTree, written by uproot."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cloudchamber.services.export_formats.table import ROWS, ExportColumn, ExportTable

CHUNK = 1 << 20
VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def table_root(table: ExportTable, notes: list[str]) -> Iterator[bytes]:
    """The table as the tree `cutouts`, a branch per column, vectors in one branch each.

    A branch has to be called like a variable for `TTree::Draw`; what each stands for (name, unit,
    title, description, the value of a missing whole number) is in the second tree, `columns`.
    """
    import uproot

    wanted = table.vectors or table.columns
    branches = branch_names([column.name for column in wanted])
    renamed = [(c.name, b) for c, b in zip(wanted, branches, strict=True) if c.name != b]
    if renamed:
        notes.append(
            f"{len(renamed)} branches are called otherwise than their columns, such as "
            f"{renamed[0][1]} for {renamed[0][0]}; the tree `columns` has both names."
        )
    with tempfile.TemporaryDirectory(prefix="cloudchamber-export-") as folder:
        path = Path(folder) / "table.root"  # uproot goes back in the file to mend its headers
        with uproot.recreate(path) as file:
            kinds = {b: _kind(c) for b, c in zip(branches, wanted, strict=True)}
            tree = file.mktree("cutouts", kinds, title=table.title)
            for start in range(0, table.n, ROWS):
                parts = (_part(column, start) for column in wanted)
                tree.extend(dict(zip(branches, parts, strict=True)))
            about = _about(wanted, branches)
            file.mktree("columns", dict.fromkeys(about, "string")).extend(
                {name: _texts(texts) for name, texts in about.items()}
            )
        with path.open("rb") as whole:
            while piece := whole.read(CHUNK):
                yield piece


def branch_names(names: list[str]) -> list[str]:
    """Names as C++ takes them, no two alike; those that it takes already stay."""
    taken = {name for name in names if VARIABLE.fullmatch(name)}
    branches = []
    for name in names:
        branch = free = re.sub(r"\W|^(?=\d)", "_", name, flags=re.ASCII) or "_"
        number = 2
        while branch != name and free in taken:
            free, number = f"{branch}_{number}", number + 1
        taken.add(free)
        branches.append(free)
    return branches


def _kind(column: ExportColumn):
    if not isinstance(column.values, np.ndarray):
        return "string"
    shape = column.values.shape[1:]
    plain = column.values.dtype.newbyteorder("=")
    return np.dtype((plain, shape)) if shape else plain


def _part(column: ExportColumn, start: int):
    values = column.values[start : start + ROWS]
    if isinstance(values, np.ndarray):
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    return _texts(values)


def _texts(texts):
    import awkward

    return awkward.Array(["" if text is None else text for text in texts])


def _about(columns: list[ExportColumn], branches: list[str]) -> dict[str, list[str]]:
    missing = []
    for column in columns:
        gone = np.zeros(0, bool) if column.missing is None else column.missing
        missing.append(str(column.values[int(gone.argmax())]) if gone.any() else "")
    return {
        "branch": branches,
        "name": [column.name for column in columns],
        "unit": [column.unit for column in columns],
        "title": [column.title for column in columns],
        "description": [column.description for column in columns],
        "missing": missing,
    }
