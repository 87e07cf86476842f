"""Tables of every format become the same typed columns, and what was guessed is said."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables import (
    ReadTable,
    label_columns,
    looks_like_table,
    read_tables,
    table_kind,
)

LICENSE = b"""The MIT License

Copyright (c) 2020, Somebody, and others

Permission is hereby granted, free of charge, to any person obtaining a copy of this software
and associated documentation files, to deal in it without restriction, including the rights to
use, copy, modify, merge, publish, and sell copies of the Software.
"""
README = (
    b"# Tracks, from the dark run\n\nTaken in spring.\nAsk us before use, please, if you can.\n"
)


def read(data: bytes | str, kind: str = "text") -> ReadTable:
    (table,) = read_tables(data.encode() if isinstance(data, str) else data, kind, "t")
    return table


def column(table: ReadTable, name: str) -> list:
    return table.table[name].to_pylist()


def said(table: ReadTable, *words: str) -> bool:
    return any(all(word in note for word in words) for note in table.notes)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        (b"name,label\na,muon\n", True),
        (b"name;x\na;1\n", True),
        (b"name\tx\na\t1\n", True),
        (b"name|x\na|1\n", True),
        (b'name,note\na,"one, two"\nb,"three, four"\nc,"five, six"\n', True),
        (b"name,label\n", True),
        (b"\xef\xbb\xbfname,label\r\na,muon\r\n", True),
        ("name\tx\r\na\t1\r\n".encode("utf-16"), True),
        ("name,x\na,1\nb,2\n".encode("utf-16-be"), True),
        ("name,x\nMalm\xf6,1\n".encode("cp1252"), True),
        (b"sep=;\nname;x\na;1\n", True),
        (b'{"classes": [], "labels": {}}', True),
        (b'[{"a": 1}]', True),
        (b"0,1\n1,0\n", False),
        (b"nan,1\n1,0\n", False),
        (b"0 0.512 0.43 0.1 0.2\n", False),
        (b"1,0.1,0.2,33,40,5\n2,0.1,0.3,50,60,7\n", False),
        (LICENSE, False),
        (README, False),
        (LICENSE[len(b"The MIT License") :], False),
        (b"\n\n", False),
    ],
)
def test_tables_are_told_from_matrices_and_prose(text, table):
    assert looks_like_table(text) is table


def test_a_long_table_is_known_by_its_beginning():
    rows = b"".join(b"%06d,muon,%d\n" % (k, k) for k in range(9000))
    text = b"object,label,energy\n" + rows
    assert looks_like_table(text)
    table = read(text)
    assert table.table.num_rows == 9000
    assert table.table["object"].type == pa.string()
    assert table.table["energy"].type == pa.int64()
    assert table.rows.tolist() == list(range(2, 9002))


@pytest.mark.parametrize("header", ["name", "Name", " name", '"name"', "object number"])
def test_zeros_before_a_number_stay_where_they_are_a_name(header):
    table = read(f"{header},x\n000061,0\n000062,10\n")
    assert table.table.column(0).to_pylist() == ["000061", "000062"]
    assert column(table, "x") == [0, 10]


def test_numbers_without_zeros_before_them_stay_numbers():
    table = read("name,x,y\n7,0,0.5\n8,1,1.5\n")
    assert [table.table[c].type for c in "xy"] == [pa.int64(), pa.float64()]


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16 without a mark"),
        ("utf-16-be", "UTF-16 without a mark"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_every_encoding_is_read_and_named(codec, name):
    text = "file;Ort;Höhe\nroi_000.png;Malmö;1\nroi_001.png;Ystad;2\nroi_002.png;Malmö;3\n"
    table = read(text.encode(codec))
    assert column(table, "Ort") == ["Malmö", "Ystad", "Malmö"]
    assert column(table, "Höhe") == [1, 2, 3]
    assert name in table.format
    assert said(table, "guess") is (codec == "cp1252")


def test_text_of_another_alphabet_is_read_by_what_it_is_like():
    text = "имя,класс\nроза,цветок\nдерево,растение\nкамень,минерал\n"
    table = read(text.encode("cp1251"))
    assert column(table, "класс")[:2] == ["цветок", "растение"]
    assert said(table, "guess")


def test_the_line_sep_names_the_separator():
    table = read("sep=;\nfile;depth\na,1.png;0\nb.png;1\n")
    assert table.table.column_names == ["file", "depth"]
    assert column(table, "file") == ["a,1.png", "b.png"]


def test_comments_are_no_rows_and_a_header_behind_a_hash_is_one():
    table = read("# run 7, cold\n# by us\nfile,x\na,1\n# pause\nb,2\n")
    assert table.table.to_pydict() == {"file": ["a", "b"], "x": [1, 2]}
    assert table.ignored_rows == [(5, "is a comment")]
    table = read("#file x\n# file,x\na,1\n")
    assert table.table.to_pydict() == {"file": ["a"], "x": [1]}


def test_a_decimal_comma_is_one_only_where_it_cannot_be_thousands():
    table = read("file;area;n;odd\na;1,0;1,234;1.234,5\nb;12,25;2,345;2.345,5\n")
    assert column(table, "area") == [1.0, 12.25]
    assert column(table, "n") == ["1,234", "2,345"]
    assert column(table, "odd") == [1234.5, 2345.5]
    assert said(table, "area", "decimal comma")
    assert said(table, "n", "may be a decimal comma or thousands")
    assert "decimal comma" in table.format


def test_cells_in_quotes_may_hold_separators_and_lines():
    table = read('file,note,x\na,"one, ""two""\nthree",1\nb,plain,2\n')
    assert column(table, "note") == ['one, "two"\nthree', "plain"]
    assert table.rows.tolist() == [2, 4]


def test_ragged_rows_cost_only_themselves():
    table = read("file,x\na,1\nb\nc,3,4\nd,5,,\n\ne,6\n")
    assert table.table.to_pydict() == {"file": ["a", "d", "e"], "x": [1, 5, 6]}
    assert table.refused_rows == [
        (3, "has 1 cells where the header has 2"), (4, "has 3 cells where the header has 2"),
    ]  # fmt: skip
    assert table.rows.tolist() == [2, 5, 7]


def test_a_stray_quote_does_not_swallow_the_rest():
    rows = "".join(f"f{k},{k}\n" for k in range(60))
    table = read(f'file,x\n"stray,0\n{rows}')
    assert table.table.num_rows == 60
    assert table.refused_rows == [(2, "has a quote that is not closed")]


def test_columns_of_one_name_are_both_kept_and_nameless_ones_named():
    table = read("file,area,area,,\na,1,2,5,\nb,3,4,6,\n")
    assert table.table.column_names == ["file", "area", "area_2", "column 4"]
    assert column(table, "area_2") == [2, 4]
    assert said(table, "two columns are called area")
    assert said(table, "column 5 has neither name nor value")


def test_words_for_missing_become_missing_and_are_counted():
    table = read("file,x,site\na,1,Kiel\nb,NA,n/a\nc,,\nd,nan,None\nNA,2.5,Lund\n")
    assert column(table, "x") == [1.0, None, None, None, 2.5]
    assert column(table, "site") == ["Kiel", None, None, None, "Lund"]
    assert column(table, "file")[-1] == "NA"
    assert said(table, "x: 2 x NA, nan taken as missing")


def test_integers_beyond_float64_stay_exact_as_texts():
    table = read("file,objid\na,587722981741363294\nb,587722981741363295\n")
    assert column(table, "objid") == ["587722981741363294", "587722981741363295"]
    assert said(table, "objid", "2^53")


def test_types_of_a_kind_each():
    table = read(
        "file,flag,when,day,pct,big,date2\n"
        "a,True,2024-03-01T10:00:00,2024-03-01,5%,inf,1.2.2024\n"
        "b,False,2024-03-01T10:00:01.5,2024-03-02,7.5 %,1e3,2.2.2024\n"
    )
    assert column(table, "flag") == [True, False]
    assert np.diff(column(table, "when")).tolist() == [1.5]
    assert column(table, "when")[0] == np.datetime64("2024-03-01T10:00:00").astype(int)
    assert np.diff(column(table, "day")).tolist() == [86400]
    assert (column(table, "pct"), table.units["pct"]) == ([5, 7.5], "%")
    assert column(table, "big") == [float("inf"), 1000]
    assert column(table, "date2") == ["1.2.2024", "2.2.2024"]
    assert said(table, "when", "UTC")
    assert said(table, "big: 1 infinite")


def test_one_word_among_numbers_is_named_and_many_make_texts_with_a_word():
    cells = ["0", "1", "n/d", "3", "4", "5", "6", "7"]
    table = read("file,m\n" + "".join(f"r{k},{v}\n" for k, v in enumerate(cells)))
    assert column(table, "m") == [0, 1, None, 3, 4, 5, 6, 7]
    assert table.words["m"] == {2: "n/d"}
    assert said(table, "m: 1 of 8 values are no numbers", "n/d in row 4")
    table = read("file,m\na,1\nb,x\nc,y\n")
    assert column(table, "m") == ["1", "x", "y"]
    assert said(table, "m: texts, since 2 of 3 values are no numbers", "x in row 3")


def test_words_among_numbers_are_kept_where_they_may_be_classes_or_names():
    rows = "".join(f"{k},{k % 3}\n" for k in range(9)) + "bg,multi\n"
    table = read("name,label\n" + rows)
    assert column(table, "label")[-1] == "multi"
    assert column(table, "name")[-1] == "bg"


def test_parquet_keeps_types_and_says_what_it_leaves_out():
    out = io.BytesIO()
    parquet.write_table(
        pa.table({"name": ["a", "b"], "x": [1.5, None], "id64": [2**60 + 1, 2**60 + 2],
                  "v": [[1, 2], [3]], "k": pa.array(["u", "v"]).dictionary_encode()}), out,
    )  # fmt: skip
    table = read(out.getvalue(), "parquet")
    assert table.table.to_pydict() == {
        "name": ["a", "b"], "x": [1.5, None], "k": ["u", "v"],
        "id64": [str(2**60 + 1), str(2**60 + 2)],
    }  # fmt: skip
    assert "list" in table.left_out["v"]
    assert said(table, "id64", "2^53")


def test_the_seeds_array_and_structured_arrays_are_tables():
    out = io.BytesIO()
    np.save(out, np.array([[0, 4], [3, 5]]))
    table = read(out.getvalue(), "npy")
    assert table.table.to_pydict() == {"index": [0, 4], "number": [3, 5]}
    assert (table.role, table.key, table.label_column) == ("labels", "index", "number")
    out = io.BytesIO()
    np.save(out, np.array([("a", 1.5), ("b", 2.5)], [("name", "U5"), ("x", "f4")]))
    assert read(out.getvalue(), "npy").table.to_pydict() == {"name": ["a", "b"], "x": [1.5, 2.5]}


def test_label_columns_are_found_whatever_their_case():
    assert label_columns(pa.table({"File": ["a"], "Class": ["muon"]})) == ("File", "Class")
    assert label_columns(pa.table({"File": ["a"], "x": [1]})) is None


@pytest.mark.parametrize(
    ("data", "kind", "told"),
    [
        (b"name,label\n", "text", "a header and no row"),
        (b"\n", "text", "an empty table"),
        (b"sep=;\n", "text", "an empty table"),
        (b"PAR1 rubbish", "parquet", "no readable table"),
        (b"", "png", "is png, no table"),
        (b"PK\x03\x04rubbish", "workbook", "no readable workbook"),
        (b"SIMPLE  = rubbish", "fits", "FITS"),
        (b'{"a": 1}', "text", "is JSON with the keys a, no known form"),
        (b'[{"a": 1}, ', "text", "is damaged JSON"),
        (b"[[1, 2], [3, 4]]", "text", "no list of records"),
    ],
)
def test_what_is_no_table_is_refused(data, kind, told):
    with pytest.raises(Unreadable, match=told):
        read_tables(data, kind, "t")


def test_what_a_table_says_of_itself_survives_the_way():
    table = read("file,m\na,1\n\nb,2\nc,3,4\n")
    back = ReadTable.of(table.table, table.about())
    assert vars(back).keys() == vars(table).keys()
    assert back.rows.tolist() == [2, 4]
    assert back.refused_rows == table.refused_rows
    assert back.given == 3


def test_workbooks_and_utf16_are_known_by_their_first_bytes():
    assert table_kind("name,x\na,1\n".encode("utf-16")) == "text"
    assert table_kind(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") == "workbook"
    assert table_kind(b"PK\x03\x04" + b"\0" * 22 + b"\x05\0\0\0a.png") is None
    assert table_kind(b"name,x\n") is None
