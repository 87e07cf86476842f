"""Arrays as bytes: little-endian, compressed without loss where that pays."""

import threading

import numpy as np
import zstandard

# raw: as it is. zstd: compressed. shuffle-zstd: the bytes of equal significance side by side
# first, which is what lets noisy floats shrink at all.
RAW, ZSTD, SHUFFLED = "raw", "zstd", "shuffle-zstd"
LEVEL = 1
WORTH_IT = 0.9  # a compressed form is kept when at most this fraction of the raw size
MIN_BYTES = 64  # below, the zstd frame costs more than it saves

_mine = threading.local()  # (de)compressors are not safe to share between threads


def little_endian(values: np.ndarray) -> np.ndarray:
    """`values` C-contiguous and little-endian; booleans as uint8."""
    if values.dtype == bool:
        values = values.astype(np.uint8)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<"))


def encode(values: np.ndarray) -> tuple[str, bytes]:
    """Codec and bytes of `values`; shape and dtype are kept by the caller."""
    raw = little_endian(values).tobytes()
    if len(raw) < MIN_BYTES:
        return RAW, raw
    if not hasattr(_mine, "compressor"):
        _mine.compressor = zstandard.ZstdCompressor(level=LEVEL)
    width = values.dtype.itemsize
    shuffled = width > 1
    packed = _mine.compressor.compress(_shuffle(raw, width) if shuffled else raw)
    if len(packed) > WORTH_IT * len(raw):
        return RAW, raw
    return (SHUFFLED if shuffled else ZSTD), packed


def decode(codec: str, packed: bytes, dtype: str | np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """The array that `encode` took; ValueError when the bytes do not fit dtype and shape."""
    little = np.dtype(dtype).newbyteorder("<")
    size = little.itemsize * int(np.prod(shape, dtype=np.int64))
    raw = packed
    if codec != RAW:
        if not hasattr(_mine, "decompressor"):
            _mine.decompressor = zstandard.ZstdDecompressor()
        raw = _mine.decompressor.decompress(packed, max_output_size=size)
        if codec == SHUFFLED:
            raw = _unshuffle(raw, little.itemsize)
    if len(raw) != size:
        raise ValueError(f"{len(raw)} bytes stored, {size} expected for {little} {shape}")
    return np.frombuffer(raw, little).reshape(shape)


def pack_mask(mask: np.ndarray) -> bytes:
    """A boolean [h, w] mask as bits, eight pixels a byte."""
    return np.packbits(mask.astype(bool), axis=None).tobytes()


def unpack_mask(packed: bytes, shape: tuple[int, int]) -> np.ndarray:
    """The boolean [h, w] mask that `pack_mask` took."""
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=shape[0] * shape[1])
    return bits.reshape(shape).astype(bool)


def _shuffle(raw: bytes, width: int) -> bytes:
    return np.frombuffer(raw, np.uint8).reshape(-1, width).T.tobytes()


def _unshuffle(raw: bytes, width: int) -> bytes:
    return np.frombuffer(raw, np.uint8).reshape(width, -1).T.tobytes()
