"""Pixels, columns, tiles and footprints as bytes."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from cloudchamber.data import columns, cutouts, exposures
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.cutouts import NewCutout
from cloudchamber.data.database import Database
from filled import Filled


def unpack(content: bytes) -> tuple[list[dict[str, Any]], bytes]:
    """Items and payload of a pack, as a client reads it."""
    (length,) = struct.unpack_from("<I", content)
    start = 4 + length
    start += -start % 8
    return json.loads(content[4 : 4 + length])["items"], content[start:]


def array(payload: bytes, item: dict[str, Any]) -> np.ndarray:
    dtype = np.dtype(item["dtype"]).newbyteorder("<")
    count = int(np.prod(item["shape"]))
    assert item["nbytes"] == count * dtype.itemsize
    assert item["offset"] % 8 == 0
    return np.frombuffer(payload, dtype, count, item["offset"]).reshape(item["shape"])


def test_a_pack_holds_pixels_and_masks(
    client: TestClient, database: Database, filled: Filled
) -> None:
    mask = np.array([[True, False, True]])
    sent = [
        NewCutout("f", np.array([[1.5, np.nan, -3]], np.float32), mask, flags=cutouts.EDGE),
        NewCutout("rgb", np.arange(30, dtype=np.uint8).reshape(5, 2, 3)),
        NewCutout("u16", np.array([[65535, 1]], np.uint16)),
    ]
    with database.write() as session:
        cutouts.append_cutouts(session, filled.id, sent)
    answer = client.get(f"{filled.path}/pixels", params={"ordinals": "12,10,11,10"})
    items, payload = unpack(answer.content)
    assert [item["ordinal"] for item in items] == [10, 11, 12]
    for item, cutout in zip(items, sent, strict=True):
        assert np.array_equal(
            array(payload, item), cutout.pixels, equal_nan=cutout.pixels.dtype.kind == "f"
        )
    assert items[0]["flags"] == ["edge", "has_nan"]
    at, length = items[0]["mask_offset"], items[0]["mask_nbytes"]
    assert list(payload[at : at + length]) == [1, 0, 1]
    assert (items[1]["mask_offset"], items[1]["mask_nbytes"]) == (None, 0)


def test_pixels_are_not_sent_again(client: TestClient, filled: Filled) -> None:
    url = f"{filled.path}/pixels?ordinals=1,2"
    first = client.get(url)
    again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = client.get(f"{filled.path}/pixels?ordinals=1,3")
    assert other.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("ordinals", "status"),
    [("", 422), ("1,,2", 422), ("a", 422), ("-1", 422), ("²", 422), ("99999999999", 422),
     ("10", 404), ("4294967296", 422), (",".join(map(str, range(257))), 422)],
)  # fmt: skip
def test_ordinals_that_are_none_are_refused(
    client: TestClient, filled: Filled, ordinals: str, status: int
) -> None:
    answer = client.get(f"{filled.path}/pixels", params={"ordinals": ordinals})
    assert answer.status_code == status


def test_column_values_are_the_array(
    client: TestClient, database: Database, filled: Filled
) -> None:
    values = np.arange(30, dtype=np.float32).reshape(10, 3)
    spec = ColumnSpec("hu", "Hu moments", "", "measurement", "float32", width=3)
    run = ColumnSpec("run", "Run", "", "metadata", "category", categories=["a", "b"])
    with database.write() as session:
        columns.write_column(session, filled.id, spec, values)
        columns.write_column(session, filled.id, run, np.array([0, 1, -1]))
    hu, category = client.get(f"{filled.path}/columns").json()
    assert (hu["name"], hu["width"], hu["n"], hu["group"]) == ("hu", 3, 10, "measurement")
    answer = client.get(f"/api/v1/columns/{hu['id']}/values")
    assert answer.headers["x-column"] == "float32;3;10"
    assert np.array_equal(np.frombuffer(answer.content, "<f4").reshape(10, 3), values)
    part = client.get(f"/api/v1/columns/{hu['id']}/values?start=8&stop=99")
    assert part.headers["x-column"] == "float32;3;2"
    assert part.content == values[8:].tobytes()
    codes = client.get(f"/api/v1/columns/{category['id']}/values")
    assert codes.headers["x-column"] == "int32;1;3"
    assert category["categories"] == ["a", "b"]
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get(f"/api/v1/columns/{hu['id']}/values", headers=tag).status_code == 304
    with database.write() as session:
        columns.write_column(session, filled.id, spec, values + 1)
    assert client.get(f"/api/v1/columns/{hu['id']}/values", headers=tag).status_code == 200


def test_an_exposure_comes_in_tiles_with_its_footprints(
    client: TestClient, database: Database, filled: Filled
) -> None:
    image = np.random.default_rng(0).normal(size=(300, 520)).astype(np.float32)
    new = exposures.NewExposure("e", "e.fits", 300, 520, "int16", header={"OBJECT": "dark"})
    with database.write() as session:
        exposure_id = exposures.add_exposure(session, filled.id, new)
        exposures.write_tiles(session, exposure_id, image)
        mask = np.array([[True, False]])
        found = NewCutout("e:0", image[5:6, 7:9], mask, exposure_id=exposure_id, x0=7, y0=5)
        cutouts.append_cutouts(session, filled.id, [found])
    url = f"/api/v1/exposures/{exposure_id}"
    tile = client.get(f"{url}/tiles/0/1/2")
    assert tile.headers["x-tile"] == "float32;44;8"
    assert tile.content == image[256:, 512:].tobytes()
    tag = {"If-None-Match": tile.headers["etag"]}
    assert client.get(f"{url}/tiles/0/1/2", headers=tag).status_code == 304
    assert client.get(f"{url}/tiles/0/2/0").status_code == 404
    assert client.get(f"{url}/tiles/-1/0/0").status_code == 422
    items, payload = unpack(client.get(f"{url}/footprints").content)
    assert [(i["ordinal"], i["x0"], i["y0"], i["height"], i["width"]) for i in items] == [
        (10, 7, 5, 1, 2)
    ]
    assert list(payload[:2]) == [1, 0]
    assert client.get(url).json()["header"] == {"OBJECT": "dark"}
    [listed] = client.get(f"{filled.path}/exposures").json()
    assert (listed["header"], listed["levels"]) == (None, 2)
    one = client.get(f"{filled.path}/cutouts/10").json()
    assert (one["exposure_name"], one["x0"]) == ("e", 7)


def test_cutouts_are_listed_by_pages_and_by_name(
    client: TestClient, database: Database, filled: Filled
) -> None:
    url = f"{filled.path}/cutouts"
    seen, after = [], -1
    while after is not None:
        page = client.get(url, params={"after": after, "limit": 4}).json()
        seen += [c["name"] for c in page["items"]]
        after = page["next"]
    assert seen == [f"c{k}" for k in range(10)]
    some = client.get(url, params={"ordinals": "7,2"}).json()
    assert [c["ordinal"] for c in some["items"]] == [2, 7]
    assert client.get(url, params={"name": "C3"}).json()["items"][0]["ordinal"] == 3
    assert client.get(f"{url}/10").status_code == 404
    with database.write() as session:
        again = NewCutout("again", np.full((4, 5), 3, np.int32))
        cutouts.append_cutouts(session, filled.id, [again])
    assert client.get(f"{filled.path}/duplicates").json() == {
        "items": [{"ordinal": 10, "name": "again", "duplicate_of": 3, "duplicate_of_name": "c3"}],
        "next": None,
    }
