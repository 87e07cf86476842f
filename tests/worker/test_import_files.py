import io

import numpy as np
import pytest
from astropy.io import fits

from cloudchamber.data import (
    columns,
    cutout_groups,
    cutouts,
    datasets,
    exposures,
    jobs,
    label_sets,
    labels,
)
from cloudchamber_worker.imaging.measurements import NAMES
from cloudchamber_worker.steps import intake
from fits_files import dark, fits_bytes
from import_inputs import exposure, png, zipped


def read(importer, name):
    with importer.database.read() as session:
        (column,) = columns.find_columns(session, importer.dataset_id, names=[name])
        return column, columns.read_column(session, column)


def names_in(importer):
    with importer.database.read() as session:
        return cutouts.names(session, importer.dataset_id)


def label_names(importer):
    with importer.database.read() as session:
        dataset = datasets.get_dataset(session, importer.dataset_id)
        label_set = label_sets.get_label_set(session, dataset.label_set_id)
        by_id = {c.id: c.name for c in label_set.classes} | {0: None}
        ids = labels.current(session, importer.dataset_id).class_id
        return label_set.name, [by_id[int(i)] for i in ids]


def test_an_exposure_becomes_cutouts_with_place_pixels_and_measurements(importer):
    report = importer.run({"a.fits": exposure((20, 30, 12), (90, 100, 1))})
    assert report["a.fits"].state == "in"
    assert report["a.fits"].n_cutouts == 2
    assert names_in(importer) == ["a:0", "a:1"]
    with importer.database.read() as session:
        first = cutouts.get_cutout(session, importer.dataset_id, 0)
        assert (first.x0, first.y0, first.width, first.height) == (17, 27, 18, 7)
        _, pixels, mask = next(cutouts.iter_pixels(session, importer.dataset_id))
        assert mask is not None and mask.sum() == 12
        assert pixels[mask].mean() == pytest.approx(500, abs=8)
        (frame,) = exposures.list_exposures(session, importer.dataset_id)
        assert frame.n_footprints == 2
        whole = exposures.read_image(session, frame.id)
        assert np.array_equal(whole[27:34, 17:35], pixels)
    assert read(importer, "pixels")[1].tolist() == [12, 1]
    assert read(importer, "charge")[0].unit == "ADU"
    assert read(importer, "x")[1].tolist() == pytest.approx([25.5, 90], abs=0.05)
    assert read(importer, "y")[1].tolist() == pytest.approx([30, 100], abs=0.05)
    assert read(importer, "x_file")[1].tolist() == pytest.approx([26.5, 91], abs=0.05)
    assert read(importer, "exposure")[0].categories == ["a"]


def test_a_bad_file_is_reported_and_the_others_go_on(importer):
    report = importer.run(
        {"good.fits": exposure((5, 5, 9)), "bad.fits": b"SIMPLE  = rubbish", "empty.png": b""}
    )
    assert {name: line.state for name, line in report.items()} == {
        "good.fits": "in", "bad.fits": "refused", "empty.png": "refused",
    }  # fmt: skip
    assert "FITS" in report["bad.fits"].reason
    assert report["empty.png"].reason == "is empty"


def test_two_crops_with_the_same_pixels_are_both_kept_and_shown(importer):
    report = importer.run({"set.zip": zipped({"a.png": png(3), "b.png": png(3), "c.png": png(5)})})
    assert [line.n_duplicates for line in report.values()] == [0, 1, 0]
    with importer.database.read() as session:
        assert cutouts.get_cutout(session, importer.dataset_id, 1).duplicate_of == 0


def test_the_same_import_twice_adds_nothing(importer):
    files = {"a.fits": exposure((20, 30, 12)), "set.zip": zipped({"x.png": png(3)})}
    importer.run(files)
    again = importer.run(files)
    assert names_in(importer) == ["a:0", "x"]
    assert {line.state for line in again.values()} == {"ignored"}
    assert all("imported before" in line.reason for line in again.values())
    with importer.database.read() as session:
        assert len(exposures.list_exposures(session, importer.dataset_id)) == 1


def test_the_same_name_with_other_pixels_gets_a_name_of_its_own(importer):
    importer.run({"set.zip": zipped({"a/x.png": png(3), "b/x.png": png(4)})})
    importer.run({"x.png": png(5), "a.fits": exposure((20, 30, 12))})
    importer.run({"a.fits": exposure((50, 60, 12), seed=5)})
    assert names_in(importer) == ["a/x", "b/x", "x.png", "a:0", "a~2:0"]


def test_an_import_that_was_killed_goes_on_without_doubling(importer, monkeypatch):
    files = {f"{k}.png": png(k) for k in range(1, 8)}
    whole = {"set.zip": zipped(files), "a.fits": exposure((20, 30, 12), (60, 60, 3))}
    job_id = importer.job(whole)
    monkeypatch.setattr(intake, "BATCH_CUTOUTS", 3)
    real, left = cutouts.append_cutouts, [2]

    def dies(*arguments):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*arguments)

    monkeypatch.setattr(cutouts, "append_cutouts", dies)
    with pytest.raises(KeyboardInterrupt):
        importer.attempt(job_id)
    assert 0 < len(names_in(importer)) < 9
    monkeypatch.setattr(cutouts, "append_cutouts", real)
    importer.attempt(job_id)
    assert names_in(importer) == [*(str(k) for k in range(1, 8)), "a:0", "a:1"]
    assert len(importer.report(job_id)) == 8
    assert len(read(importer, "pixels")[1]) == 9


def test_metadata_is_joined_by_file_name(importer):
    table = b"File,energy,kind\nx.png,1.5,a\ny,2.5,b\nz.png,9,c\n"
    report = importer.run(
        {"set.zip": zipped({"x.png": png(3), "y.png": png(4)}), "m.csv": ("metadata", table)}
    )
    assert "1 of 3 rows name no cutout" in report["m.csv"].reason
    assert read(importer, "energy")[1].tolist() == [1.5, 2.5]
    column, codes = read(importer, "kind")
    assert [(column.categories or [])[k] for k in codes] == ["a", "b"]


def test_names_keep_the_zeros_before_them(importer):
    members = {"000061.png": png(3), "000062.png": png(4)}
    importer.run(
        {
            "set.zip": zipped(members),
            "m.csv": ("metadata", b"object,energy\n000061,1.5\n000062,2.5\n"),
            "l.csv": ("labels", b"name,label\n000061,muon\n000062,electron\n"),
        }
    )
    assert read(importer, "energy")[1].tolist() == [1.5, 2.5]
    assert label_names(importer)[1] == ["muon", "electron"]


def test_prose_among_the_images_is_named_for_what_it_is(importer):
    prose = b"Taken in spring, with care.\nAsk us, please, before use.\n\nThanks.\n"
    members = {"x.png": png(3), "README": prose, "about.md": prose, "remarks.txt": prose}
    report = importer.run({"set.zip": zipped(members)})
    assert report["set.zip/x.png"].state == "in"
    for document in ("README", "about.md"):
        line = report[f"set.zip/{document}"]
        assert (line.state, line.reason) == ("ignored", "is a text for people, no data")
    assert report["set.zip/remarks.txt"].state == "refused"
    assert report["set.zip/remarks.txt"].reason == (
        "is text, neither a matrix of numbers nor a table with a header"
    )


def test_metadata_never_takes_the_place_of_a_measurement(importer):
    table = b"name,width\nx,777\n"
    importer.run({"x.png": png(3), "m.csv": ("metadata", table)})
    assert read(importer, "width")[1].tolist() == [1]
    assert read(importer, "width (metadata)")[1].tolist() == [777]


def test_later_metadata_fill_up_earlier_ones(importer):
    importer.run({"x.png": png(3), "m.csv": ("metadata", b"name,kind\nx,b\n")})
    importer.run({"y.png": png(4), "n.csv": ("metadata", b"name,kind\ny,a\n")})
    column, codes = read(importer, "kind")
    assert [(column.categories or [])[k] for k in codes] == ["b", "a"]


def test_labels_match_classes_whatever_their_spelling(importer):
    table = b"name,label\nx,x-ray\ny,Muon\nnobody,muon\n"
    report = importer.run(
        {"set.zip": zipped({"x.png": png(3), "y.png": png(4)}), "l.csv": ("labels", table)}
    )
    assert "1 of 3 rows name no cutout of this dataset (row 4: nobody)" in report["l.csv"].reason
    assert label_names(importer) == ("CCD tracks", ["X-ray", "muon"])


def test_labels_of_other_classes_make_a_label_set(importer):
    importer.run({"x.png": png(3), "l.csv": ("labels", b"name,label\nx,Pollen\n")})
    assert label_names(importer) == ("night", ["Pollen"])


def test_class_folders_become_labels_if_asked(importer):
    members = {"muon/x.png": png(3), "X-ray/y.png": png(4), "z.png": png(5)}
    importer.run({"set.zip": zipped(members)}, class_folders="labels")
    assert label_names(importer)[1] == ["muon", "X-ray", None]


def test_class_folders_may_be_groups(importer):
    members = {"run1/x.png": png(3), "run1/y.png": png(4), "run2/z.png": png(5)}
    importer.run({"set.zip": zipped(members)}, class_folders="groups")
    with importer.database.read() as session:
        groups = cutout_groups.groups(session, importer.dataset_id)
    assert groups[0] == groups[1] != groups[2]
    assert label_names(importer)[1] == [None] * 3


def test_the_seeds_label_array_is_read_by_its_numbers(importer):
    out = io.BytesIO()
    np.save(out, np.array([[0, 1, 2, 3], [3, 1, 5, 9]]))
    files = {f"{k}.png": png(k) for k in range(1, 5)}
    importer.run({"set.zip": zipped(files), "labels.npy": ("labels", out.getvalue())})
    assert label_names(importer)[1] == ["muon", "X-ray", "readout error", None]


def test_a_file_never_overrules_a_label(importer):
    importer.run({"x.png": png(3), "l.csv": ("labels", b"name,label\nx,muon\n")})
    importer.run({"l.csv": ("labels", b"name,label\nx,electron\n")})
    assert label_names(importer)[1] == ["muon"]


def test_a_master_bias_is_subtracted(importer):
    pattern = (np.arange(128) % 7 * 40).astype(np.uint16)
    files: dict[str, bytes | tuple[str, bytes]] = {
        f"b{k}.fits": ("bias", fits_bytes(fits.PrimaryHDU(dark((128, 128), seed=k) + pattern)))
        for k in range(3)
    }
    light = dark((128, 128), seed=9) + pattern
    light[40, 50:60] += 500
    files["light.fits"] = fits_bytes(fits.PrimaryHDU(light))
    importer.run(files, background="constant")
    assert names_in(importer) == ["light:0"]
    with importer.database.read() as session:
        (frame,) = exposures.list_exposures(session, importer.dataset_id)
    assert frame.calibration["bias"] is True


def test_cancel_stops_and_keeps_what_is_in_consistent(importer):
    from cloudchamber_worker.lease import JobCancelled

    job_id = importer.job({"a.fits": exposure((20, 30, 12)), "x.png": png(3)})
    with importer.database.write() as session:
        lease_free = jobs.request_cancel(session, job_id)
    assert lease_free == "cancelled"
    with pytest.raises((AssertionError, JobCancelled)):
        importer.attempt(job_id)
    assert names_in(importer) == []


def test_every_cutout_is_measured(importer):
    importer.run({"a.fits": exposure((20, 30, 12), (90, 100, 1))})
    with importer.database.read() as session:
        found = columns.find_columns(session, importer.dataset_id, "measurement")
        assert [c.name for c in found] == list(NAMES)
        assert {c.n for c in found} == {2}


@pytest.mark.parametrize(
    ("asked", "queued"),
    [(False, ["fit_map"]), (True, ["fit_map", "train_self_supervised"])],
)
def test_a_self_supervised_embedding_is_trained_afterwards_where_asked(importer, asked, queued):
    importer.run({"a.fits": exposure((20, 30, 12))}, self_supervised=asked)
    with importer.database.read() as session:
        found = jobs.list_jobs(session, dataset_id=importer.dataset_id)
    assert sorted(job.kind for job in found if job.parent_id) == queued
