"""How files travel: small ones together, large ones and archives alone, with their names."""

import io
import tarfile
from pathlib import Path

import pytest

from cloudchamber.cli import packing
from cloudchamber.cli.packing import Source, find_sources, pack, parcels
from cloudchamber.errors import CloudchamberError


def test_names_keep_their_folders_and_hidden_files_stay_out(tmp_path):
    for name in ("crops/muon/1.png", "crops/x-ray/2.png", "crops/.git/x", "crops/.DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "one.fits").write_bytes(b"y")

    found, hidden = find_sources([tmp_path / "crops", tmp_path / "one.fits"])

    assert [source.name for source in found] == [
        "crops/muon/1.png",
        "crops/x-ray/2.png",
        "one.fits",
    ]
    assert hidden == ["crops/.DS_Store", "crops/.git/x"]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path, monkeypatch):
    for name in ("day1/crops/1.png", "day2/crops/1.png", "run1/e.fits", "run2/e.fits"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    def names(*paths: Path) -> list[str]:
        return [source.name for source in find_sources(paths)[0]]

    assert names(tmp_path / "day1/crops", tmp_path / "day2/crops") == [
        "day1/crops/1.png",
        "day2/crops/1.png",
    ]
    assert names(tmp_path / "run1/e.fits", tmp_path / "run2/e.fits") == [
        "run1/e.fits",
        "run2/e.fits",
    ]
    monkeypatch.chdir(tmp_path)
    assert names(Path("run1/e.fits"), Path("./run2/e.fits")) == ["run1/e.fits", "run2/e.fits"]
    assert names(Path("run1")) == ["run1/e.fits"]
    assert names(Path("run1/e.fits"), Path("run1")) == ["run1/e.fits"]


def test_links_to_folders_are_followed_and_those_that_lead_nowhere_are_named(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1.png").write_bytes(b"x")
    (tmp_path / "crops").mkdir()
    (tmp_path / "crops/day1").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "crops/round").symlink_to(tmp_path / "crops")
    (tmp_path / "crops/gone.png").symlink_to(tmp_path / "absent.png")
    found, left_out = find_sources([tmp_path / "crops"])
    assert [source.name for source in found] == ["crops/day1/1.png"]
    assert left_out == ["crops/gone.png"]


def test_a_label_table_in_the_folder_is_no_data(tmp_path):
    for name in ("crops/1.png", "crops/labels.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found, _ = find_sources([tmp_path / "crops"], [tmp_path / "crops/labels.csv"])
    assert [source.name for source in found] == ["crops/1.png"]


def test_nothing_to_send_is_an_error(tmp_path):
    with pytest.raises(CloudchamberError, match="no files"):
        find_sources([tmp_path])
    with pytest.raises(CloudchamberError, match="There is no file"):
        find_sources([tmp_path / "absent"])


def test_small_files_share_a_tar_that_is_not_too_large(monkeypatch):
    monkeypatch.setattr(packing, "TAR_BYTES", 10_000)
    small = [Source(Path(f"{n}.png"), f"{n}.png", 1_000) for n in range(12)]
    large = Source(Path("big.fits"), "big.fits", packing.SMALL_BYTES + 1)
    archive = Source(Path("a.zip"), "a.zip", 10)

    sent = list(parcels([*small, large, archive]))

    assert [large] in sent
    assert [archive] in sent
    groups = [parcel for parcel in sent if parcel not in ([large], [archive])]
    assert [source for group in groups for source in group] == small
    assert all(sum(s.size + 1024 for s in group) <= 10_000 + 1_024 for group in groups)


def test_a_tar_holds_names_and_bytes_and_nothing_of_this_machine(tmp_path):
    path = tmp_path / "ä b.png"
    path.write_bytes(b"123")
    packed = io.BytesIO()
    assert pack([Source(path, "crops/ä b.png", 3)], packed) == len(packed.getvalue())
    with tarfile.open(fileobj=packed) as archive:
        (member,) = archive.getmembers()
        assert member.name == "crops/ä b.png"
        assert (member.uname, member.uid, member.mtime) == ("", 0, 0)
        content = archive.extractfile(member)
        assert content is not None
        assert content.read() == b"123"


def test_the_files_of_an_instruments_run_travel_in_one_tar_whatever_their_size():
    large = packing.SMALL_BYTES + 1
    flowcam = [
        Source(Path(n), f"day1/run/{n}", large)
        for n in ("a.lst", "a_000001.tif", "a_000001_bin.tif", "a.ctx")
    ]
    bins = [
        Source(Path(n), f"ifcb/{n}", large)
        for stem in ("D20130526T095207_IFCB013", "D20130526T101207_IFCB013")
        for n in (f"{stem}.adc", f"{stem}.hdr", f"{stem}.roi")
    ]
    ecotaxa = [Source(Path(n), f"zoo/{n}", 9) for n in ("ecotaxa_1.tsv", "img/1.jpg", "img/2.jpg")]
    others = [Source(Path(n), n, 9) for n in ("b/1.tif", "b/2.tif", "c/a.lst", "d/a.adc")]

    sent = list(parcels([*others, *flowcam, *bins, *ecotaxa]))

    assert sent == [flowcam, bins[:3], bins[3:], ecotaxa, others]
