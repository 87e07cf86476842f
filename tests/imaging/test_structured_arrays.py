"""NumPy arrays with named fields are tables without being called so."""

from pathlib import Path

import numpy as np

from cloudchamber_worker.imaging import sandbox


def test_an_array_with_fields_is_a_table(tmp_path: Path):
    array = np.zeros(2, [("name", "U8"), ("e", "f8")])
    array["name"], array["e"] = ["p0", "p1"], [1.5, 2.5]
    np.save(tmp_path / "about.npy", array)

    with (tmp_path / "about.npy").open("rb") as stream:
        items = [i for file in sandbox.decode(stream, "about.npy") for i in file.items]

    (item,) = items
    assert item.kind == "table"
    assert item.table is not None
    assert item.table["e"].to_pylist() == [1.5, 2.5]


def test_an_array_of_pixels_stays_an_image(tmp_path: Path):
    np.save(tmp_path / "p.npy", np.arange(64, dtype=np.uint16).reshape(8, 8))

    with (tmp_path / "p.npy").open("rb") as stream:
        kinds = [i.kind for file in sandbox.decode(stream, "p.npy") for i in file.items]

    assert kinds == ["crop"]
