"""What a file is, by its first bytes and never by its name."""

from cloudchamber_worker.imaging.errors import Unreadable

HEAD = 512  # bytes that tell what a file is
MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x93NUMPY", "npy"),
    (b"SIMPLE  =", "fits"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
)
PACKED = ("gzip", "bzip2", "xz")  # one file inside, or a tar
ARCHIVES = ("zip", "tar")
UNPACK = "which is not read: unpack it and bring the files, or a zip or tar of them"
CONVERT = "which is not read: convert it to PNG or TIFF"
# Named so that the refusal says what the file is and what to do.
FOREIGN = (
    (b"GIF8", f"a GIF, {CONVERT}"),
    (b"BM", f"a BMP, {CONVERT}"),
    (b"\x00\x00\x01\x00", f"an ICO, {CONVERT}"),
    (b"%PDF", "a PDF, which is not read: bring its images as PNG or TIFF"),
    (b"\x1f\x9d", f"a .Z (LZW) file, {UNPACK} (uncompress)"),
    (b"7z\xbc\xaf", f"a 7z archive, {UNPACK}"),
    (b"Rar!", f"a RAR archive, {UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"a Zstandard file, {UNPACK}"),
    (b"\x04\x22\x4d\x18", f"an LZ4 file, {UNPACK}"),
    (b"LZIP", f"an lzip file, {UNPACK}"),
    (b"\x89HDF", "an HDF5 file, which is not read: bring its images as FITS, NPY or TIFF"),
)


def kind_of(head: bytes) -> str:
    """What a file is by its first `HEAD` bytes: png, jpeg, tiff, npy, fits, gzip, bzip2, xz, zip,
    tar, parquet or text.

    Raises
    ------
    Unreadable
        When it is none of these; the message names what it is where that is known.
    """
    if not head:
        raise Unreadable("is empty")
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if head[257:262] == b"ustar" or _is_old_tar(head):
        return "tar"
    for magic, name in FOREIGN:
        if head.startswith(magic):
            raise Unreadable(f"is {name}")
    if b"\0" in head:
        raise Unreadable("is of no known type (FITS, PNG, TIFF, JPEG, NPY, CSV, Parquet, zip, tar)")
    return "text"


def _is_old_tar(head: bytes) -> bool:
    """Whether this is a tar header from before POSIX: no mark, but its own checksum is right."""
    field = head[148:156].strip(b"\0 ")
    if len(head) < 512 or not head[0] or not field or field.strip(b"01234567"):
        return False
    return int(field, 8) == sum(head[:148]) + 8 * 0x20 + sum(head[156:512])
