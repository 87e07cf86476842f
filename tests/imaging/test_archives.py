"""Archives: every member is in or named, and a bad one costs itself alone."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import unicodedata
import zipfile
import zlib

import numpy as np
import pytest

from cloudchamber_worker.imaging import archives
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.kinds import kind_of
from cloudchamber_worker.imaging.member_names import relative
from image_files import npy

ONE, TWO = npy(np.ones((3, 3))), npy(np.full((4, 4), 2.0))


def opened(data: bytes) -> tuple[dict[str, bytes | str], dict[str, list[str]], str]:
    """Content or reason of each member, notes of each, and what ended the archive."""
    found: dict[str, bytes | str] = {}
    notes: dict[str, list[str]] = {}
    end = ""
    try:
        for member in archives.members(io.BytesIO(data), kind_of(data[:512])):
            assert member.name not in found
            notes[member.name] = list(member.notes)
            try:
                found[member.name] = member.read()
            except (Unreadable, archives.Ignored) as error:
                found[member.name] = str(error)
    except Unreadable as error:
        end = str(error)
    return found, notes, end


def zipped(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)
    return out.getvalue()


def tarred(members: list[tuple[str, bytes]], kind: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """A zip whose member has these bytes for a name, and no mark that they are UTF-8."""
    assert len(old) == len(new)
    return data.replace(old, new)


@pytest.mark.parametrize(
    "method",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
)
def test_members_are_unpacked_by_every_method(method):
    large = np.random.default_rng(0).bytes(3 << 20)
    members = [("a.npy", ONE), ("b/c.npy", large), ("empty", b"")]
    found, _, end = opened(zipped(members, method))
    assert (found, end) == (dict(members), "")


@pytest.mark.parametrize("place", [0, 9, 20, 40])
@pytest.mark.parametrize(
    "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED]
)
def test_a_damaged_member_costs_itself_alone(method, place):
    data = bytearray(zipped([("one.npy", ONE), ("bad.npy", TWO), ("three.npy", ONE)], method))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.infolist()[1]
    start = info.header_offset + 30 + len(info.filename)
    for k in range(start + place, start + place + 8):
        data[k] ^= 0xA5
    found, _, end = opened(bytes(data))
    assert (found["one.npy"], found["three.npy"], end) == (ONE, ONE, "")
    assert "damaged in the zip" in str(found["bad.npy"])


def test_a_member_that_claims_a_huge_dictionary_or_size_takes_no_memory():
    data = bytearray(zipped([("a.npy", ONE)], zipfile.ZIP_LZMA))
    start = 30 + len("a.npy")
    data[start + 5 : start + 9] = b"\xff\xff\xff\xff"
    assert opened(bytes(data))[0] == {"a.npy": ONE}
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 0xFFFFFFF0)
    assert "MiB" in str(opened(bytes(data))[0]["a.npy"])


def test_encrypted_and_unknown_methods_are_named():
    data = bytearray(zipped([("a.npy", ONE), ("b.npy", TWO), ("c.npy", ONE)]))
    places = [k for k in range(len(data)) if data[k : k + 4] == b"PK\x01\x02"]
    data[places[0] + 8] |= 1
    data[places[1] + 10 : places[1] + 12] = struct.pack("<H", 93)
    found, _, _ = opened(bytes(data))
    assert "encrypted" in str(found["a.npy"])
    assert "Zstandard (zip method 93)" in str(found["b.npy"])
    assert found["c.npy"] == ONE


@pytest.mark.parametrize("cut", [5, 40, 90])
def test_a_zip_without_its_directory_is_read_by_the_heads_of_its_files(cut):
    members = [("a.npy", ONE), ("b.npy", TWO)]
    found, notes, _ = opened(zipped(members)[:-cut])
    assert found == dict(members)
    assert "directory is damaged" in notes["a.npy"][0]


def test_a_zip_cut_off_in_a_member_names_it():
    data = zipped([("a.npy", ONE), ("b.npy", TWO)])
    found, _, _ = opened(data[: data.index(b"b.npy") + 20])
    assert found["a.npy"] == ONE
    assert "cut off" in str(found["b.npy"])


def test_names_in_utf8_without_the_mark_are_not_garbled():
    name = "Ångström_01.npy"
    macs = unicodedata.normalize("NFD", name).encode()
    data = renamed(zipped([("x" * len(macs), ONE)]), b"x" * len(macs), macs)
    assert opened(data)[:2] == ({name: ONE}, {name: []})


@pytest.mark.parametrize(("encoding", "name"), [("cp437", "Malmö é.npy"), ("cp1252", "Größe.npy")])
def test_names_in_other_encodings_are_letters_and_said(encoding, name):
    raw = name.encode(encoding)
    found, notes, _ = opened(renamed(zipped([("x" * len(raw), ONE)]), b"x" * len(raw), raw))
    assert found == {name: ONE}
    assert encoding in notes[name][0]


def test_the_unicode_path_of_a_zip_is_its_name():
    info = zipfile.ZipInfo("x_.npy")
    path = "μ_.npy".encode()
    body = struct.pack("<BI", 1, zlib.crc32(b"x_.npy")) + path
    info.extra = struct.pack("<HH", 0x7075, len(body)) + body
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, ONE)
    assert opened(out.getvalue())[0] == {"μ_.npy": ONE}


def test_names_of_a_tar_that_are_no_utf8_are_letters():
    raw = "Größe.npy".encode("cp1252")
    data = tarred([(raw.decode("utf-8", "surrogateescape"), ONE)], tarfile.GNU_FORMAT)
    assert opened(data)[0] == {"Größe.npy": ONE}


@pytest.mark.parametrize(
    ("name", "clean", "said"),
    [
        ("a/b.png", "a/b.png", ""),
        ("./a//b.png", "a/b.png", ""),
        ("crops\\muon\\a.png", "crops/muon/a.png", ""),
        ("../../etc/a.png", "etc/a.png", "leads out"),
        ("/tmp/a.png", "tmp/a.png", "leads out"),
        ("C:\\x\\a.png", "x/a.png", "leads out"),
        ("..", "unnamed", "leads out"),
        ("a\nb.png", "a\ufffdb.png", "control characters"),
        ("\u202egnp.exe.png", "\ufffdgnp.exe.png", "control characters"),
        ("e\u0301.png", "\u00e9.png", ""),
        ("..a/b..png", "..a/b..png", ""),
    ],
)
def test_names_are_relative_paths_that_can_be_shown(name, clean, said):
    path, notes = relative(name)
    assert path == clean
    assert said in "".join(notes)
    assert bool(notes) is bool(said)


def test_two_members_of_one_name_both_come_in():
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([("good.npy", ONE), ("a/../good.npy", TWO), ("good.npy", TWO)])
    found, notes, _ = opened(data)
    assert found == {"good.npy": ONE, "a/good.npy": TWO, "good~2.npy": TWO}
    assert "another file named good.npy" in notes["good~2.npy"][0]
    found, _, _ = opened(tarred([("x/a.npy", ONE), ("x/a.npy", TWO)]))
    assert found == {"x/a.npy": ONE, "x/a~2.npy": TWO}


def test_a_damaged_head_in_a_tar_is_no_silent_end():
    data = bytearray(tarred([("a.npy", ONE), ("b.npy", TWO), ("c.npy", ONE)]))
    data[data.index(b"b.npy") + 3] ^= 0xFF
    found, _, end = opened(bytes(data))
    assert found == {"a.npy": ONE}
    assert "damaged tar after 1 files" in end


def test_a_tar_cut_off_in_a_member_names_it():
    data = tarred([("a.npy", ONE), ("b.npy", np.random.default_rng(0).bytes(5000))])
    found, _, end = opened(data[:4000])
    assert found["a.npy"] == ONE
    assert "cut off in the tar" in str(found["b.npy"])
    assert "damaged tar after 2 files" in end


def test_an_archive_without_a_file_says_so():
    assert opened(zipped([]))[2] == "is a zip without a file in it"


def test_links_and_settings_are_named():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("link.npy")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert "link" in str(opened(out.getvalue())[0]["link.npy"])
    found, _, _ = opened(zipped([("__MACOSX/._a.png", b"x"), ("a/.DS_Store", b"x")]))
    assert all("folder" in str(reason) for reason in found.values())


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_tars_and_files_keep_their_names(decoded, pack):
    files = decoded(pack(tarred([("x/a.npy", ONE)])), "set.tar.packed")
    assert [(name, len(items)) for name, items, _ in files] == [("set.tar.packed/x/a.npy", 1)]
    files = decoded(pack(ONE), "a.npy.packed")
    assert [(name, items[0].name) for name, items, _ in files] == [("a.npy.packed",) * 2]
    ((_, items, told),) = decoded(pack(bytes(150 << 20)), "bomb")
    assert not items
    assert "decompression bomb" in told
    ((_, _, told),) = decoded(pack(ONE * 50)[:-12], "cut")
    assert "damaged" in told


def test_paths_tell_files_of_one_name_apart(decoded):
    inner = {name: zipped([("1.npy", ONE), ("s/2.npy", TWO)]) for name in ("muon", "electron")}
    data = zipped([(f"part/{name}.zip", packed) for name, packed in inner.items()])
    files = decoded(data, "outer.zip")
    assert [name for name, _, _ in files] == [
        "outer.zip/part/muon.zip/1.npy",
        "outer.zip/part/muon.zip/s/2.npy",
        "outer.zip/part/electron.zip/1.npy",
        "outer.zip/part/electron.zip/s/2.npy",
    ]
    assert [items[0].name for _, items, _ in files] == [name for name, _, _ in files]
    folders = [items[0].about["folder"] for _, items, _ in files]
    assert folders == ["part", "s", "part", "s"]  # never an archive


def test_a_parcel_adds_nothing_to_the_paths(decoded):
    data = tarred([("day1/1.npy", ONE), ("day2/set.zip", zipped([("1.npy", TWO)]))])
    files = decoded(data, "files-0.tar", parcel=True)
    assert [name for name, _, _ in files] == ["day1/1.npy", "day2/set.zip/1.npy"]
    assert [items[0].about["folder"] for _, items, _ in files] == ["day1", "day2"]
    ((name, (item,), _),) = decoded(ONE, "train/0/1.npy")
    assert (name, item.name, item.about["folder"]) == ("train/0/1.npy", "train/0/1.npy", "0")
