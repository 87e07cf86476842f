"""Nothing that is brought goes missing from the account: odd names, parts, resumed imports."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from astropy.io import fits

from cloudchamber.data import cutouts, jobs
from cloudchamber.data.accounts import Part
from cloudchamber.services.account import sum_up
from cloudchamber_worker.imaging.sandbox import DecodedFile
from cloudchamber_worker.steps import intake
from cloudchamber_worker.steps.report_lines import MAX_PARTS, Line


def npy(pixels: np.ndarray) -> bytes:
    packed = io.BytesIO()
    np.save(packed, pixels)
    return packed.getvalue()


def flat(value: int, dtype: type = np.uint8) -> bytes:
    return npy(np.full((6, 7), value, dtype))


def grey_alpha(alpha: np.ndarray) -> bytes:
    """A PNG of grey 9 with 8 bits, and this alpha."""
    height, width = alpha.shape
    samples = np.stack([np.full_like(alpha, 9), alpha], -1).reshape(height, -1)
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    chunks = (
        (b"IHDR", struct.pack(">2I5B", width, height, 8, 4, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))
        for tag, body in chunks
    )


def paths_in(importer) -> list[str]:
    with importer.database.read() as session:
        return cutouts.paths(session, importer.dataset_id)


def account_of(report):
    return sum_up(report.values())


def test_a_file_called_as_the_second_of_another_is_no_less_taken(importer):
    files = [("x.npy", 1), ("x.npy", 2), ("x~2.npy", 3)]
    uploads = [{"id": importer.upload(name, flat(value)), "role": "data"} for name, value in files]
    with importer.database.write() as session:
        job_id = jobs.add_job(
            session, kind="import_files", queue="cpu", dataset_id=importer.dataset_id,
            params={"uploads": uploads}, key="twice", created_by=None,
        ).id  # fmt: skip
    importer.attempt(job_id)
    report = importer.report(job_id)
    assert len(report) == 3
    assert [line.n_cutouts for line in report.values()] == [1, 1, 1]
    assert len(paths_in(importer)) == 3
    assert account_of(report).files.given == 3


def test_a_page_that_is_a_question_waits_though_others_came_in(importer):
    packed = io.BytesIO()
    with tifffile.TiffWriter(packed) as tiff:
        tiff.write(np.full((20, 20), 5, np.uint16))
        tiff.write(np.zeros((300, 300), np.uint16))
    report = importer.run({"pages.tif": packed.getvalue()})
    line = report["pages.tif"]
    assert (line.state, line.n_cutouts) == ("in", 1)
    assert "300 x 300" in line.detail["question"]["text"]
    account = account_of(report)
    assert account.parts.needs_answer == 1
    assert not account.complete
    report = importer.run({"pages.tif": packed.getvalue()}, taken_as="crops")
    assert report["pages.tif"].n_cutouts == 1
    assert paths_in(importer) == ["pages.tif-0000", "pages.tif-0001"]


def test_what_is_said_of_every_image_is_said_once_with_their_number(importer):
    report = importer.run({"stack.npy": npy(np.zeros((60, 9, 9), np.float16))})
    notes = report["stack.npy"].detail["notes"]
    assert "its float16 values are kept as float32 (60 images)" in notes
    assert len(notes) == 2


def test_a_file_of_very_many_parts_has_an_account_of_a_size(importer):
    line = Line("huge.tif")
    for number in range(10_000):
        line.refuse_part(f"page {number}", "is damaged")
    line.close(DecodedFile("huge.tif", iter(())))
    parts = line.account.parts
    assert len(parts) == MAX_PARTS + 1
    assert parts[-1] == Part(name="9800 more", state="refused", reason="is damaged", n=9800)
    account = sum_up([line.row(1, importer.dataset_id)])
    assert account.parts.refused == 10_000
    assert "Parts of files: 10000 refused" in account.sentences


@pytest.mark.parametrize("stored", [1, 2, 3])
def test_a_killed_import_counts_what_it_had_stored(importer, monkeypatch, stored):
    stack = np.arange(6 * 9 * 9, dtype=np.uint16).reshape(6, 9, 9)
    stack[5] = stack[0]
    job_id = importer.job({"stack.npy": npy(stack), "one.npy": flat(1)})
    monkeypatch.setattr(intake, "BATCH_CUTOUTS", 2)
    real, left = cutouts.append_cutouts, [stored]

    def dies(*arguments):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*arguments)

    monkeypatch.setattr(cutouts, "append_cutouts", dies)
    with pytest.raises(KeyboardInterrupt):
        importer.attempt(job_id)
    monkeypatch.setattr(cutouts, "append_cutouts", real)
    importer.attempt(job_id)
    report = importer.report(job_id)
    assert [(line.state, line.reason) for line in report.values()] == [("in", "")] * 2
    assert (report["stack.npy"].n_cutouts, report["stack.npy"].n_duplicates) == (6, 1)
    assert account_of(report).n_cutouts == len(paths_in(importer)) == 7
    with importer.database.read() as session:
        result = session.get_one(jobs.Job, job_id).result
    assert result["added"] == 7


def test_another_mask_of_the_same_pixels_is_not_called_unchanged(importer):
    whole, half = np.full((6, 7), 255, np.uint8), np.full((6, 7), 255, np.uint8)
    half[:3] = 0
    importer.run({"m.png": grey_alpha(whole)})
    for alpha, state in ((half, "refused"), (whole, "ignored")):
        line = importer.run({"m.png": grey_alpha(alpha)})["m.png"]
        assert (line.state, "another mask" in line.reason) == (state, state == "refused")
    importer.run({"n.png": grey_alpha(half)})
    assert importer.run({"n.png": grey_alpha(half)})["n.png"].state == "ignored"
    assert "another mask" in importer.run({"n.png": grey_alpha(whole)})["n.png"].reason


def test_an_exposure_that_is_cut_otherwise_is_a_new_detection_of_it(importer):
    image = np.random.default_rng(3).normal(100, 3, (90, 90)).astype(np.float32)
    image[10, 10:20] += 60
    image[50, 30:40] += 500
    packed = io.BytesIO()
    fits.PrimaryHDU(image).writeto(packed)
    files = {"e.fits": packed.getvalue()}
    assert importer.run(files, threshold={"value": 300, "unit": "adu"})["e.fits"].n_cutouts == 1
    before = paths_in(importer)
    again = importer.run(files, threshold={"value": 30, "unit": "adu"})
    assert again["e.fits"].state == "in"
    assert "2 footprints: 1 keeps its cutout, 1 new, 0 gone" in " ".join(
        again["e.fits"].detail["notes"]
    )
    assert account_of(again).complete
    same = importer.run(files, threshold={"value": 30, "unit": "adu"})
    assert same["e.fits"].state == "ignored"
    assert paths_in(importer) == [*before, "e.fits:1"]


def test_a_table_among_the_bias_frames_is_named(importer):
    packed = io.BytesIO()
    fits.PrimaryHDU(np.random.default_rng(3).normal(100, 3, (40, 40))).writeto(packed)
    report = importer.run(
        {
            "b.fits": ("bias", packed.getvalue()),
            "b.csv": ("bias", b"image,class\na.png,dust\n"),
            "l.fits": packed.getvalue(),
        }
    )
    assert report["b.csv"].state == "refused"
    assert "no exposure" in report["b.csv"].reason
