"""Zip archives, read member by member: one that is damaged costs itself alone."""

import bz2
import contextlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cloudchamber_worker.imaging import packed
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.member_names import unicode_path

UTF8_NAME = 0x800
ENCRYPTED = 0x1 | 0x40 | 0x2000
SIZES_BEHIND = 0x8  # the sizes follow the content
METHODS = {
    1: "Shrink", 6: "Implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 96: "JPEG",
    97: "WavPack", 98: "PPMd", 99: "AES encryption",
}  # fmt: skip
LOCAL = struct.Struct("<4s5H3I2H")  # APPNOTE.TXT 6.3.10, section 4.3.7
SLOW_BYTES = 4 << 20


@dataclass(frozen=True)
class ZipMember:
    """One entry of the directory.

    raw_name : its bytes as the archive has them, or as its extra field says in UTF-8
    size, packed_size : bytes
    """

    raw_name: bytes
    offset: int
    method: int
    flags: int
    size: int
    packed_size: int
    crc: int

    @property
    def slow(self) -> bool:
        """Whether unpacking it may take a while."""
        return self.method in (12, 14) or max(self.size, self.packed_size) > SLOW_BYTES

    def read(self, stream: BinaryIO) -> bytes:
        """Its content, checked against its checksum.

        Raises
        ------
        Unreadable
            When it is encrypted, damaged, packed by an unknown method, or too large.
        """
        if self.flags & ENCRYPTED or self.method == 99:
            raise Unreadable("is encrypted: unpack it with its password and bring the files")
        if self.method not in (0, 8, 12, 14):
            name = METHODS.get(self.method, "an unknown method")
            raise Unreadable(
                f"is packed by {name} (zip method {self.method}), which is not read: "
                "pack it anew with Deflate"
            )
        packed.refuse_bomb(self.size, self.packed_size)
        packed.refuse_bomb(self.packed_size, self.packed_size)
        try:
            data = self._unpacked(self._raw(stream))
        except MemoryError as error:
            raise Unreadable("does not fit in the decoder's memory") from error
        except packed.DAMAGE as error:
            raise Unreadable(f"is damaged in the zip: {error}") from error
        if len(data) != self.size or zlib.crc32(data) != self.crc:
            raise Unreadable("is damaged in the zip: its checksum is wrong")
        return data

    def _raw(self, stream: BinaryIO) -> bytes:
        stream.seek(self.offset)
        head = stream.read(LOCAL.size)
        if len(head) < LOCAL.size or head[:4] != b"PK\x03\x04":
            raise EOFError("it does not lie where the directory says")
        _, *_, name_length, extra_length = LOCAL.unpack(head)
        stream.seek(name_length + extra_length, 1)
        raw = stream.read(self.packed_size)
        if len(raw) < self.packed_size:
            raise EOFError("it is cut off")
        return raw

    def _unpacked(self, raw: bytes) -> bytes:
        if self.method == 0:
            return raw
        if self.method == 8:
            return packed.inflate(raw, self.size)
        if self.method == 12:
            return packed.unpack_with(bz2.BZ2Decompressor(), raw, self.size)
        unpacker, rest = packed.lzma_of_zip(raw, self.size)
        return packed.unpack_with(unpacker, rest, self.size)


def zip_members(stream: BinaryIO) -> tuple[list[ZipMember], str | None]:
    """The files of a zip, without its folders, and what is wrong with its directory.

    Where the directory at the end is missing or damaged, the files are found by their own heads.

    Raises
    ------
    Unreadable
        When it holds too many files, or is damaged and no file is found.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
    except (*packed.DAMAGE, zipfile.BadZipFile, NotImplementedError, struct.error) as error:
        found = list(_by_their_heads(stream))
        if not found:
            raise Unreadable(f"is a damaged zip: {error}") from error
        return found, f"the zip's directory is damaged ({error}): found without it"
    if len(infos) > packed.MAX_MEMBERS:
        raise Unreadable(f"holds {len(infos)} files; the limit is {packed.MAX_MEMBERS:_}")
    return [_member(info) for info in infos if not _is_folder(info)], None


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.orig_filename.endswith(("/", "\\")) and not info.file_size


def _member(info: zipfile.ZipInfo) -> ZipMember:
    encoding = "utf-8" if info.flag_bits & UTF8_NAME else "cp437"  # as zipfile has decoded it
    raw = info.orig_filename.encode(encoding, "replace")
    return ZipMember(
        unicode_path(info.extra, raw) or raw, info.header_offset, info.compress_type,
        info.flag_bits, info.file_size, info.compress_size, info.CRC,
    )  # fmt: skip


def _by_their_heads(stream: BinaryIO) -> Iterator[ZipMember]:
    """Files one behind the other from the start; ends where a head does not give its size."""
    place = 0
    while True:
        stream.seek(place)
        head = stream.read(LOCAL.size)
        if len(head) < LOCAL.size or head[:4] != b"PK\x03\x04":
            return
        (_, _, flags, method, _, _, crc, packed_size, size, name_length, extra_length) = (
            LOCAL.unpack(head)
        )
        raw = stream.read(name_length)
        extra = stream.read(extra_length)
        if raw and not raw.endswith(b"/"):
            with contextlib.suppress(IndexError):
                raw = unicode_path(extra, raw) or raw
            yield ZipMember(raw, place, method, flags, size, packed_size, crc)
        if flags & SIZES_BEHIND and not packed_size:
            return
        place += LOCAL.size + name_length + extra_length + packed_size
