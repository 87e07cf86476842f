"""Labels of annotation tools: who said what about which image."""

import json

import pytest

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables import read_tables


def read(content) -> dict:
    data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    (table,) = read_tables(data, "text", "labels")
    return {
        "rows": [tuple(row.values()) for row in table.table.to_pylist()], "table": table,
        "columns": (table.key, table.label_column, table.annotator_column),
    }  # fmt: skip


def choice(*classes: str, by: int | dict[str, str] = 1, cancelled=False, kind="choices"):
    value = {"choices": list(classes)} if kind == "choices" else {"x": 1}
    return {
        "completed_by": by, "was_cancelled": cancelled,
        "result": [{"type": kind, "value": value}],
    }  # fmt: skip


def test_label_studio_json_keeps_annotators_apart_and_names_what_it_cannot_take():
    made = read(
        [
            {"data": {"image": "/data/upload/1/3f2a9c1d-a.png"}, "predictions": [{}],
             "annotations": [choice("muon"), choice("electron", by={"email": "b@x.org"})]},
            {"data": {"image": "b.png"}, "annotations": [choice("muon", "electron")]},
            {"data": {"image": "c.png"}, "annotations": [choice("muon", cancelled=True)]},
            {"data": {"image": "d.png"}, "annotations": []},
            {"data": {"image": "e.png"}, "annotations": [choice(kind="rectanglelabels")]},
        ]
    )  # fmt: skip
    assert made["rows"] == [
        ("/data/upload/1/3f2a9c1d-a.png", "muon", "annotator 1"),
        ("/data/upload/1/3f2a9c1d-a.png", "electron", "b@x.org"),
    ]
    table = made["table"]
    assert [row for row, _ in table.refused_rows] == [2, 5]
    assert [row for row, _ in table.ignored_rows] == [3, 4]
    assert "1 predictions" in table.notes[0]


def test_label_studio_csv_names_its_columns():
    made = read(
        "image,id,choice,annotator,annotation_id,created_at,lead_time\n"
        "/data/upload/1/3f2a9c1d-a.png,1,muon,7,1,2024-01-01T10:00:00Z,3.1\n"
        '/data/upload/1/8b77aa21-b.png,2,"{""choices"":[""electron""]}",8,2,'
        "2024-01-01T10:00:00Z,2.1\n"
    )
    assert made["columns"] == ("image", "choice", "annotator")
    assert [row[2:4] for row in made["rows"]] == [
        ("muon", "annotator 7"), ("electron", "annotator 8"),
    ]  # fmt: skip


def test_ecotaxa_tells_types_from_objects_and_predictions_from_labels():
    made = read(
        "object_id\tobject_area\tobject_annotation_category\tobject_annotation_status\n"
        "[t]\t[f]\t[t]\t[t]\n"
        "7\t1.5\tdiatom\tvalidated\n"
        "8\t2.5\tcopepod\tpredicted\n"
    )
    assert made["columns"] == ("object_id", "object_annotation_category", None)
    assert [row[:3] for row in made["rows"]] == [("7", 1.5, "diatom"), ("8", 2.5, None)]
    assert made["table"].ignored_rows == [(2, "is EcoTaxa's row of types")]
    assert any("1 categories are not validated" in note for note in made["table"].notes)


def test_coco_gives_one_label_to_an_image_of_one_category():
    made = read(
        {
            "images": [{"id": k, "file_name": f"{k}.png"} for k in range(1, 5)],
            "categories": [{"id": 10, "name": "muon"}, {"id": 11, "name": "electron"}],
            "annotations": [
                {"image_id": 1, "category_id": 10, "bbox": [0, 0, 1, 1]},
                {"image_id": 1, "category_id": 10, "bbox": [2, 2, 1, 1]},
                {"image_id": 2, "category_id": 10},
                {"image_id": 2, "category_id": 11},
                {"image_id": 4, "category_id": 99},
                {"image_id": 77, "category_id": 10},
            ],
        }
    )
    assert made["rows"] == [("1.png", "muon")]
    table = made["table"]
    assert [row for row, _ in table.refused_rows] == [2, 4]
    assert [row for row, _ in table.ignored_rows] == [3]
    assert "images that are not listed (1)" in table.notes[0]


@pytest.mark.parametrize(
    "content",
    [
        {"samples": [
            {"filepath": "d/a.png", "ground_truth": {"label": "muon"},
             "predictions": {"label": "x"}},
            {"filepath": "d/b.png", "tags": {"classifications": [{"label": "electron"}]}},
            {"filepath": "d/c.png", "ground_truth": None},
        ]},
        {"classes": ["muon", "electron"],
         "labels": {"d/a.png": 0, "d/b.png": {"label": 1}, "d/c.png": None}},
        {"classes": None, "labels": {"d/a.png": "muon", "d/b.png": ["electron"], "d/c.png": None}},
    ],
)  # fmt: skip
def test_fiftyone_is_read_in_both_of_its_forms(content):
    made = read(content)
    assert made["rows"] == [("d/a.png", "muon"), ("d/b.png", "electron")]
    assert [row for row, _ in made["table"].ignored_rows] == [3]


def test_a_list_of_records_is_a_table():
    made = read([{"name": "a", "x": 1.5, "box": [1]}, {"name": "b", "label": "muon"}])
    assert made["rows"] == [("a", 1.5, None), ("b", None, "muon")]
    assert "lists" in made["table"].left_out["box"]
    made = read('{"name": "a", "x": 1}\n{"name": "b", "x": 2}\n')
    assert made["rows"] == [("a", 1), ("b", 2)]


def test_json_of_no_known_form_is_refused_with_what_it_is():
    with pytest.raises(Unreadable, match=r"keys version, data.*Label Studio"):
        read({"version": 1, "data": []})
