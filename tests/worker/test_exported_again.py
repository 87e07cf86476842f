"""What was exported, imported into another dataset: the same labels, the same pixels."""

import io
import uuid
import zipfile

import numpy as np
import pytest

from cloudchamber.data import columns, cutouts, datasets, label_sets, labels, people
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.cutouts import NewCutout
from cloudchamber.data.database import Database
from cloudchamber.data.label_sets import NewClass
from cloudchamber.services.exports import ExportRequest, open_export

CLASSES = ["µ / slow", "con", "100%41"]


def pictures() -> list[np.ndarray]:
    """Twelve crops of three types, no two alike."""
    dice = np.random.default_rng(3)
    shapes = (np.uint8, np.uint16, np.float32)
    return [(dice.random((9, 11)) * 200 + k).astype(shapes[k % 3]) for k in range(12)]


@pytest.fixture
def source(database: Database) -> int:
    """Twelve cutouts in two folders with the same names in both; eleven have a label."""
    with database.write() as session:
        dataset = datasets.create_dataset(session, "first")
        label_set = label_sets.create_label_set(session, "odd", [NewClass(c) for c in CLASSES])
        dataset.label_set_id = label_set.id
        paths = [f"run{k % 2}/{k // 2}.png" for k in range(12)]
        new = [NewCutout(p, image) for p, image in zip(paths, pictures(), strict=True)]
        cutouts.append_cutouts(session, dataset.id, new)
        who = people.person_named(session, "tester").id
        for k, one in enumerate(label_set.classes):
            labels.record(
                session, dataset.id, who, str(uuid.uuid4()), list(range(k, 11, 3)), one.id
            )
        return dataset.id


def pixels_and_labels(database: Database, dataset_id: int) -> dict[bytes, str | None]:
    """The label of every cutout by its type and values."""
    with database.read() as session:
        dataset = datasets.get_dataset(session, dataset_id)
        names = {
            c.id: c.name
            for c in label_sets.get_label_set(session, dataset.label_set_id).all_classes
        }
        given = labels.current(session, dataset_id).class_id
        found = cutouts.iter_pixels(session, dataset_id)
        return {cutouts.content_hash(p): names.get(int(given[o])) for o, p, _ in found}


@pytest.mark.parametrize("with_table", [True, False])
def test_class_folders_come_back_with_labels_and_pixels(
    importer, database, source, with_table: bool
) -> None:
    file = open_export(database, source, ExportRequest("labels", "folders"))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(file.chunks)))
    files = {name: archive.read(name) for name in archive.namelist()}
    if not with_table:
        del files["labels.csv"]
    importer.run(files, class_folders="labels")
    want = {h: label for h, label in pixels_and_labels(database, source).items() if label}
    assert len(want) == 11
    assert pixels_and_labels(database, importer.dataset_id) == want


def test_columns_come_back_with_units(importer, database, source) -> None:
    values = np.arange(12) / 3
    with database.write() as session:
        spec = ColumnSpec("Länge", "Länge", "µm", "metadata", "float64")
        columns.write_column(session, source, spec, values)
        new = [
            NewCutout(p, i) for p, i in zip(cutouts.paths(session, source), pictures(), strict=True)
        ]
        cutouts.append_cutouts(session, importer.dataset_id, new)
    for form in ("fits", "votable", "ecsv", "parquet", "root"):
        file = open_export(database, source, ExportRequest("columns", form))
        importer.run({file.name: b"".join(file.chunks)})
        with database.read() as session:
            [column] = columns.find_columns(session, importer.dataset_id, names=["Länge"])
            assert column.unit == "µm"
            assert np.array_equal(columns.read_column(session, column), values)


@pytest.mark.parametrize("form", ["csv", "parquet", "votable", "fits", "ecsv", "ecotaxa", "root"])
def test_labels_come_back_onto_the_same_images(importer, database, source, form: str) -> None:
    with database.write() as session:
        paths = cutouts.paths(session, source)
        new = [NewCutout(p, image) for p, image in zip(paths, pictures(), strict=True)]
        cutouts.append_cutouts(session, importer.dataset_id, new)
    file = open_export(database, source, ExportRequest("labels", form))  # pyright: ignore[reportArgumentType]
    importer.run({file.name: ("labels", b"".join(file.chunks))})
    want = pixels_and_labels(database, source)
    assert pixels_and_labels(database, importer.dataset_id) == want


def masked(k: int) -> NewCutout:
    """A cutout of one of eight types, small and large, with a mask that no finder would draw."""
    dice = np.random.default_rng(k)
    shape = ((9, 11), (20, 17, 3), (2, 8), (5, 6, 3))[k % 4]
    dtype = (np.uint8, np.uint16, np.float32, np.int32)[k // 4]
    inside = dice.random(shape[:2]) < 0.5
    inside[0, :2] = False, True
    return NewCutout(f"m{k}.x", (dice.random(shape) * 200 + k).astype(dtype), inside)


@pytest.mark.parametrize("form", ["npy", "folders"])
def test_masks_come_back_with_the_pixels(importer, database, source, form: str) -> None:
    with database.write() as session:
        given = [masked(k) for k in range(16)]
        ordinals = cutouts.append_cutouts(session, source, given)
        who = people.person_named(session, "tester").id
        first = label_sets.get_label_set(
            session, datasets.get_dataset(session, source).label_set_id
        ).classes[0]
        labels.record(session, source, who, str(uuid.uuid4()), ordinals, first.id)
    what = "cutouts" if form == "npy" else "labels"
    file = open_export(database, source, ExportRequest(what, form))  # pyright: ignore[reportArgumentType]
    report = importer.run({"x.zip": b"".join(file.chunks)})
    assert not [line.reason for line in report.values() if line.state == "needs_answer"]
    with database.read() as session:
        back = {
            cutouts.content_hash(pixels): mask
            for _, pixels, mask in cutouts.iter_pixels(session, importer.dataset_id)
        }
    for new in given:
        mask = back[cutouts.content_hash(new.pixels)]
        assert mask is not None, (new.path, new.pixels.dtype, new.pixels.shape)
        assert new.mask is not None
        assert np.array_equal(mask, new.mask)
