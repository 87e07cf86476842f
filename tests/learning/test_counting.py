"""Corrected counts: what is stated, what is left open, and how often the intervals are right."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from cloudchamber.data.corrected_counts import count_words
from cloudchamber_worker.learning.count_posterior import most_likely_shares, sample_shares
from cloudchamber_worker.learning.counting import Corrected, corrected_counts, corrected_sets
from cloudchamber_worker.steps.class_counts import state_counts

RATES = np.array([[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.02, 0.08, 0.9]])
CLASSES = ["X-ray", "muon", "electron", "other", "multiple"]
# Held-out labels of a training on tracks: "multiple" was held out twice, and taken for a muon.
FEW_MULTIPLE = np.array(
    [[90, 2, 1, 1, 0], [2, 55, 1, 2, 0], [0, 2, 60, 0, 0], [6, 2, 1, 20, 0], [0, 2, 0, 0, 0]]
)
SAID = np.array([200, 66, 40, 30, 0])


def test_the_likeliest_shares_undo_a_known_confusion():
    true = np.array([500.0, 100.0, 400.0])
    shares = most_likely_shares(true @ RATES, RATES)
    np.testing.assert_allclose(shares * 1000, true, atol=0.5)


def test_the_draws_follow_the_posterior():
    """Given two classes of which 30 of 40 and 36 of 40 held-out labels were said right and 70 of
    100 new cutouts said to be of the first, when the posterior is worked out on a grid, then the
    draws have its mean and its quantiles."""
    confusion, said = np.array([[30, 10], [4, 36]]), np.array([70, 30])
    grid = (np.arange(160) + 0.5) / 160
    right = stats.beta.pdf(grid, 30.5, 10.5)[:, None]
    wrong = stats.beta.pdf(grid, 4.5, 36.5)[None, :]

    def evidence(q: float) -> float:
        first = q * grid[:, None] + (1 - q) * grid
        return float((right * wrong * first**70 * (1 - first) ** 30).sum())

    density = np.array([evidence(q) for q in grid])
    below = np.cumsum(density) / density.sum()
    expected = np.interp([0.025, 0.5, 0.975], below, grid + 0.5 / len(grid))
    draws = sample_shares(said[None], confusion[None], 3)[0, :, 0]
    np.testing.assert_allclose(np.quantile(draws, [0.025, 0.5, 0.975]), expected, atol=0.012)


def test_many_cutouts_for_each_held_out_label_do_not_hold_the_draws_up():
    """Given a hundred thousand new cutouts and 30 held-out labels for each class, when the same
    posterior is drawn from twice, then both say the same within a tenth of its width."""
    confusion = np.array([[27, 2, 1], [6, 21, 3], [1, 2, 27]])
    said = np.array([60_000, 25_000, 15_000])
    once, again = (corrected_counts(said, confusion, seed) for seed in (1, 2))
    width = once.high - once.low
    assert (np.abs(once.low - again.low) < 0.1 * width).all()
    assert (np.abs(once.high - again.high) < 0.1 * width).all()


def test_the_same_seed_gives_the_same_counts():
    one, two = (corrected_counts(SAID, FEW_MULTIPLE, 5) for _ in range(2))
    np.testing.assert_array_equal(one.low, two.low)
    np.testing.assert_array_equal(one.high, two.high)


def test_no_corrected_count_is_negative_and_they_add_up():
    """Plain inversion gives a negative count here: fewer are said to be of the second class than
    the confusion of the first alone would make."""
    said, confusion = np.array([97, 2, 1]), (RATES * 100).astype(int)
    assert (np.linalg.solve(RATES.T, said) < 0).any()
    found = corrected_counts(said, confusion)
    assert (found.low >= 0).all()
    assert found.count.sum() == pytest.approx(100)
    assert (found.low <= found.count).all()
    assert (found.count <= found.high).all()


@pytest.mark.parametrize("right", [200, 100, 60])
def test_zero_seen_is_an_upper_limit_of_three_over_the_efficiency(right: int):
    """Given a class that was found in all, a half or a third of 200 held-out cutouts, when none of
    1000 new ones is said to be of it, then at most 3 / efficiency are expected (95 %)."""
    confusion = np.array([[200, 0, 0], [0, 200, 0], [200 - right, 0, right]])
    found = corrected_counts(np.array([500, 500, 0]), confusion)
    assert found.low[2] == 0
    assert found.high[2] == pytest.approx(3 * 200 / right, rel=0.15)
    stated = state_counts(np.array([500, 500, 0]), confusion, ["a", "b", "c"])["corrected"][2]
    assert stated["verdict"] == "upper_limit"
    assert stated["words"].startswith("≤ ")


def test_two_held_out_labels_make_no_count():
    """Given a class with two held-out labels, both taken for muons, when 66 are said to be muons
    and none of that class, then neither is stated: the muons are not 0, and the others not 121."""
    found = state_counts(SAID, FEW_MULTIPLE, CLASSES)
    by = {c["class_name"]: c for c in found["corrected"]}
    assert by["multiple"]["verdict"] == "not_identifiable"
    assert by["multiple"]["count"] is None
    assert "2 held-out labels" in by["multiple"]["reason"]
    low, high = by["multiple"]["interval"]
    assert low == 0
    assert high > 40
    assert "not identifiable (0 to" in by["multiple"]["words"]
    assert by["muon"]["verdict"] == "not_identifiable"
    assert by["muon"]["reason"] == "not told apart from multiple"
    assert by["muon"]["interval"][1] > 60
    assert by["X-ray"]["verdict"] == "measured"


def test_classes_that_are_said_alike_are_counted_together_only():
    """Given two classes that the classifier says alike of 100 held-out cutouts each, when 200 new
    ones are said to be of either, then each may be any part of them, and both together are 200."""
    confusion = np.array([[50, 50, 1], [45, 55, 0], [0, 0, 30]])
    found = state_counts(np.array([100, 100, 40]), confusion, ["a", "b", "c"])
    a, b, c = found["corrected"]
    assert a["reason"] == "not told apart from b"
    assert b["reason"] == "not told apart from a"
    assert c["verdict"] == "measured"
    (group,) = found["together"]
    assert group["classes"] == ["a", "b"]
    assert group["interval"][0] < 200 < group["interval"][1]
    assert group["interval"][1] - group["interval"][0] < 60


def test_a_class_never_held_out_is_not_identifiable():
    found = state_counts(
        np.array([10, 10, 80]), np.array([[30, 2, 0], [1, 29, 0], [0, 0, 0]]), ["a", "b", "c"]
    )["corrected"]
    assert found[2]["reason"] == "none of its labels was held out"
    assert found[2]["interval"][0] < 80 < found[2]["interval"][1]


def test_without_any_held_out_label_no_count_is_stated():
    said = np.array([10, 0, 0])
    found = state_counts(said, np.zeros((3, 3), int), ["a", "b", "c"])["corrected"]
    assert {c["verdict"] for c in found} == {"not_identifiable"}
    assert all(c["interval"][1] >= 3 for c in found)


def test_a_count_below_ten_keeps_its_digit_and_no_figure_stands_without_its_interval():
    assert count_words("measured", 66.4, (50.6, 84.2)) == "66 (51 to 84)"
    assert count_words("upper_limit", 1.0, (0, 3.04)) == "≤ 3.0 (95 %)"
    assert count_words("measured", 0.5, (0.1, 0.94)) == "0.5 (0.1 to 0.9)"
    assert count_words("not_identifiable", None, (0, 131)) == "not identifiable (0 to 131)"


@dataclass(frozen=True)
class Regime:
    """held_out labels of each class; cutouts of the given shares; ``rates`` P(said | true)."""

    held_out: tuple[int, int, int]
    cutouts: int
    shares: tuple[float, float, float]
    rates: np.ndarray


REGIMES = {
    "many labels": Regime((300, 300, 300), 300, (0.1, 0.2, 0.7), RATES),
    "some labels": Regime((30, 30, 30), 300, (0.1, 0.2, 0.7), RATES),
    "few labels": Regime((8, 8, 8), 300, (0.3, 0.3, 0.4), RATES),
    "a class that is absent": Regime((60, 60, 60), 300, (0.4, 0.6, 0.0), RATES),
    "two labels of a class": Regime((60, 60, 2), 300, (0.3, 0.5, 0.2), RATES),
}
PAIRS = 150


def simulate(regime: Regime) -> tuple[list[Corrected], np.ndarray]:
    """Corrected counts of PAIRS pairs of a training and a new dataset; true counts [pairs, 3]."""
    rng = np.random.default_rng(5)
    draw = rng.multinomial
    confusion = np.array(
        [
            [draw(n, rate) for n, rate in zip(regime.held_out, regime.rates, strict=True)]
            for _ in range(PAIRS)
        ]
    )
    true = draw(regime.cutouts, regime.shares, size=PAIRS)
    said = [
        np.sum([draw(n, rate) for n, rate in zip(row, regime.rates, strict=True)], 0)
        for row in true
    ]
    return corrected_sets(np.array(said), confusion, chains=12), true


@pytest.mark.parametrize("name", REGIMES)
def test_the_intervals_hold_what_they_say(name: str):
    """Given held-out labels and new cutouts drawn a hundred and fifty times, when counts are
    corrected, then 93 to 99 % of the intervals hold the expected count, and for no class fewer
    than 90 %."""
    regime = REGIMES[name]
    found, true = simulate(regime)
    expected = np.array(regime.shares) * regime.cutouts
    low, high = np.array([c.low for c in found]), np.array([c.high for c in found])
    holds = (low <= expected) & (expected <= high)
    assert 0.93 <= holds.mean() <= 0.99
    assert holds.mean(axis=0).min() >= 0.9
    # The number that happens to be there strays less from the said one than the expected one does.
    assert ((low <= true) & (true <= high)).mean() >= 0.93
    stated = np.array([c.identifiable for c in found])
    assert holds[stated].mean() >= 0.93
    if name == "a class that is absent":
        assert (low[:, 2] == 0).mean() >= 0.9
    if name == "two labels of a class":
        assert not stated[:, 2].any()


def test_bare_counts_taken_for_poisson_hold_far_less():
    _, true = simulate(REGIMES["some labels"])
    said = true @ RATES
    assert (np.abs(said - true) <= 1.96 * np.sqrt(said)).mean(axis=0).min() < 0.7
