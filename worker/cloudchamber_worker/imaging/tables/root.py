"""Trees of ROOT files, by uproot: a branch of one value an entry is a column."""

import io
from typing import Any

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables.arrow import finished, free_name, put_numpy, typed_table
from cloudchamber_worker.imaging.tables.result import ReadTable

# Our own exports describe the branches of `cutouts` in this tree: a name may be no C++ variable.
DESCRIBING = "columns"
DESCRIBED = {"branch", "name", "unit", "title", "description", "missing"}


def read_root(data: bytes) -> list[ReadTable]:
    """Every TTree and RNTuple of a ROOT file.

    Raises
    ------
    Unreadable
        When the file is cut off, damaged or holds no tree.
    """
    import uproot

    open_: Any = uproot.open
    try:
        with open_(io.BytesIO(data)) as file:
            if len(data) < file.file.fEND:
                raise Unreadable(f"is cut off: {len(data)} of {file.file.fEND} bytes")
            kinds: dict[str, str] = file.classnames(cycle=False)
            trees = {n: file[n] for n, kind in kinds.items() if kind in ("TTree", "ROOT::RNTuple")}
            described = trees.get(DESCRIBING)
            about: dict[str, dict[str, str]] = {}
            if described is not None and set(described.keys()) == DESCRIBED and len(trees) > 1:
                rows = trees.pop(DESCRIBING).arrays(library="np")
                for k, branch in enumerate(rows["branch"]):
                    about[branch] = {name: rows[name][k] for name in DESCRIBED}
            tables = [_table(tree, name if len(trees) > 1 else "", about)
                      for name, tree in trees.items()]  # fmt: skip
    except Unreadable:
        raise
    except Exception as error:  # uproot raises what the bytes made of its parser
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise Unreadable(f"is no readable ROOT file: {words[:160]}") from error
    if not tables:
        others = ", ".join(sorted(set(kinds.values()))[:4]) or "nothing"
        raise Unreadable(f"is a ROOT file without a tree (it holds {others})")
    return tables


def _table(tree: Any, title: str, about: dict[str, dict[str, str]]) -> ReadTable:
    table = typed_table(int(tree.num_entries), format="ROOT tree", title=title)
    for branch in tree.keys(recursive=True, full_paths=True):
        if getattr(tree[branch], "branches", None):
            continue  # what groups branches has no values of its own
        line = about.get(branch, {})
        name = free_name(table, line.get("name") or branch)
        try:
            values = tree[branch].array(library="np")
        except Exception as error:
            table.left_out[name] = f"is of a type that is not read: {str(error)[:80]}"
            continue
        if values.dtype.kind == "O" and any(not isinstance(v, str) for v in values):
            table.left_out[name] = "holds a list or an object an entry, none that a column can hold"
            continue
        missing = line.get("missing")
        mask = values == values.dtype.type(int(missing)) if missing and values.ndim == 1 else None
        put_numpy(table, name, values, mask)
        if name in table.table.column_names:
            if line.get("unit"):
                table.units.setdefault(name, line["unit"])
            if line.get("description"):
                table.descriptions.setdefault(name, line["description"])
    return finished(table)
