"""Unpacking within limits: what a few packed bytes may grow to, and for how long."""

import bz2
import gzip
import io
import lzma
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from cloudchamber_worker.imaging.errors import Unreadable

MAX_MEMBERS = 1_000_000
MAX_MEMBER_BYTES = 1 << 30
MAX_TOTAL_BYTES = 64 << 30
MAX_RATIO = 200  # of unpacked to packed bytes, once over RATIO_FROM bytes
RATIO_FROM = 64 << 20
CHUNK = 1 << 20
DAMAGE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


class Unpacker(Protocol):
    """What bz2 and lzma have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of what was packed is reached."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether it can give no more before it is given more."""
        ...

    def decompress(self, data: bytes, max_length: int = ...) -> bytes:
        """At most `max_length` bytes more."""
        ...


@dataclass
class Budget:
    """What an upload may hold in all, its archives within archives included."""

    files: int = 0
    total: int = 0

    def spend(self, size: int) -> None:
        """Count one file of `size` bytes.

        Raises
        ------
        Unreadable
            When the upload holds too much.
        """
        self.files += 1
        self.total += size
        if self.files > MAX_MEMBERS:
            raise Unreadable(f"holds more than {MAX_MEMBERS:_} files")
        if self.total > MAX_TOTAL_BYTES:
            raise Unreadable(f"unpacks to more than {MAX_TOTAL_BYTES >> 30} GiB")


def refuse_bomb(size: int, packed: int) -> None:
    """Raise `Unreadable` when `size` unpacked bytes are too many for `packed` ones."""
    if size > MAX_MEMBER_BYTES:
        raise Unreadable(f"unpacks to more than {MAX_MEMBER_BYTES >> 20} MiB")
    if size > RATIO_FROM and size > MAX_RATIO * max(packed, 1):
        raise Unreadable(
            f"unpacks to more than {MAX_RATIO} times its size: refused as a decompression bomb"
        )


def read_capped(stream: BinaryIO, packed: int) -> bytes:
    """All of a stream that unpacks `packed` bytes."""
    parts: list[bytes] = []
    size = 0
    while part := stream.read(CHUNK):
        size += len(part)
        parts.append(part)
        refuse_bomb(size, packed)
    return b"".join(parts)


def unpack_file(stream: BinaryIO, kind: str, packed: int) -> bytes:
    """The content of a 'gzip', 'bzip2', 'xz' or 'lzw' (.Z) file of `packed` bytes.

    Raises
    ------
    Unreadable
        When it is damaged or unpacks to more than the limits allow.
    """
    stream.seek(0)
    if kind == "lzw":
        return _unpack_lzw(stream, packed)
    openers = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}
    source = {"fileobj": stream} if kind == "gzip" else {"filename": stream}
    try:
        with openers[kind](**source) as unpacked:  # type: ignore[arg-type]
            return read_capped(unpacked, packed)  # type: ignore[arg-type]
    except MemoryError as error:
        raise Unreadable("does not fit in the decoder's memory") from error
    except DAMAGE as error:
        raise Unreadable(f"is a damaged {kind}: {error}") from error


class _Capped(io.BytesIO):
    """Takes what is written until it is a bomb."""

    def __init__(self, packed: int) -> None:
        super().__init__()
        self._packed = packed

    def write(self, data: Any) -> int:
        written = super().write(data)
        refuse_bomb(self.tell(), self._packed)
        return written


def _unpack_lzw(stream: BinaryIO, packed: int) -> bytes:
    """The content of what `compress` of Unix wrote."""
    import ncompress

    unpacked = _Capped(packed)
    try:
        ncompress.decompress(stream, unpacked)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"is a damaged .Z: {str(error)[:120] or type(error).__name__}") from error
    return unpacked.getvalue()


def inflate(raw: bytes, limit: int) -> bytes:
    """Deflated bytes of a zip member, which says to unpack to `limit` bytes."""
    unpacker = zlib.decompressobj(-15)
    parts = [unpacker.decompress(raw, CHUNK)]
    size = len(parts[0])
    while not unpacker.eof and size <= limit:
        part = unpacker.decompress(unpacker.unconsumed_tail, CHUNK)
        if not part:
            break
        parts.append(part)
        size += len(part)
        refuse_bomb(size, len(raw))
    if size < limit:
        raise EOFError("it is cut off")
    return b"".join(parts)


def unpack_with(unpacker: Unpacker, raw: bytes, limit: int) -> bytes:
    """All that bz2 or lzma make of `raw`; ends at `limit` bytes, where LZMA may have no end mark.

    An unpacker that wants more than there is, or gives nothing, is at the end of damaged bytes.
    """
    parts: list[bytes] = []
    size = 0
    part = unpacker.decompress(raw, CHUNK)
    while part:
        parts.append(part)
        size += len(part)
        refuse_bomb(size, len(raw))
        if unpacker.eof or size >= limit:
            break
        part = b"" if unpacker.needs_input else unpacker.decompress(b"", CHUNK)
    if size < limit:
        raise EOFError("it is cut off")
    return b"".join(parts)


def lzma_of_zip(raw: bytes, limit: int) -> tuple[lzma.LZMADecompressor, bytes]:
    """The unpacker for a zip member packed by LZMA, and the bytes behind its head.

    Reference: APPNOTE.TXT 6.3.10, section 5.8: version (2 bytes), size (2), lc/lp/pb (1) and the
    dictionary's size (4), which claims up to 4 GiB: no more is needed than is unpacked.
    """
    if len(raw) < 9 or int.from_bytes(raw[2:4], "little") != 5:
        raise EOFError("its LZMA head is wrong")
    rest, lc = divmod(raw[4], 9)
    pb, lp = divmod(rest, 5)
    claimed = int.from_bytes(raw[5:9], "little")
    filters = [
        {
            "id": lzma.FILTER_LZMA1,
            "lc": lc, "lp": lp, "pb": pb,
            "dict_size": max(4096, min(claimed, limit)),
        }
    ]  # fmt: skip
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters), raw[9:]
