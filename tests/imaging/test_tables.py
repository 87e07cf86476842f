import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables import label_columns, looks_like_table, read_table

LICENSE = b"""The MIT License

Copyright (c) 2020, Somebody, and others

Permission is hereby granted, free of charge, to any person obtaining a copy of this software
and associated documentation files, to deal in it without restriction, including the rights to
use, copy, modify, merge, publish, and sell copies of the Software.
"""
README = (
    b"# Tracks, from the dark run\n\nTaken in spring.\nAsk us before use, please, if you can.\n"
)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        (b"name,label\na,muon\n", True),
        (b"name;x\na;1\n", True),
        (b"name\tx\na\t1\n", True),
        (b'name,note\na,"one, two"\nb,"three, four"\nc,"five, six"\n', True),
        (b"name,label\n", True),
        (b"\xef\xbb\xbfname,label\r\na,muon\r\n", True),
        (b"0,1\n1,0\n", False),
        (b"nan,1\n1,0\n", False),
        (LICENSE, False),
        (README, False),
        (LICENSE[len(b"The MIT License") :], False),
        (b"\n\n", False),
    ],
)
def test_tables_are_told_from_matrices_and_prose(text, table):
    assert looks_like_table(text) is table


def test_a_long_table_is_known_by_its_beginning():
    rows = b"".join(b"%06d,muon,%d\n" % (k, k) for k in range(5000))
    text = b"object,label,energy\n" + rows
    assert looks_like_table(text)
    table = read_table(text, "text")
    assert table.num_rows == 5000
    assert table["object"].type == pa.string()
    assert table["energy"].type == pa.int64()


@pytest.mark.parametrize("header", ["name", "Name", " name", '"name"', "object number"])
def test_zeros_before_a_number_stay_where_they_are_a_name(header):
    table = read_table(f"{header},x\n000061,0\n000062,10\n".encode(), "text")
    assert table.column(0).to_pylist() == ["000061", "000062"]
    assert table.column(1).to_pylist() == [0, 10]


def test_numbers_without_zeros_before_them_stay_numbers():
    table = read_table(b"name,x,y\n7,0,0.5\n8,1,1.5\n", "text")
    assert table["name"].to_pylist() == ["7", "8"]
    assert [table[c].type for c in "xy"] == [pa.int64(), pa.float64()]


def test_parquet_and_the_seeds_array_are_tables():
    out = io.BytesIO()
    parquet.write_table(pa.table({"name": ["a"], "x": [1.5]}), out)
    assert read_table(out.getvalue(), "parquet").to_pydict() == {"name": ["a"], "x": [1.5]}
    out = io.BytesIO()
    np.save(out, np.array([[0, 4], [3, 5]]))
    assert read_table(out.getvalue(), "npy").to_pydict() == {"index": [0, 4], "number": [3, 5]}


def test_label_columns_are_found_whatever_their_case():
    assert label_columns(pa.table({"File": ["a"], "Class": ["muon"]})) == ("File", "Class")
    assert label_columns(pa.table({"File": ["a"], "x": [1]})) is None


@pytest.mark.parametrize(
    ("data", "kind", "told"),
    [
        (b"a,b\n1,2\n3\n", "text", "no readable table"),
        (b"\n", "text", "no readable table"),
        (b"PAR1 rubbish", "parquet", "no readable table"),
        (b"", "png", "is png, no table"),
    ],
)
def test_what_is_no_table_is_refused(data, kind, told):
    with pytest.raises(Unreadable, match=told):
        read_table(data, kind)
