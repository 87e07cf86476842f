"""Numbers of tables are the numbers of the file, or texts with a word why."""

import decimal
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables import read_tables


def read(text: str):
    (table,) = read_tables(text.encode(), "text", "t.csv")
    return table


def of_column(table, name: str) -> list:
    return table.table[name].to_pylist()


def test_a_whole_number_beyond_float64_among_decimals_stays_exact():
    table = read("name,gid\na,9007199254740993\nb,1.5\n")

    assert of_column(table, "gid") == ["9007199254740993", "1.5"]
    assert any("beyond 2^53" in note for note in table.notes)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["\u22121.5", "\u22122", "3"], [-1.5, -2.0, 3.0]),
        (["1.234,5", "12.345,6", "0,5"], [1234.5, 12345.6, 0.5]),
        (['"1,234.5"', '"12,345.6"', "7"], [1234.5, 12345.6, 7.0]),
    ],
)
def test_signs_and_thousands_with_one_meaning_are_numbers_and_said(cells, values):
    separator = "," if '"' in "".join(cells) else ";"
    rows = "".join(f"p{k}{separator}{cell}\n" for k, cell in enumerate(cells))

    table = read(f"name{separator}e\n{rows}")

    assert of_column(table, "e") == values
    assert any(note.startswith("e: ") for note in table.notes)


def test_points_before_three_digits_beside_decimal_commas_are_no_numbers():
    table = read("name;e;f\np0;1,5;1.234\np1;2,5;2.345\n")

    assert of_column(table, "e") == [1.5, 2.5]
    assert of_column(table, "f") == ["1.234", "2.345"]
    assert any("f: texts, since its points may stand between thousands" in n for n in table.notes)


def test_the_same_points_are_decimal_where_nothing_has_a_decimal_comma():
    assert of_column(read("name;f\np0;1.234\np1;2.345\n"), "f") == [1.234, 2.345]


def test_numbers_that_are_written_in_two_ways_are_texts_with_a_word():
    table = read("name;e\np0;1.234,5\np1;1,234.5\n")

    assert of_column(table, "e") == ["1.234,5", "1,234.5"]
    assert any("no number with one meaning" in note for note in table.notes)


def test_a_number_beyond_float64_is_not_called_infinite_in_the_file():
    table = read("name,e\na,1e400\nb,inf\nc,1\n")

    assert any("1 infinite values stay infinite" in note for note in table.notes)
    assert any("1 numbers beyond" in note for note in table.notes)


def test_whole_decimals_of_parquet_stay_exact_and_empty_texts_are_missing():
    sink = io.BytesIO()
    big = decimal.Decimal("12345678901234567890")
    parquet.write_table(
        pa.table({"big": [big, decimal.Decimal(1)], "small": [decimal.Decimal("1.25"), None],
                  "word": ["x", ""]}), sink)  # fmt: skip

    (table,) = read_tables(sink.getvalue(), "parquet", "t.parquet")

    assert of_column(table, "big") == ["12345678901234567890", "1"]
    assert of_column(table, "small") == [1.25, None]
    assert of_column(table, "word") == ["x", None]


def test_label_arrays_with_fractions_are_refused():
    sink = io.BytesIO()
    np.save(sink, np.array([[0.5, 1], [0, 1.7]]))

    with pytest.raises(Unreadable, match="fractions"):
        read_tables(sink.getvalue(), "npy", "labels.npy")


def test_predictions_in_fiftyone_samples_are_no_labels():
    truth = {"_cls": "Classification", "label": "muon"}
    guess = {"_cls": "Classification", "label": "worm", "confidence": 0.9}
    samples = [
        {"filepath": "/a/p0.png", "ground_truth": truth, "net": guess},
        {"filepath": "/a/p1.png", "net": guess},
        {"filepath": "/a/p2.png", "metadata": {"_cls": "ImageMetadata", "label": "zzz"}},
    ]

    (table,) = read_tables(json.dumps({"samples": samples}).encode(), "text", "s.json")

    assert of_column(table, "label") == ["muon"]
    assert [row for row, _ in table.ignored_rows] == [2, 3]
    assert any("predictions of a model are no labels: net" in note for note in table.notes)
