"""The look before an import: what would become of everything, and nothing is changed."""

import json

import numpy as np
import pytest
from astropy.io import fits

from cloudchamber.data import cutouts, jobs, known_cutouts, leases, looks, people
from cloudchamber.data.job_requests import KINDS
from cloudchamber.data.looks import Look
from cloudchamber_worker.imaging.detection import find_footprints
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.tasks import look as look_task
from fits_files import dark, fits_bytes
from import_inputs import exposure, png, zipped


def unpack(packed: bytes) -> dict[str, np.ndarray]:
    head = int.from_bytes(packed[:4], "little")
    start = 4 + head + -(4 + head) % 8
    items = json.loads(packed[4 : 4 + head])["items"]
    return {
        item["name"]: np.frombuffer(
            packed[start + item["offset"] :][: item["nbytes"]], item["dtype"]
        ).reshape(item["shape"])
        for item in items
    }


@pytest.fixture
def look(importer):
    """Looks at files without a dataset, or into the importer's."""

    def run(files, into=False, **params) -> tuple[Look, int]:
        job_id = importer.job(files, **params)
        with importer.database.write() as session:
            job = session.get_one(jobs.Job, job_id)
            refs = job.params["uploads"]
            who = people.person_named(session, "tester")
            checked = KINDS["look"].params.model_validate({"uploads": refs, **params})
            looked = jobs.add_job(
                session, kind="look", queue="cpu",
                dataset_id=importer.dataset_id if into else None,
                params=checked.model_dump(mode="json"), key=f"look-{job_id}", created_by=who.id,
            ).id  # fmt: skip
        with importer.database.write() as session:
            lease = leases.claim(session, looked, owner="test", seconds=-1.0, max_attempts=99)
        assert lease is not None
        look_task.run(JobContext(importer.database, lease, importer.told.append))
        with importer.database.read() as session:
            return Look.model_validate(session.get_one(jobs.Job, looked).result), looked

    return run


def test_files_are_told_apart_with_why_and_nothing_is_stored(importer, look):
    looked, _ = look(
        {
            "night/a.fits": exposure((20, 30, 12), (90, 100, 1)),
            "night/b.png": png(3),
            "night/labels.csv": b"name,label\nb,muon\nc,electron\n",
            "night/broken.png": b"\x89PNG\r\n\x1a\nnothing",
        }
    )
    assert looked.suggested_name == "night"
    by_name = {file.name: file for file in looked.files}
    assert by_name["night/a.fits"].taken_for == "exposure"
    assert by_name["night/b.png"].taken_for == "crop"
    assert by_name["night/labels.csv"].taken_for == "labels"
    assert by_name["night/broken.png"].state == "refused"
    assert "damaged" in by_name["night/broken.png"].reason
    assert looked.sentences[0] == "3 new cutouts from 4 files"
    (table,) = looked.tables
    assert (table.file, table.key, table.label_column) == ("night/labels.csv", "name", "label")
    assert (table.rows.given, table.rows.joined, table.rows.refused) == (2, 1, 1)
    with importer.database.read() as session:
        assert cutouts.paths(session, importer.dataset_id) == []


def test_the_bright_pixels_give_the_footprints_of_any_threshold(importer, look):
    image = dark((200, 1300), seed=3)
    for row, length in ((20, 12), (60, 3), (90, 1)):
        image[row, 700 : 700 + length] += 400
    whole = fits_bytes(fits.PrimaryHDU(image))
    looked, job_id = look({"a.fits": whole})
    assert looked.exposure is not None
    with importer.database.read() as session:
        packed = looks.get_preview(session, job_id).exposure
    assert packed is not None
    found = unpack(packed)
    assert looked.exposure.scale == 2
    assert found["image"].shape == (100, 650)
    for sigma in (4.0, 6.0, 20.0):
        above = np.zeros(200 * 1300, bool)
        above[found["index"][found["sigma"] > sigma]] = True
        counted = len(find_footprints(above.reshape(200, 1300))[1])
        importer_look, _ = look({"a.fits": whole}, threshold={"value": sigma, "unit": "sigma"})
        cutouts_word = "cutout" if counted == 1 else "cutouts"
        assert importer_look.sentences[0] == f"{counted} new {cutouts_word} from 1 file"


def test_folders_are_offered_as_classes(look):
    members = {"muon/x.png": png(3), "muon/w.png": png(2), "X-ray/y.png": png(4), "z.png": png(5)}
    looked, _ = look({"set.zip": zipped(members)})
    assert [(c.name, c.n) for c in looked.classes] == [("muon", 2), ("X-ray", 1)]
    assert looked.n_without_folder == 1
    assert looked.label_sets[0].matches == 2
    assert looked.suggested_name == "set"
    assert looked.n_crops_shown == 4


def test_a_lone_matrix_of_numbers_is_a_question_and_a_folder_of_them_images(importer, look):
    def text(k: int) -> bytes:
        return "\n".join(
            ",".join("01"[(i + j) % k == 0] for i in range(9 + k)) for j in range(9)
        ).encode()

    looked, _ = look({"lone.csv": text(3)})
    assert looked.files[0].state == "needs_answer"
    assert looked.files[0].question is not None
    assert {a.value for a in looked.files[0].question.answers} == {"yes", "no"}
    folder = {f"m/{k}.csv": text(k) for k in range(2, 9)}
    looked, _ = look({"m.zip": zipped(folder)})
    assert looked.sentences[0] == "7 new cutouts from 7 files"
    report = importer.run({"lone.csv": text(3), "m.zip": zipped(folder)})
    assert report["lone.csv"].state == "needs_answer"
    assert {line.state for name, line in report.items() if name != "lone.csv"} == {"in"}
    with importer.database.read() as session:
        assert len(cutouts.paths(session, importer.dataset_id)) == 7


def test_what_is_there_already_is_told(importer, look):
    importer.run({"x.png": png(3), "l.csv": ("labels", b"name,label\nx,muon\n")})
    looked, _ = look({"x.png": png(3), "l.csv": ("labels", b"name,label\nx,electron\n")}, into=True)
    assert looked.sentences[:2] == [
        "0 new cutouts from 2 files",
        "1 cutout is there already, with the same path and pixels",
    ]
    (table,) = looked.tables
    (asked,) = table.questions
    assert {a.param for a in asked.answers} == {"existing_labels"}


def test_copies_and_paths_that_are_taken_are_told_as_the_import_does_it(importer, look):
    importer.run({"x.png": png(3), "y.png": png(4)})
    files = {"x.png": png(5), "d/a.png": png(3), "d/b.png": png(6), "e/b.png": png(6)}
    looked, _ = look(files, into=True)
    assert looked.sentences == [
        "4 new cutouts from 4 files",
        "2 of them have the pixels of a cutout with another path: duplicates, kept and marked",
        "1 of them has the path of a cutout with other pixels: kept under a path with a number",
    ]
    importer.run(files)
    with importer.database.read() as session:
        paths = known_cutouts.paths_from(session, importer.dataset_id, 0)
    assert paths == {
        "x.png": False, "y.png": False,
        "x~2.png": False, "d/a.png": True, "d/b.png": False, "e/b.png": True,
    }  # fmt: skip


def test_a_bias_frame_is_offered_for_the_master(look):
    image = fits.PrimaryHDU(dark((64, 64)))
    image.header["OBJECT"] = "Bias"
    looked, _ = look({"b21.fits": fits_bytes(image), "a.fits": exposure((20, 30, 12))})
    bias = next(file for file in looked.files if file.name == "b21.fits")
    assert (bias.taken_for, bias.state) == ("bias", "needs_answer")
    assert bias.question is not None
    assert [(a.param, a.value) for a in bias.question.answers] == [
        ("role", "bias"),
        ("taken_as", "exposures"),
    ]
