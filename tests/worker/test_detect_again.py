"""A new detection of an exposure: what keeps its cutout, what is carried over, and the way back."""

import uuid

import numpy as np
import pytest
from astropy.io import fits

from cloudchamber.data import (
    columns,
    cutout_groups,
    cutouts,
    datasets,
    detections,
    exposures,
    jobs,
    judgements,
    known_cutouts,
    label_reads,
    label_sets,
    labels,
    leases,
    people,
    retired,
)
from cloudchamber.data.job_requests import KINDS
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.registry import find_task
from cloudchamber_worker.steps import redetecting
from cloudchamber_worker.steps.reconstructors import remembered_rows
from cloudchamber_worker.steps.snapshot import freeze_labels
from fits_files import dark, fits_bytes

MUON, XRAY = "muon", "X-ray"


@pytest.fixture
def bench(importer):
    return Bench(importer)


class Bench:
    """One dataset of exposures, labelled by name."""

    def __init__(self, importer) -> None:
        self.importer, self.database = importer, importer.database
        self.dataset_id = importer.dataset_id

    def run(self, kind: str, **params) -> dict:
        return self.attempt(kind, self.job(kind, **params))

    def job(self, kind: str, **params) -> int:
        checked = KINDS[kind].params.model_validate(params).model_dump(mode="json")
        with self.database.write() as session:
            return jobs.add_job(
                session, kind=kind, queue="cpu", dataset_id=self.dataset_id, params=checked,
                key=str(uuid.uuid4()),
            ).id  # fmt: skip

    def attempt(self, kind: str, job_id: int) -> dict:
        with self.database.write() as session:
            lease = leases.claim(session, job_id, owner="t", seconds=-1.0, max_attempts=99)
        assert lease is not None
        find_task(kind)(JobContext(self.database, lease, self.importer.told.append))
        with self.database.read() as session:
            result = session.get_one(jobs.Job, job_id).result
        assert result is not None
        return result

    def detect(self, adu: float, **params) -> dict:
        return self.run("detect_again", threshold={"value": adu, "unit": "adu"}, **params)

    def label(self, ordinal: int, name: str, note: str | None = None) -> None:
        with self.database.write() as session:
            dataset = datasets.get_dataset(session, self.dataset_id)
            label_set = label_sets.get_label_set(session, dataset.label_set_id)
            class_id = next(c.id for c in label_set.classes if c.name == name)
            who = people.person_named(session, "tester").id
            labels.record(
                session, self.dataset_id, who, str(uuid.uuid4()), [ordinal], class_id, note=note
            )

    def classes(self) -> list[str | None]:
        with self.database.read() as session:
            dataset = datasets.get_dataset(session, self.dataset_id)
            label_set = label_sets.get_label_set(session, dataset.label_set_id)
            names = {c.id: c.name for c in label_set.classes} | {0: None}
            return [names[int(i)] for i in labels.current(session, self.dataset_id).class_id]

    def shown(self) -> list[str]:
        with self.database.read() as session:
            return [c.name for c in cutouts.find_cutouts(session, self.dataset_id)]

    def state(self) -> list[tuple]:
        """Everything that is stored of the cutouts shown, byte for byte."""
        with self.database.read() as session:
            found = []
            for c in cutouts.find_cutouts(session, self.dataset_id):
                kept = session.get_one(cutouts.CutoutPixels, c.id)
                facts = cutouts.Cutout.__table__.columns.keys()
                found.append(
                    (
                        *(getattr(c, name) for name in facts),
                        kept.dtype, kept.shape, kept.codec, bytes(kept.pixels),
                        None if kept.mask is None else bytes(kept.mask),
                    )
                )  # fmt: skip
            return found

    def column(self, name: str) -> list[float]:
        with self.database.read() as session:
            (column,) = columns.find_columns(session, self.dataset_id, names=[name])
            return columns.read_column(session, column).tolist()

    def exposure(self) -> exposures.Exposure:
        with self.database.read() as session:
            return exposures.list_exposures(session, self.dataset_id)[0]


def frame(*tracks: tuple[int, int, int, int], seed: int = 0) -> bytes:
    """A dark with horizontal tracks (x, y, length, height above the level)."""
    image = dark((128, 128), seed=seed).astype(np.float32)
    for x, y, length, high in tracks:
        image[y, x : x + length] += high
    return fits_bytes(fits.PrimaryHDU(image))


# Two bright tracks joined by a faint bridge, a bright track, and a faint one.
JOINED = [(20, 30, 10, 500), (30, 30, 6, 100), (36, 30, 4, 500)]
TRACKS = [*JOINED, (70, 60, 9, 500), (90, 100, 7, 100)]
HIGH, LOW = 250.0, 60.0


def at(adu: float) -> dict:
    return {"threshold": {"value": adu, "unit": "adu"}}


def test_a_footprint_that_is_found_again_keeps_its_cutout_and_its_label(bench):
    bench.importer.run({"a.fits": frame((70, 60, 9, 500))}, **at(HIGH))
    bench.label(0, MUON, note="straight")
    bench.detect(490.0)
    assert bench.shown() == ["a:0"]
    assert bench.classes() == [MUON]


def test_a_lower_threshold_appends_what_is_new(bench):
    bench.importer.run({"a.fits": frame((70, 60, 9, 500), (90, 100, 7, 100))}, **at(HIGH))
    result = bench.detect(LOW)
    assert bench.shown() == ["a:0", "a:1"]
    assert (result["kept"], result["added"], result["gone"]) == (1, 1, 0)
    assert len(bench.column("pixels")) == 2


def test_where_two_become_one_the_larger_keeps_its_label_and_the_other_is_reported(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    assert bench.shown() == ["a:0", "a:1", "a:2"]
    bench.label(0, MUON)
    bench.label(1, XRAY, note="short")
    result = bench.detect(LOW)
    assert bench.shown() == ["a:0", "a:2", "a:3"]
    assert bench.classes() == [MUON, None, None, None]
    assert (result["labels_kept"], result["labels_lost"], result["merged"]) == (1, 1, 1)
    (lost,) = result["lost"]
    assert (lost["name"], lost["label"], lost["note"], lost["same"]) == ("a:1", XRAY, True, False)
    assert lost["why"] == "is one footprint with a:0 now, which is muon"


def test_where_the_class_is_the_same_it_is_said(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    bench.label(0, MUON)
    bench.label(1, MUON)
    assert bench.detect(LOW)["lost"][0]["same"]


def test_where_one_becomes_two_the_larger_part_keeps_the_label(bench):
    bench.importer.run({"a.fits": frame(*JOINED)}, **at(LOW))
    bench.label(0, MUON)
    result = bench.detect(HIGH)
    assert bench.classes() == [MUON, None]
    assert result["split"] == 1
    with bench.database.read() as session:
        whole = cutouts.get_cutout(session, bench.dataset_id, 0)
        part = cutouts.get_cutout(session, bench.dataset_id, 1)
    assert (whole.x0 or 0) < (part.x0 or 0)


def test_a_label_on_what_is_gone_is_reported(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(LOW))
    bench.label(2, XRAY)
    result = bench.detect(HIGH)
    (lost,) = result["lost"]
    assert (lost["label"], lost["why"]) == (XRAY, "no footprint is there now")


def test_one_undo_brings_everything_back_byte_for_byte(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    bench.label(1, XRAY)
    before, record = bench.state(), bench.exposure().calibration
    measured = {name: bench.column(name) for name in ("charge", "x", "image_width")}
    result = bench.detect(LOW)
    assert bench.state() != before
    bench.run("bring_back_detections", detection_ids=result["undo"])
    assert bench.state() == before
    assert bench.exposure().calibration == record
    for name, values in measured.items():
        assert bench.column(name)[: len(values)] == values


def test_an_undo_can_be_undone(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    result = bench.detect(LOW)
    after = bench.state()
    undone = bench.run("bring_back_detections", detection_ids=result["undo"])
    bench.run("bring_back_detections", detection_ids=undone["undo"])
    assert bench.state() == after


def test_the_same_detection_again_is_the_one_that_was_taken_back(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    first = bench.detect(LOW)
    after = bench.state()
    bench.run("bring_back_detections", detection_ids=first["undo"])
    again = bench.detect(LOW)
    assert (again["undo"], bench.state()) == (first["undo"], after)
    with bench.database.read() as session:
        assert len(detections.list_detections(session, bench.exposure().id)) == 2


def test_a_label_given_between_a_detection_and_its_undo_is_kept(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    result = bench.detect(LOW)
    bench.label(2, MUON)
    bench.label(3, XRAY)
    bench.run("bring_back_detections", detection_ids=result["undo"])
    assert bench.classes() == [None, None, MUON, None]
    bench.run("bring_back_detections", detection_ids=[result["detections"][0]["detection_id"]])
    assert bench.classes() == [None, None, MUON, XRAY]


def test_places_and_measurements_are_those_of_the_new_footprint(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    bench.detect(LOW)
    assert bench.column("pixels") == [20, 4, 9, 7]
    with bench.database.read() as session:
        for row in cutouts.find_cutouts(session, bench.dataset_id):
            x, width = bench.column("x")[row.ordinal], bench.column("image_width")[row.ordinal]
            x0 = row.x0 or 0
            assert x0 <= x < x0 + row.width
            assert width == row.width


def test_a_detection_that_changes_nothing_is_none(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    before = bench.state()
    result = bench.detect(HIGH)
    assert (result["undo"], bench.state()) == ([], before)
    with bench.database.read() as session:
        assert detections.list_detections(session, bench.exposure().id) == []


def test_the_same_file_with_another_threshold_is_a_new_detection(bench):
    files = {"a.fits": frame(*TRACKS)}
    bench.importer.run(files, **at(HIGH))
    bench.label(0, MUON)
    bench.label(1, XRAY)
    line = bench.importer.run(files, **at(LOW))["a.fits"]
    assert (line.state, line.n_cutouts) == ("in", 1)
    told = " ".join(line.detail["notes"])
    assert "3 footprints: 2 keep their cutouts, 1 new, 1 gone, of which 1 labelled" in told
    assert "a.fits:1" not in told and "a:1 (X-ray) could not be carried over" in told
    assert bench.shown() == ["a:0", "a:2", "a:3"]
    assert bench.importer.run(files, **at(LOW))["a.fits"].state == "ignored"
    with bench.database.read() as session:
        assert len(exposures.list_exposures(session, bench.dataset_id)) == 1


def test_a_detection_by_import_and_one_of_the_kept_frame_are_the_same(bench):
    files = {"a.fits": frame(*TRACKS)}
    bench.importer.run(files, **at(HIGH))
    bench.importer.run(files, threshold={"value": 5.0, "unit": "sigma"})
    by_import = bench.state()
    bench.detect(HIGH)
    bench.run("detect_again", threshold={"value": 5.0, "unit": "sigma"})
    assert bench.state() == by_import


def test_a_cutout_that_was_gone_comes_back_with_its_label_where_it_is_found_again(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(LOW))
    bench.label(2, XRAY, note="faint")
    bench.detect(HIGH)
    assert bench.classes()[2] is None
    result = bench.detect(LOW + 1)
    assert (result["returned"], result["added"], result["labels_kept"]) == (1, 0, 1)
    assert bench.classes()[2] == XRAY


def test_an_import_that_is_killed_after_its_detection_goes_on_without_a_second(bench, monkeypatch):
    files = {"a.fits": frame(*TRACKS)}
    bench.importer.run(files, **at(HIGH))
    job_id = bench.importer.job(files, **at(LOW))
    real = redetecting.detect

    def dies(*arguments, **more):
        real(*arguments, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(redetecting, "detect", dies)
    with pytest.raises(KeyboardInterrupt):
        bench.importer.attempt(job_id)
    monkeypatch.setattr(redetecting, "detect", real)
    bench.importer.attempt(job_id)
    line = bench.importer.report(job_id)["a.fits"]
    assert (line.state, line.n_cutouts) == ("in", 1)
    assert bench.shown() == ["a:0", "a:2", "a:3"]
    with bench.database.read() as session:
        assert len(detections.list_detections(session, bench.exposure().id)) == 2


@pytest.mark.parametrize("dying", ["add_detection", "write_measured"])
def test_a_worker_killed_within_leaves_the_old_detection_whole(bench, monkeypatch, dying):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    before = bench.state()
    job_id = bench.job("detect_again", **at(LOW))
    where = detections if dying == "add_detection" else redetecting
    real = getattr(where, dying)

    def dies(*arguments, **more):
        real(*arguments, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(where, dying, dies)
    with pytest.raises(KeyboardInterrupt):
        bench.attempt("detect_again", job_id)
    assert bench.state() == before
    monkeypatch.setattr(where, dying, real)
    bench.attempt("detect_again", job_id)
    assert bench.shown() == ["a:0", "a:2", "a:3"]


def test_a_worker_killed_between_two_exposures_leaves_each_whole(bench, monkeypatch):
    bench.importer.run({"a.fits": frame(*TRACKS), "b.fits": frame(*TRACKS, seed=4)}, **at(HIGH))
    job_id = bench.job("detect_again", **at(LOW))
    real, left = detections.add_detection, [1]

    def dies(*arguments, **more):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*arguments, **more)

    monkeypatch.setattr(detections, "add_detection", dies)
    with pytest.raises(KeyboardInterrupt):
        bench.attempt("detect_again", job_id)
    monkeypatch.setattr(detections, "add_detection", real)
    result = bench.attempt("detect_again", job_id)
    assert (result["kept"], result["added"], result["gone"]) == (4, 2, 2)
    with bench.database.read() as session:
        for one in exposures.list_exposures(session, bench.dataset_id):
            assert len(detections.list_detections(session, one.id)) == 2


def test_an_exposure_that_was_not_kept_says_to_import_it_again(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, keep_exposures=False, **at(HIGH))
    with pytest.raises(JobError, match="was not kept: bring its file once more"):
        bench.detect(LOW)


def test_another_background_is_searched_on_the_kept_frame(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, background="constant", **at(HIGH))
    bench.detect(HIGH - 10, background="columns")
    assert bench.exposure().calibration["background"] == "columns"
    with pytest.raises(JobError, match="for the dark scaled, bring its file"):
        bench.detect(HIGH, scale_dark=True)


def test_hot_pixels_of_kept_frames_are_masked_and_stay_so(bench):
    files = {
        f"{k}.fits": frame((20 + 20 * k, 30, 8, 300), (100, 90, 2, 300), seed=k) for k in range(4)
    }
    bench.importer.run(files, **at(100))
    assert len(bench.shown()) == 8
    bench.detect(100, mask_hot=True)
    assert bench.shown() == ["0:0", "1:0", "2:0", "3:0"]
    assert bench.exposure().calibration["masked"] == {"hot pixels": 2}
    bench.detect(90, mask_hot=True)
    assert len(bench.shown()) == 4


def test_what_is_retired_is_counted_nowhere(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    for ordinal, name in enumerate((MUON, XRAY, MUON)):
        bench.label(ordinal, name)
    bench.detect(LOW)
    with bench.database.read() as session:
        who = people.person_named(session, "tester").id
        assert (
            sum(label_reads.counts(session, [bench.dataset_id], who)[bench.dataset_id].values())
            == 2
        )
        (judged,) = judgements.by_annotator(session, bench.dataset_id)
        assert judged.ordinals.tolist() == [0, 2]
        assert retired.live_paths(session, bench.dataset_id)[1] == "\0001"
        assert retired.live(session, bench.dataset_id, 4).tolist() == [0, 2, 3]
        assert len(known_cutouts.hashes_by_path(session, bench.dataset_id)) == 4


def test_a_training_does_not_learn_from_what_is_retired(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    for ordinal, name in enumerate((MUON, XRAY, MUON)):
        bench.label(ordinal, name)
    bench.detect(LOW)
    journal = Journal(None, lambda _: None)
    with bench.database.read() as session:
        assert freeze_labels(session, bench.dataset_id, None, journal).rows.tolist() == [0, 2]
        assert remembered_rows(session, bench.dataset_id, journal, 4).tolist() == [0, 2, 3]
        hashes = cutout_groups.canonical_hashes(session, bench.dataset_id)
    assert [digest is None for digest in hashes] == [False, True, False, False]


def test_a_look_at_an_exposure_brings_its_bright_pixels(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    before = bench.state()
    seen = bench.run("look_at_exposure", exposure_id=bench.exposure().id)
    assert seen["n_bright"] >= 36 and seen["noise"] == pytest.approx(6, abs=0.5)
    assert bench.state() == before


def test_a_table_that_names_a_retired_cutout_names_none(bench):
    bench.importer.run({"a.fits": frame(*TRACKS)}, **at(HIGH))
    bench.detect(LOW)
    line = bench.importer.run({"l.csv": ("labels", b"name,label\na:0,muon\na:1,muon\n")})["l.csv"]
    assert "1 of 2 rows name no cutout" in line.reason
    assert bench.classes() == [MUON, None, None, None]


def test_a_retired_cutout_is_no_duplicate_and_has_none(bench):
    files = {"a.fits": frame(*TRACKS), "b.fits": frame(*TRACKS)}
    bench.importer.run(files, **at(HIGH))

    def pairs():
        with bench.database.read() as session:
            found = cutouts.find_cutouts(session, bench.dataset_id, duplicates=True)
            return [(c.ordinal, c.duplicate_of) for c in found]

    assert pairs() == [(3, 0), (4, 1), (5, 2)]
    first = bench.exposure().id
    result = bench.detect(LOW, exposure_ids=[first])
    assert pairs() == [(5, 2)]
    bench.run("bring_back_detections", detection_ids=result["undo"])
    assert pairs() == [(3, 0), (4, 1), (5, 2)]


@pytest.mark.parametrize("first", ["constant", "columns", "mesh"])
@pytest.mark.parametrize("then", ["constant", "columns", "mesh"])
def test_another_background_is_that_of_an_import_with_it(bench, first, then):
    glow = 200 * np.exp(-np.hypot(*np.mgrid[:128, :128]) / 40)
    image = dark((128, 128)) + glow
    image[90, 60:80] += 300
    data = fits_bytes(fits.PrimaryHDU(image.astype(np.float32)))
    bench.importer.run({"a.fits": data}, background=then, **at(100))
    wanted = bench.column("charge")
    other = fits_bytes(fits.PrimaryHDU((image + 1).astype(np.float32)))
    bench.importer.run({"b.fits": other}, background=first, **at(100))
    with bench.database.read() as session:
        second = exposures.list_exposures(session, bench.dataset_id)[1].id
    bench.detect(100, exposure_ids=[second], background=then)
    with bench.database.read() as session:
        found = cutouts.of_exposure(session, second)
        charges = [bench.column("charge")[c.ordinal] for c in found]
    assert sorted(charges) == pytest.approx(sorted(wanted), rel=0.01)


def test_the_noise_and_saturation_of_a_kept_frame_are_those_of_its_import(bench):
    image = dark((128, 128)) + (np.arange(128) / 2).astype(np.uint16)
    image[90, 60:80], image[40, 20:26] = 1400, 65535
    bench.importer.run({"a.fits": fits_bytes(fits.PrimaryHDU(image))}, background="mesh")
    before = bench.state()
    (same,) = bench.run("detect_again", background="mesh")["detections"]
    assert same["detection_id"] is None
    assert bench.state() == before
