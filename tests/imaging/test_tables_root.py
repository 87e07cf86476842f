"""Trees of ROOT files are tables; what no column can hold is named."""

from pathlib import Path
from typing import Any

import awkward
import numpy as np
import pytest
import uproot

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.kinds import kind_of
from cloudchamber_worker.imaging.tables import read_tables


@pytest.fixture
def written(tmp_path: Path):
    def write(**trees: Any) -> bytes:
        with uproot.recreate(tmp_path / "t.root") as file:
            for name, content in trees.items():
                if isinstance(content, dict):
                    kinds = {n: "string" if n == "name" else v.type.content if
                             isinstance(v, awkward.Array) else np.dtype((v.dtype, v.shape[1:]))
                             for n, v in content.items()}  # fmt: skip
                    file.mktree(name, kinds).extend(content)
                else:
                    file[name] = content
        return (tmp_path / "t.root").read_bytes()

    return write


def clusters() -> dict[str, Any]:
    return {
        "name": awkward.Array(["a.png", ""]),
        "energy": np.array([1.5, np.nan]),
        "n": np.array([7, 0], np.int16),
        "objid": np.array([2**60 + 1, 2**60 + 2]),
        "corner": np.ones((2, 4)),
        "hits": awkward.Array([[1, 2, 3], []]),
    }


def test_a_branch_of_one_value_an_entry_is_a_column(written):
    data = written(clusters=clusters())
    assert kind_of(data[:512]) == "root"
    (read,) = read_tables(data, "root", "t.root")
    assert read.format == "ROOT tree"
    assert read.table.to_pydict() == {
        "name": ["a.png", None], "energy": [1.5, None], "n": [7, 0],
        "objid": [str(2**60 + 1), str(2**60 + 2)], "nhits": [3, 0],
    }  # fmt: skip
    assert "4 values a row" in read.left_out["corner"]
    assert "a list" in read.left_out["hits"]


def test_every_tree_is_a_table(written):
    data = written(clusters=clusters(), run={"n": np.arange(3)})
    assert [(t.title, t.given) for t in read_tables(data, "root", "")] == [
        ("clusters", 2),
        ("run", 3),
    ]


def test_what_holds_no_tree_or_is_damaged_is_refused(written):
    histogram = written(spectrum=np.histogram([1.0, 2.0]))
    with pytest.raises(Unreadable, match=r"without a tree \(it holds TH1"):
        read_tables(histogram, "root", "")
    data = written(clusters=clusters())
    with pytest.raises(Unreadable, match="is cut off"):
        read_tables(data[: len(data) // 2], "root", "")
    with pytest.raises(Unreadable, match="ROOT file"):
        read_tables(data[:200] + b"\xff" * (len(data) - 200), "root", "")
