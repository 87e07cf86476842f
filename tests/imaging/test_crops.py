"""What files of one picture become: values and types kept, or refused with the reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cloudchamber_worker.imaging.errors import Unreadable
from image_files import chunk, filtered_png16, images, left_out, packed_rows, png, read, saved, tiff

GREY = np.arange(20, dtype=np.uint8).reshape(4, 5) * 12
RNG = np.random.default_rng(5)
EXIF_TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, 3),
    7: lambda a: np.rot90(a, 2).T,
    8: np.rot90,
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_pixel_types_survive(kind, dtype):
    if (kind, dtype) in (("PNG", "int32"), ("PNG", "float32")):
        pytest.skip("PNG holds no such pixels")
    image = GREY.astype(dtype) * (100 if dtype != "uint8" else 1)
    (got,) = images(saved(Image.fromarray(image), kind))
    assert got.pixels.dtype == dtype
    assert np.array_equal(got.pixels, image)
    assert (got.part, got.mask, got.notes) == ("", None, [])


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_of_a_png_survive_whatever_its_filters(colour, channels):
    values = RNG.integers(0, 65536, (11, 9, channels)).astype(np.uint16)
    (got,) = images(filtered_png16(values, colour, [4, 3, 2, 1, 0]))
    assert got.pixels.dtype == np.uint16
    colours = values if channels == 3 else values[:, :, :-1]
    assert np.array_equal(got.pixels, colours[:, :, 0] if channels == 2 else colours)


def test_an_interlaced_png_of_sixteen_bits_is_put_together():
    values = RNG.integers(0, 65536, (13, 10, 3)).astype(np.uint16)
    rows = b""
    for x, y, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                         (1, 0, 2, 2), (0, 1, 1, 2)]:  # fmt: skip
        rows += _rows(values[y::dy, x::dx])

    head = struct.pack(">2I5B", 10, 13, 16, 2, 0, 0, 1)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
    (got,) = images(data + chunk(b"IEND", b""))
    assert np.array_equal(got.pixels, values)


def _rows(values: np.ndarray) -> bytes:
    rows = values.astype(">u2").reshape(values.shape[0], -1).view(np.uint8)
    return np.insert(rows, 0, 0, axis=1).tobytes()


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits_keep_their_values(depth):
    values = RNG.integers(0, 2**depth, (6, 7, 1))
    (got,) = images(png(values, depth, 0))
    assert got.pixels.dtype == np.uint8
    assert np.array_equal(got.pixels, values[:, :, 0])


def test_alpha_is_a_mask_and_partly_transparent_pixels_are_counted():
    values = np.dstack([GREY, np.full_like(GREY, 255)])
    values[0, 0, 1] = 0
    values[1, 1:3, 1] = 100
    (got,) = images(png(values, 8, 4))
    assert np.array_equal(got.pixels, GREY)
    assert got.mask is not None
    assert np.array_equal(got.mask, values[:, :, 1] > 0)
    assert got.notes == [
        "its alpha is its mask: 19 of 20 pixels are inside, 2 of them partly transparent"
    ]


def test_opaque_alpha_is_no_mask_and_is_said():
    (got,) = images(saved(Image.fromarray(GREY).convert("RGBA"), "PNG"))
    assert got.mask is None
    assert np.array_equal(got.pixels, np.dstack([GREY] * 3))
    assert got.notes == ["its alpha is opaque everywhere, and is left out"]


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_colour_that_means_transparent_is_a_mask(depth):
    values = np.arange(20).reshape(4, 5, 1) % 2**depth
    (got,) = images(png(values, depth, 0, (b"tRNS", struct.pack(">H", 1))))
    assert np.array_equal(got.pixels, values[:, :, 0])
    assert got.mask is not None
    assert np.array_equal(got.mask, values[:, :, 0] != 1)


def test_a_palette_becomes_its_colours_and_its_transparent_entries_a_mask():
    numbers = np.arange(20).reshape(4, 5, 1) % 3
    colours = bytes([9, 8, 7, 1, 2, 3, 200, 100, 50])
    (got,) = images(png(numbers, 8, 3, (b"PLTE", colours), (b"tRNS", b"\xff\x00")))
    table = np.frombuffer(colours, np.uint8).reshape(3, 3)
    assert np.array_equal(got.pixels, table[numbers[:, :, 0]])
    assert got.mask is not None
    assert np.array_equal(got.mask, numbers[:, :, 0] != 1)
    assert "palette" in got.notes[0]


def test_every_frame_of_an_animated_png_comes_in():
    frames = [RNG.integers(0, 4, (6, 7, 1)) for _ in range(3)]
    frames[2] = frames[1].copy()
    frames[2][2:4, 1:5] = patch = RNG.integers(0, 4, (2, 4, 1))
    control = struct.pack(">II", 3, 0)

    def frame(number: int, x: int, y: int, values: np.ndarray) -> bytes:
        height, width = values.shape[:2]
        return struct.pack(">5I2H2B", number, width, height, x, y, 1, 10, 0, 0)

    data = png(frames[0], 2, 0, (b"acTL", control), (b"fcTL", frame(0, 0, 0, frames[0])))
    later = [
        (b"fcTL", frame(1, 0, 0, frames[1])),
        (b"fdAT", struct.pack(">I", 2) + packed_rows(frames[1], 2)),
        (b"fcTL", frame(3, 1, 2, patch)),
        (b"fdAT", struct.pack(">I", 4) + packed_rows(patch, 2)),
    ]

    end = data.index(b"IEND") - 4
    data = data[:end] + b"".join(chunk(*one) for one in later) + data[end:]
    got = images(data)
    assert [image.part for image in got] == ["-0000", "-0001", "-0002"]
    for image, values in zip(got, frames, strict=True):
        assert np.array_equal(image.pixels, values[:, :, 0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_orientation_is_applied_and_said(kind, orientation):
    image = np.kron(RNG.integers(0, 2, (2, 3)), np.ones((16, 16))).astype(np.uint8) * 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {} if kind == "PNG" else {"quality": 95}
    (got,) = images(saved(Image.fromarray(image), kind, exif=exif, **options))
    pixels = got.pixels if got.pixels.ndim == 2 else got.pixels[:, :, 0]
    assert np.array_equal(pixels > 127, EXIF_TURNS[orientation](image) > 127)
    assert len(got.notes) == (orientation != 1)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_orientation_of_a_tiff_is_applied(orientation):
    (got,) = images(tiff(GREY, extratags=[(274, "H", 1, orientation, True)]))
    assert np.array_equal(got.pixels, EXIF_TURNS[orientation](GREY))


def test_a_mask_is_turned_with_its_image():
    values = np.dstack([GREY, np.where(GREY > 50, 255, 0)]).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    (got,) = images(saved(Image.fromarray(values), "PNG", exif=exif))
    assert got.mask is not None
    assert np.array_equal(got.mask, np.rot90(GREY > 50, 3))


@pytest.mark.parametrize("kind", ["BMP", "GIF", "WEBP"])
def test_further_formats_are_read_exactly(kind):
    colours = RNG.integers(0, 6, (12, 10, 3)).astype(np.uint8) * 51
    options = {"lossless": True} if kind == "WEBP" else {}
    (got,) = images(saved(Image.fromarray(colours), kind, **options))
    assert np.array_equal(got.pixels, colours)
    if kind == "BMP":
        (got,) = images(saved(Image.fromarray(GREY), kind))
        assert np.array_equal(got.pixels, GREY)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_every_frame_of_a_film_comes_in(kind):
    frames = [Image.fromarray(np.full((8, 9, 3), 60 * k, np.uint8)) for k in range(3)]
    options = {"lossless": True} if kind == "WEBP" else {}
    got = images(saved(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert [image.pixels[0, 0, 0] for image in got] == [0, 60, 120]


def test_jpeg_is_read_and_inks_are_refused():
    (got,) = images(saved(Image.fromarray(GREY), "JPEG", quality=95))
    assert got.pixels.shape == GREY.shape
    for kind in ("JPEG", "TIFF"):
        with pytest.raises(Unreadable, match="CMYK inks"):
            read(saved(Image.new("CMYK", (5, 4)), kind))


@pytest.mark.parametrize("largest", [1, 15, 255, 1023, 65535])
@pytest.mark.parametrize("magic", ["P2", "P5", "P3", "P6"])
def test_pnm_keeps_its_values_whatever_the_largest(magic, largest):
    shape = (3, 4, 3) if magic in ("P3", "P6") else (3, 4)
    values = RNG.integers(0, largest + 1, shape)
    head = f"{magic}\n# a comment\n4 3\n{largest}\n".encode()
    if magic in ("P2", "P3"):
        body = " ".join(map(str, values.ravel())).encode()
    else:
        body = values.astype(np.uint8 if largest < 256 else ">u2").tobytes()
    (got,) = images(head + body)
    assert got.pixels.dtype == (np.uint8 if largest < 256 else np.uint16)
    assert np.array_equal(got.pixels, values)


def test_bit_maps_floats_and_alpha_of_the_pnm_family():
    bits = RNG.integers(0, 2, (3, 11))
    plain = b"P1 11 3\n" + "".join(map(str, bits.ravel())).encode()
    packed = b"P4 11 3\n" + np.packbits(bits.astype(np.uint8), axis=1).tobytes()
    for data in (plain, packed):
        (got,) = images(data)
        assert np.array_equal(got.pixels, bits)
    floats = RNG.normal(size=(3, 4)).astype(np.float32)
    (got,) = images(b"Pf\n4 3\n-1.0\n" + floats[::-1].astype("<f4").tobytes())
    assert np.array_equal(got.pixels, floats)
    values = RNG.integers(1, 256, (3, 4, 2)).astype(np.uint8)
    pam = b"P7\nWIDTH 4\nHEIGHT 3\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n"
    (got,) = images(pam + values.tobytes())
    assert np.array_equal(got.pixels, values[:, :, 0])
    assert "alpha" in got.notes[0]


def test_a_pnm_of_several_images_and_a_cut_one():
    one = b"P5 2 2 255\n" + bytes(range(4))
    got = images(one + one)
    assert [image.part for image in got] == ["-0000", "-0001"]
    (left,) = left_out(one + one[:-1])
    assert "cut off: 3 of 4 bytes" in left.reason
    with pytest.raises(Unreadable, match="holds 3 values, its header says 4"):
        read(b"P2 2 2 255 1 2 3")
    with pytest.raises(Unreadable, match="above 3"):
        read(b"P2 2 2 3 1 2 3 4")


def test_a_bomb_is_refused_by_its_header():
    header = saved(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(header) < 100_000
    with pytest.raises(Unreadable, match="pixels"):
        read(header)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"%PDF-1.4", "PDF"),
        (b"7z\xbc\xaf\x27\x1c", "7z archive.*unpack it"),
        (b"Rar!\x1a\x07", "RAR archive.*unpack it"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00", "raw Canon"),
        (b"XISF0100", "save it as FITS"),
        (b"\x00\x00\x00\x1cftypheic", "HEIC"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 40, "damaged PNG"),
        (b"GIF89a....", "damaged GIF"),
        (b"hello, world\nthis is text\n", "^is text, neither a matrix of numbers nor a table"),
        (b"BM, I am a text\n", "^is text, neither"),
        (b"P5 is a name\n", "^is text, neither"),
        ("Gr\u00fc\u00dfe".encode("latin-1"), "^is text, neither"),
        (b"# a comment\n1,2\n3\n", "no matrix of numbers: the number of columns changed"),
        (b"\x00\x01\x02binary", "no known type"),
    ],
)
def test_refusals_say_what_is_wrong(data, told):
    with pytest.raises(Unreadable, match=told):
        read(data)


def test_every_file_of_a_public_suite_reads_as_pillow_reads_it(shared_data):
    """Where no bit is lost by it: our own reader of filters is held against another."""
    files = sorted((shared_data / "malformed" / "png").rglob("*.png"))
    compared = 0
    for path in files:
        data = path.read_bytes()
        try:
            (got, *_) = images(data)
            with Image.open(io.BytesIO(data)) as image:
                wide = data[24] == 16 and data[25] != 0
                other = np.asarray(image.convert("RGBA" if image.mode == "P" else image.mode))
        except (Unreadable, OSError, SyntaxError, ValueError):
            continue
        if wide and other.ndim == 3 and got.pixels.ndim == 3:
            assert np.array_equal(got.pixels >> 8, other[:, :, :3]), path.name
            compared += 1
        elif wide and got.pixels.ndim == 2 and other.ndim == 3:
            assert np.array_equal(got.pixels >> 8, other[:, :, 0]), path.name
            compared += 1
        elif data[24] == 8 and data[25] == 2:
            assert np.array_equal(got.pixels, other[:, :, :3]), path.name
            compared += 1
    assert compared >= 10
