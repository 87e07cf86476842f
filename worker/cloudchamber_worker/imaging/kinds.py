"""What a file is, by its first bytes and never by its name."""

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.pnm import is_pnm

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
    (b"\x1f\x9d", "lzw"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"root\x00", "root"),
    (b"GIF8", "gif"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
)
PACKED = ("gzip", "bzip2", "xz", "lzw")  # one file inside, or a tar
ARCHIVES = ("zip", "tar")
BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes, by version
UNPACK = "which is not read: unpack it and bring the files, or a zip or tar of them"
CONVERT = "which is not read: convert it to PNG or TIFF"
# Named so that the refusal says what the file is and what to do.
FOREIGN = (
    (0, b"\x00\x00\x01\x00", f"an ICO, {CONVERT}"),
    (0, b"%PDF", "a PDF, which is not read: bring its images as PNG or TIFF"),
    (0, b"7z\xbc\xaf", f"a 7z archive, {UNPACK}"),
    (0, b"Rar!", f"a RAR archive, {UNPACK}"),
    (0, b"\x28\xb5\x2f\xfd", f"a Zstandard file, {UNPACK}"),
    (0, b"\x04\x22\x4d\x18", f"an LZ4 file, {UNPACK}"),
    (0, b"LZIP", f"an lzip file, {UNPACK}"),
    (0, b"PK\x07\x08", f"a part of a zip in several parts, {UNPACK}"),
    (0, b"\x00\x00\x00\x0cjP  ", f"a JPEG 2000, {CONVERT}"),
    (0, b"\xff\x4f\xff\x51", f"a JPEG 2000, {CONVERT}"),
    (0, b"\xff\x0a", f"a JPEG XL, {CONVERT}"),
    (4, b"ftypavif", f"an AVIF, {CONVERT}"),
    (4, b"ftyphei", f"a HEIC, {CONVERT}"),
    (4, b"ftyp", "a film, which is not read: bring its frames as PNG"),
    (8, b"AVI ", "a film, which is not read: bring its frames as PNG"),
    (0, b"8BPS", f"a Photoshop file, {CONVERT}"),
    (0, b"\x76\x2f\x31\x01", f"an OpenEXR, {CONVERT} (float)"),
    (0, b"XISF0100", "an XISF (PixInsight), which is not read: save it as FITS"),
    (0, b"ZISRAWFILE", f"a CZI (Zeiss), {CONVERT}"),
    (0, b"LUCAM-RECORDER", "a SER film, which is not read: bring its frames as FITS or PNG"),
    (128, b"DICM", f"a DICOM, {CONVERT}"),
    (0, b"MATLAB 5.0 MAT", "a MATLAB file, which is not read: save its images as NPY or TIFF"),
)
# Raw files of cameras begin as a TIFF does; what follows is no image that a TIFF reader knows.
RAW_CAMERA = (
    (8, b"CR\x02", "a raw Canon file (CR2), which is not read: convert it to FITS or 16-bit TIFF"),
)


def kind_of(head: bytes) -> str:
    """What a file is by its first `HEAD` bytes: png, jpeg, gif, bmp, webp, pnm, tiff, npy, hdf5,
    fits, gzip, bzip2, xz, lzw, zip, tar, parquet, root or text.

    Raises
    ------
    Unreadable
        When it is none of these; the message names what it is where that is known.
    """
    if not head:
        raise Unreadable("is empty")
    for place, magic, name in RAW_CAMERA:
        if head.startswith(magic, place) and head[:2] in (b"II", b"MM"):
            raise Unreadable(f"is {name}")
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        return "bmp"
    if is_pnm(head):
        return "pnm"
    if head[257:262] == b"ustar" or _is_old_tar(head):
        return "tar"
    for place, magic, name in FOREIGN:
        if head.startswith(magic, place):
            raise Unreadable(f"is {name}")
    if b"\0" in head:
        known = "FITS, PNG, TIFF, JPEG, NPY, HDF5, CSV, Parquet, ROOT, zip, tar"
        raise Unreadable(f"is of no known type ({known})")
    return "text"


def _is_old_tar(head: bytes) -> bool:
    """Whether this is a tar header from before POSIX: no mark, but its own checksum is right."""
    field = head[148:156].strip(b"\0 ")
    if len(head) < 512 or not head[0] or not field or field.strip(b"01234567"):
        return False
    return int(field, 8) == sum(head[:148]) + 8 * 0x20 + sum(head[156:512])
