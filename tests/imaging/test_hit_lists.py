"""Timepix hit lists become frames."""

import numpy as np
import pytest

from cloudchamber_worker.imaging.dialects.hit_lists import read_hits

HITS = [(40 + k, 100 + k // 5, 60 + k) for k in range(20)]


def text(rows, separator="\t", head=""):
    return (head + "\n".join(separator.join(map(str, row)) for row in rows) + "\n").encode()


@pytest.mark.parametrize("separator", ["\t", " ", ",", "; "])
@pytest.mark.parametrize("head", ["", "x\ty\tToT\n", "# X Y C\n"])
def test_every_hit_is_a_pixel(separator, head):
    hits = read_hits(text(HITS, separator, head))
    assert hits is not None
    (frame,) = hits.images()
    assert frame.pixels.shape == (256, 256)
    assert frame.hits == np.count_nonzero(frame.pixels) == 20
    assert frame.pixels[103, 59] == 79


def test_marks_part_frames():
    hits = read_hits(text(HITS) + b"#\n" + text(HITS) + b"#\n#\n" + text(HITS[:3]) + b"#\n")
    assert hits is not None
    assert [len(frame) for frame in hits.frames] == [20, 20, 3]
    assert hits.empty == 1
    assert "3 frames" in hits.note


def test_columns_are_found_by_their_names():
    hits = read_hits(b"row,col,toa,tot\n" + text([(y, x, 7, c) for x, y, c in HITS], ","))
    assert hits is not None
    assert next(hits.images()).pixels[103, 59] == 79


def test_a_mosaic_is_larger():
    hits = read_hits(text([(x + 256, y, c) for x, y, c in HITS]))
    assert hits is not None
    assert hits.side == 512


@pytest.mark.parametrize(
    "data",
    [
        text([(0, 0, 1), (0, 0, 2), (1, 1, 1), (2, 2, 2), (3, 3, 3)]),  # a place twice
        text([(0, 0, 0), (1, 0, 2), (1, 1, 1), (2, 2, 2)]),  # no count
        text([(1.5, 0, 2), (1, 1, 1), (2, 2, 2), (3, 3, 3)]),
        text([(5000, 0, 2), (1, 1, 1), (2, 2, 2), (3, 3, 3)]),
        text([(1, 2, 3, 4)] * 5),
        text(HITS[:3]),
        b"name,label\na,1\n",
        b"\x00\x01",
    ],
)
def test_other_texts_are_none(data):
    assert read_hits(data) is None


def test_a_hit_list_comes_in_as_frames(decoded):
    ((_, items, reason),) = decoded(text(HITS), "frame.txt")
    assert reason is None
    assert [(item.kind, item.pixels.shape) for item in items] == [("frame", (256, 256))]
    ((_, items, _),) = decoded(text(HITS), "frame.txt", text_images="yes")
    assert [item.pixels.shape for item in items] == [(20, 3)]


def test_a_compressed_frame_of_unix_is_unpacked(decoded):
    import ncompress

    ((_, items, _),) = decoded(ncompress.compress(text(HITS)), "frame.txt.Z")
    assert [item.kind for item in items] == ["frame"]
    ((_, items, reason),) = decoded(b"\x1f\x9d\x90abc", "frame.txt.Z")
    assert not items
    assert ".Z" in (reason or "")
