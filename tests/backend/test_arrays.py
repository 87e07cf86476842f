"""Arrays come back from bytes bit by bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cloudchamber.data.arrays import decode, encode, pack_mask, unpack_mask

DTYPES = st.sampled_from(["u1", "i1", "<u2", ">i2", "<i4", ">f4", "<f8"])


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=1, max_dims=3, max_side=40)))
def test_what_is_encoded_comes_back(values: np.ndarray) -> None:
    codec, packed = encode(values)
    again = decode(codec, packed, values.dtype, values.shape)
    assert again.dtype == values.dtype.newbyteorder("<")
    assert again.tobytes() == values.astype(values.dtype.newbyteorder("<")).tobytes()


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30)))
def test_a_mask_comes_back(mask: np.ndarray) -> None:
    assert np.array_equal(unpack_mask(pack_mask(mask), mask.shape), mask)


def test_what_does_not_shrink_is_kept_as_it_is() -> None:
    noise = np.frombuffer(np.random.default_rng(0).bytes(4096), np.uint8)
    assert encode(noise)[0] == "raw"
    assert encode(np.zeros(4096, np.float32))[0] == "shuffle-zstd"
    assert encode(np.zeros(4096, np.uint8))[0] == "zstd"


def test_bytes_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(ValueError, match="expected"):
        decode("raw", b"123", "<f4", (1,))
