"""Label files to compare with: read as import reads them, each cutout once."""

import io

import numpy as np
import pytest

from cloudchamber.data.job_requests import Joining
from cloudchamber.data.names import Names
from cloudchamber_worker.imaging.tables import read_tables
from cloudchamber_worker.steps.joining.label_files import compared_labels

NAMES = Names([f"crops/roi_{k}.png" for k in range(4)])


def compared(data: bytes | str, kind: str = "text"):
    tables = read_tables(data.encode() if isinstance(data, str) else data, kind, "l")
    return compared_labels(tables, NAMES, {1: "X-ray", 3: "muon"})


@pytest.mark.parametrize(
    "data",
    [
        "label,filename\nmuon,roi_0\nX-ray,roi_1\n",
        "image,label\ncrops/roi_0.png,muon\ncrops/roi_1.png,X-ray\n",
        "name;label\nroi_0;muon\nroi_1;X-ray\n",
        "roi_0,muon\nroi_1,X-ray\n",
        '{"classes": ["muon", "X-ray"], "labels": {"roi_0": 0, "roi_1": 1}}',
    ],
)
def test_whatever_import_reads_as_labels_is_read(data):
    found = compared(data)
    assert dict(zip(found.ordinals.tolist(), found.labels, strict=True)) == {0: "muon", 1: "X-ray"}
    assert (found.given, found.unknown, found.ambiguous, found.unusable) == (2, 0, 0, 0)


def test_the_seeds_array_is_read_by_its_numbers():
    out = io.BytesIO()
    np.save(out, np.array([[0, 1, 9], [3, 7, 1]]))
    found = compared(out.getvalue(), "npy")
    assert (found.ordinals.tolist(), found.labels) == ([0], ["muon"])
    assert (found.unknown, found.unusable) == (1, 1)


def test_rows_that_give_no_class_are_counted_by_why():
    found = compared(
        "name,annotator,label\nroi_0,anna,muon\nroi_0,bert,Muon\nroi_1,anna,muon\n"
        "roi_1,bert,electron\nroi_9,anna,muon\nroi_2,anna,NA\nroi_3\n"
    )
    assert (found.ordinals.tolist(), found.labels) == ([0], ["muon"])
    assert (found.given, found.unknown, found.unusable) == (7, 1, 2)
    assert (found.repeated, found.divided) == (1, 1)


def test_the_columns_asked_for_are_compared():
    text = "first,second,one,two\nroi_1,roi_0,muon,X-ray\nroi_2,roi_3,X-ray,muon\n"
    asked = Joining.model_validate({"key": "second", "label_column": "two"})

    found = compared_labels(read_tables(text.encode(), "text", "l"), NAMES, {}, asked)

    assert dict(zip(found.ordinals.tolist(), found.labels, strict=True)) == {0: "X-ray", 3: "muon"}
