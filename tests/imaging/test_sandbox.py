import gzip
import io
import os
import sys
import tarfile
import zipfile

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from cloudchamber_worker.imaging import sandbox
from fits_files import dark, fits_bytes


def png(value: int = 5) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((4, 5), value, np.uint8)).save(out, "PNG")
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_exposures_arrive_with_header_and_pixels(decoded):
    image = dark()
    packed = gzip.compress(fits_bytes(fits.PrimaryHDU(image)))
    ((name, (item,), refused),) = decoded(packed, "night.fits.gz")
    assert (name, refused, item.kind, item.name) == (
        "night.fits.gz",
        None,
        "frame",
        "night.fits.gz",
    )
    assert np.array_equal(item.pixels, image)
    assert item.about["header"]["NAXIS1"] == 96


def test_a_damaged_member_harms_no_neighbour(decoded):
    data = zipped({"a/one.png": png(1), "a/two.png": png()[:40], "b/three.png": png(3)})
    found = {name: (len(items), told) for name, items, told in decoded(data, "set.zip")}
    assert found["set.zip/a/one.png"] == (1, None)
    assert found["set.zip/b/three.png"] == (1, None)
    assert found["set.zip/a/two.png"][0] == 0
    assert "damaged PNG" in found["set.zip/a/two.png"][1]


def test_what_programs_leave_in_folders_is_ignored_and_told(decoded):
    copy = "a/.ipynb_checkpoints/x-checkpoint.png"
    data = zipped({"a/.DS_Store": b"x", copy: png(), "x.png": png()})
    told = {name: reason for name, _, reason in decoded(data, "set.zip")}
    assert "settings" in told["set.zip/a/.DS_Store"]
    assert "keep for themselves" in told["set.zip/a/.ipynb_checkpoints/x-checkpoint.png"]
    assert told["set.zip/x.png"] is None


def test_tar_members_keep_their_folder(decoded):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("Junk/with space.png")
        info.size = len(png())
        archive.addfile(info, io.BytesIO(png()))
    ((name, (item,), _),) = decoded(out.getvalue(), "crops.tar.gz")
    assert name == item.name == "crops.tar.gz/Junk/with space.png"
    assert item.about["folder"] == "Junk"


def test_bombs_are_refused(decoded):
    ((_, items, told),) = decoded(gzip.compress(bytes(150 << 20)), "bomb.fits.gz")
    assert not items
    assert "decompression bomb" in told
    ((_, items, told),) = decoded(zipped({"bomb.csv": bytes(150 << 20)}), "bomb.zip")
    assert "decompression bomb" in told


def test_too_many_archives_within_archives_are_refused(decoded):
    data = zipped({"x.png": png()})
    for _ in range(5):
        data = zipped({"in.zip": data})
    ((_, items, told),) = decoded(data, "a.zip")
    assert not items
    assert "lies in 5 archives" in told


def test_tables_arrive_typed(decoded):
    ((_, (item,), _),) = decoded(b"name,energy\na,1.5\nb,\n", "metadata.csv")
    assert item.table.column("energy").to_pylist() == [1.5, None]


def test_how_much_of_an_archive_is_through_is_told(tmp_path):
    noise = np.random.default_rng(0)
    members = {f"{k:02d}.png": b"\0" + noise.bytes(20_000) for k in range(20)}
    path = tmp_path / "set.zip"
    path.write_bytes(zipped(members))
    with path.open("rb") as stream:
        parts = [file.part for file in sandbox.decode(stream, "set.zip")]
    assert len(parts) == 20
    assert parts == sorted(parts)
    assert parts == pytest.approx([(k + 1) / 20 for k in range(20)], abs=0.05)


CRASHING = """
import os, signal, sys
if "cloudchamber_worker.imaging.decoder" in " ".join(sys.orig_argv):
    from cloudchamber_worker.imaging import crops
    real = crops.read_crops
    def read(data, kind):
        if data == bytes.fromhex(os.environ["CRASH_ON"]):
            os.kill(os.getpid(), signal.SIGSEGV)
        return real(data, kind)
    crops.read_crops = read
"""


def test_a_crash_in_one_member_costs_that_member(decoded, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(CRASHING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.setenv("CRASH_ON", png(2).hex())
    data = zipped({"one.png": png(1), "two.png": png(2), "three.png": png(3)})
    found = {name: (len(items), told) for name, items, told in decoded(data, "set.zip")}
    assert found["set.zip/one.png"] == (1, None)
    assert found["set.zip/three.png"] == (1, None)
    assert "segmentation fault" in found["set.zip/two.png"][1]


DYING_WHILE_READING = """
import os, signal, sys
if "cloudchamber_worker.imaging.decoder" in " ".join(sys.orig_argv):
    from cloudchamber_worker.imaging import zips
    real = zips.ZipMember.read
    def read(self, stream):
        if self.raw_name == b"two.png":
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, stream)
    zips.ZipMember.read = read
    zips.SLOW_BYTES = 0
"""


def test_a_member_that_kills_while_it_is_unpacked_costs_itself(decoded, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(DYING_WHILE_READING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    inner = zipped({"one.png": png(1), "two.png": png(2), "three.png": png(3)})
    data = zipped({"in.zip": inner, "last.png": png(4)})
    found = {name: (len(items), told) for name, items, told in decoded(data, "set.zip")}
    assert found == {
        "set.zip/in.zip/one.png": (1, None),
        "set.zip/in.zip/two.png": (0, "needs more memory than a file may"),
        "set.zip/in.zip/three.png": (1, None),
        "set.zip/last.png": (1, None),
    }


HANGING = """
import sys, time
if "cloudchamber_worker.imaging.decoder" in " ".join(sys.orig_argv):
    from cloudchamber_worker.imaging import crops
    crops.read_crops = lambda data, kind: time.sleep(600)
"""


def test_a_decoder_that_hangs_is_ended(decoded, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(HANGING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 1.0)
    told = [told for _, _, told in decoded(png(), "slow.png")]
    assert any("took longer" in (t or "") for t in told)


def test_every_malformed_file_gets_an_answer(shared_data, decoded):
    """No file may crash, hang or exhaust anything; the good ones in the folder come in."""
    files = sorted(p for p in (shared_data / "malformed").rglob("*") if p.is_file())
    assert files
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in files:
            archive.write(path, f"{path.parent.name}/{path.name}")
    found = decoded(out.getvalue(), "all.zip")
    assert {name for name, _, _ in found} == {f"all.zip/{p.parent.name}/{p.name}" for p in files}
    assert all(items or told for _, items, told in found)
    crashed = [(name, told) for name, _, told in found if told and "crashed" in told]
    assert not crashed
