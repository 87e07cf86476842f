"""Which pixels of a crop are the object: on simulated ones, of which that is known."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from cloudchamber_worker.imaging.footprints import signal_of
from cloudchamber_worker.imaging.measurements import NAMES, measure

SHAPES = ["pixel", "dot", "thin track", "thick track", "worm"]


def inside(rng: np.random.Generator, side: int, shape: str) -> np.ndarray:
    """The pixels of an object somewhere in the middle of a square."""
    there = np.zeros((side, side), bool)
    middle = side / 2 + rng.uniform(-3, 3, 2)
    if shape == "pixel":
        there[tuple(middle.astype(int))] = True
        return there
    y, x = np.mgrid[:side, :side]
    if shape == "dot":
        return np.hypot(y - middle[0], x - middle[1]) < rng.uniform(1.5, 3)
    length, heading = rng.uniform(0.3, 0.7) * side, rng.uniform(0, np.pi)
    place = middle - length / 2 * np.array([np.sin(heading), np.cos(heading)])
    wide = 2 if shape == "thick track" else 1
    for _ in range(int(4 * length)):
        row, column = np.clip(place.round().astype(int), 0, side - 1)
        there[row : row + wide, column : column + wide] = True
        place = place + np.array([np.sin(heading), np.cos(heading)]) / 4
        heading += rng.normal(0, 0.1) if shape == "worm" else 0
    return there


def specks(rng: np.random.Generator, shape: tuple[int, ...], density: float, scale: float):
    """Noise of a few counts on so many of the pixels."""
    counts = (
        rng.exponential(scale, shape) if rng.random() < 0.5 else rng.uniform(0, 2 * scale, shape)
    )
    return (rng.random(shape) < density) * (counts + 0.5)


def photo(rng: np.random.Generator, noise: np.ndarray, signal: np.ndarray) -> np.ndarray:
    tint = rng.uniform(0.7, 1, 3)
    return np.clip(noise + signal[..., None] * tint, 0, 255).astype(np.uint8)


def compressed(rng: np.random.Generator, noise: np.ndarray, signal: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(photo(rng, noise, signal)).save(file, "JPEG", quality=90)
    return np.array(Image.open(file))


def crop(rng: np.random.Generator, kind: str, shape: str, density: float, peak: float):
    """Pixels of a crop with noise of some counts, and which of them are the object."""
    side, scale = int(rng.integers(24, 80)), rng.uniform(1, 4)
    there = inside(rng, side, shape)
    signal = there * peak * scale * rng.uniform(0.6, 1, there.shape)
    flat, colours = (side, side), (side, side, 3)
    if kind == "colour":
        return photo(rng, specks(rng, colours, density, scale), signal), there
    if kind == "chroma":  # what a compression leaves of the noise: blocks of 8 pixels in a colour
        blocks = (rng.random((10, 10, 3)) < density) * rng.integers(1, 4, (10, 10, 3))
        wide = np.kron(blocks, np.ones((8, 8, 1)))[:side, :side]
        return photo(rng, wide + specks(rng, colours, density / 5, scale), signal), there
    if kind == "jpeg":
        return compressed(rng, specks(rng, colours, density, scale), signal), there
    if kind == "uint8":
        return np.clip(specks(rng, flat, density, scale) + signal, 0, 255).astype(np.uint8), there
    if kind == "uint16":
        return (30 * (specks(rng, flat, density, scale) + signal)).astype(np.uint16), there
    if kind == "float":
        return ((specks(rng, flat, density, scale) + signal) / 7).astype(np.float32), there
    level = 0 if kind == "around zero" else 400
    return (rng.normal(level, scale, flat) + signal).astype(np.float32), there


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def above_zero(pixels: np.ndarray) -> np.ndarray:
    return (pixels.mean(axis=2) if pixels.ndim == 3 else pixels) > 0


KINDS = ["colour", "chroma", "uint8", "uint16", "float", "around zero", "pedestal"]


@pytest.mark.parametrize("density", [0.005, 0.03, 0.15, 0.4])
@pytest.mark.parametrize("kind", KINDS)
def test_the_footprint_of_a_noisy_crop_is_the_object(kind: str, density: float):
    """Also where the object is one pixel. The control: all that is above 0 is not."""
    rng = np.random.default_rng(3)
    crops = [crop(rng, kind, s, density, rng.uniform(30, 60)) for s in SHAPES for _ in range(8)]
    found = [overlap(signal_of(pixels)[1], there) for pixels, there in crops]
    assert np.mean(found) > 0.9
    assert np.mean(np.array(found) >= 0.8) > 0.9
    assert np.mean([overlap(above_zero(pixels), there) for pixels, there in crops]) < 0.7


@pytest.mark.parametrize("shape", SHAPES)
def test_an_object_three_times_as_high_as_the_noise_is_found(shape: str):
    rng = np.random.default_rng(4)
    crops = [crop(rng, kind, shape, 0.05, 20) for kind in KINDS for _ in range(8)]
    assert np.mean([overlap(signal_of(pixels)[1], there) for pixels, there in crops]) > 0.85


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_the_ringing_of_a_compression_is_no_part_of_a_track(shape: str):
    rng = np.random.default_rng(5)
    crops = [crop(rng, "jpeg", shape, 0.05, 60) for _ in range(20)]
    assert np.mean([overlap(signal_of(pixels)[1], there) for pixels, there in crops]) > 0.8
    assert np.mean([overlap(above_zero(pixels), there) for pixels, there in crops]) < 0.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_cluster_finder_wrote_is_taken_as_it_is(shape: str, dtype: type):
    """Noise-free: a faint end belongs to its track, however bright the other one is."""
    rng = np.random.default_rng(6)
    for _ in range(10):
        there = inside(rng, 40, shape)
        fading = np.linspace(1, 250, 40)[None] * there
        pixels = fading.astype(dtype)
        assert (signal_of(pixels)[1] == (pixels > 0)).all()
        both = pixels.copy()
        both[:6, :6] = 200  # a second object
        assert (signal_of(both)[1] == (both > 0)).all()
    ones = inside(rng, 40, shape).astype(dtype)
    ones[rng.random(ones.shape) < 0.1] = 1  # a matrix of 0 and 1 is a mask
    assert (signal_of(ones)[1] == (ones > 0)).all()


def test_an_object_of_its_own_mask_is_that_mask():
    pixels, there = crop(np.random.default_rng(0), "uint8", "worm", 0.2, 50)
    assert (signal_of(pixels, there)[1] == there).all()


def test_a_photograph_is_divided_where_its_greys_divide():
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:60, :50]
    grain = np.hypot((y - 30) / 1.4, x - 25) < 12
    field = np.where(grain, 120, 190)[..., None] + rng.normal(0, 6, (60, 50, 3))
    found = signal_of(np.clip(field, 0, 255).astype(np.uint8))[1]
    assert overlap(found, grain) > 0.97


def test_a_crop_of_noise_alone_keeps_what_there_is():
    noise = specks(np.random.default_rng(2), (40, 40), 0.1, 2).astype(np.uint8)
    assert signal_of(noise)[1].any()


def test_undefined_pixels_do_not_move_the_footprint():
    """Some in a photograph would stand out as zeros; around a masked track they are its outside."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:60, :50]
    grain = np.hypot((y - 30) / 1.4, x - 25) < 12
    field = np.where(grain, 150.0, 190.0) + rng.normal(0, 6, (60, 50))
    field[rng.random(field.shape) < 0.03] = np.nan
    assert overlap(signal_of(field)[1], grain & np.isfinite(field)) > 0.97
    track = inside(rng, 40, "worm")
    masked = np.where(track, rng.uniform(400, 500, track.shape), np.nan)
    assert (signal_of(masked)[1] == track).all()


ODD = [0, 1, 2, 1e308, -1e308, 5e-324, np.nan, np.inf]


def test_every_crop_of_a_few_pixels_has_a_footprint_and_measurements():
    """Also one of two values in equal parts, whose border's median is neither, and one of the
    smallest and largest numbers there are."""
    four = [np.array(v).reshape(2, 2) for v in itertools.product(ODD, repeat=4)]
    six = [np.array(v, np.uint8).reshape(2, 3) for v in itertools.product([0, 1, 3], repeat=6)]
    with np.errstate(all="ignore"):
        for pixels in [*four, *six]:
            _, inside = signal_of(pixels)
            assert not inside[~np.isfinite(pixels)].any()
            assert measure(pixels)[NAMES.index("pixels")] == inside.sum()
    signal, inside = signal_of(np.array([[1, 1], [2, 2]], np.uint8))
    assert (inside == [[False, False], [True, True]]).all()
    assert (signal == inside).all()
