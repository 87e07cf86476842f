import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cloudchamber_worker.imaging.detection import cut_out, find_footprints
from cloudchamber_worker.imaging.measurements import MEASUREMENTS, measure

images = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24),
    elements=st.sampled_from([0.0, 0.0, 0.0, 1.0, 7.0, 250.0]),
)
ANGLE = [m.states_angle for m in MEASUREMENTS]


@given(images, st.integers(0, 4))
@settings(max_examples=80, deadline=None)
def test_footprints_are_a_partition_of_what_is_above(image, margin):
    above = image > 5
    labels, boxes = find_footprints(above)
    seen = np.zeros(image.shape, int)
    for cut in cut_out(image, labels, boxes, margin=margin):
        height, width = cut.mask.shape
        here = slice(cut.y0, cut.y0 + height), slice(cut.x0, cut.x0 + width)
        seen[here] += cut.mask
        assert np.array_equal(cut.pixels, image[here])
    assert np.array_equal(seen, above.astype(int))


@given(images, st.integers(0, 3), st.booleans())
@settings(max_examples=80, deadline=None)
def test_measurements_do_not_change_when_a_cutout_is_turned_or_mirrored(image, quarter, flip):
    turned = np.rot90(image[:, ::-1] if flip else image, quarter)
    before, after = measure(image, image > 0), measure(turned, turned > 0)
    keep = ~np.array(ANGLE)
    assert np.array_equal(before[keep], after[keep], equal_nan=True)


@given(images)
@settings(max_examples=50, deadline=None)
def test_as_many_footprints_are_found_in_every_orientation(image):
    found = {len(find_footprints(np.rot90(image > 5, k))[1]) for k in range(4)}
    assert len(found) == 1
