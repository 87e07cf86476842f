"""Which shares of the true classes could have led to what was said: draws from the posterior.

The model. Of T cutouts each is of class j with probability q_j and is then said to be of class i
with probability P_ji; held-out cutouts of class j were said to be i C_ji times. Priors: every set
of shares is as likely as another, q ~ Dirichlet(1, …, 1), which for a rare class is the flat
prior of a Poisson rate; every row P_j ~ Dirichlet(1/k, …, 1/k), one label's worth of evidence
(Perks 1947). This is unfolding with priors on both the spectrum and the response matrix
(D'Agostini 2010, arXiv:1010.0632), sampled instead of iterated.
"""

import numpy as np
from numpy.typing import NDArray

TINY = 1e-300
BURN = 60
SWEEPS = 200
EVERY = 2
# How much of a row a proposal keeps: from a fresh draw to a small step.
KEPT = (0.0, 0.5, 0.9, 0.98)


def sample_shares(
    said: NDArray[np.integer],
    confusion: NDArray[np.number],
    seed: int = 0,
    chains: int | None = None,
) -> NDArray[np.float64]:
    """Draws [sets, draws, classes] of the true shares, each with the sum 1.

    said       int [sets, classes], how often each class was said of the new cutouts
    confusion  counts [sets, true, said] on held-out cutouts, rows of zeros where there are none
    seed       the same seed gives the same draws
    chains     independent chains for each set; by default fewer the more classes there are

    Two moves take turns. Gibbs: the unknown true classes of what was said, then shares and rows
    given those (data augmentation); it crosses the borders where a share is zero. Metropolis: a
    new row P_j from its prior given the held-out labels, with the shares that leave what is
    expected to be said, r = q P, as it was; in the coordinates (r, P) only the Jacobian 1/|det P|
    and the border are left to decide. Without it the chains need as many steps as there are
    cutouts for each held-out label.
    """
    sets, k = said.shape
    chains = chains or int(np.clip(8000 // k**2, 16, 128))
    rng = np.random.default_rng(seed)
    told = np.repeat(np.asarray(said, np.int64), chains, axis=0)
    evidence = np.repeat(np.asarray(confusion, np.float64), chains, axis=0) + 1 / k
    rate = _dirichlet(rng, evidence)
    share = 0.98 * most_likely_shares(_dirichlet(rng, told + 1.0), rate, 100) + 0.02 / k
    kept = []
    for sweep in range(BURN + SWEEPS):
        share, rate = _reassign(rng, told, evidence, share, rate)
        share, rate = _exchange(rng, evidence, share, rate, sweep)
        if sweep >= BURN and sweep % EVERY == 0:
            kept.append(share.reshape(sets, chains, k))
    return np.concatenate(kept, axis=1)


def most_likely_shares(
    said: NDArray[np.number], rate: NDArray[np.floating], steps: int = 2000
) -> NDArray[np.float64]:
    """Most likely shares [.., classes] of the true classes, given counts ``said`` [.., classes]
    and P(said | true) [.., true, said] taken for known.

    Expectation maximisation (Saerens, Latinne & Decaestecker 2002, on counts of decisions). Every
    step keeps shares ≥ 0 and their sum 1.
    """
    said = np.asarray(said, np.float64)
    observed = said / np.maximum(said.sum(axis=-1, keepdims=True), 1e-12)
    shares = np.full(observed.shape, 1 / observed.shape[-1])
    for _ in range(steps):
        expected = np.einsum("...j,...ji->...i", shares, rate)
        new = shares * np.einsum("...ji,...i->...j", rate, observed / np.maximum(expected, 1e-12))
        new /= np.maximum(new.sum(axis=-1, keepdims=True), 1e-12)
        if np.abs(new - shares).max() < 1e-8:
            return new
        shares = new
    return shares


def _dirichlet(rng: np.random.Generator, weights: NDArray[np.floating]) -> NDArray[np.float64]:
    gamma = np.maximum(rng.gamma(weights), TINY)
    return gamma / gamma.sum(axis=-1, keepdims=True)


def _reassign(
    rng: np.random.Generator,
    said: NDArray[np.int64],
    evidence: NDArray[np.float64],
    share: NDArray[np.float64],
    rate: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gibbs: a true class for each cutout, then shares [n, classes] and rows given those."""
    weight = np.swapaxes(share[:, :, None] * rate, 1, 2)  # [n, said, true]
    weight = np.maximum(weight, TINY)
    weight /= weight.sum(axis=-1, keepdims=True)
    truth = np.swapaxes(rng.multinomial(said, weight), 1, 2)
    return _dirichlet(rng, 1.0 + truth.sum(axis=-1)), _dirichlet(rng, evidence + truth)


def _exchange(
    rng: np.random.Generator,
    evidence: NDArray[np.float64],
    share: NDArray[np.float64],
    rate: NDArray[np.float64],
    sweep: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Metropolis: row after row anew, the shares moved so that r = q P stays."""
    n, k = share.shape
    rate = rate.copy()
    _, volume = np.linalg.slogdet(rate)
    # Nearly equal rows cannot be inverted: such a state is neither left nor entered by this move.
    least = -25.0 - k
    regular = volume > least
    inverse = np.linalg.inv(np.where(regular[:, None, None], rate, np.eye(k)))
    for j in range(k):
        row = _near(rng, evidence[:, j], rate[:, j], KEPT[(sweep + j) % len(KEPT)])
        step = np.einsum("ni,nil->nl", row - rate[:, j], inverse)
        grown = 1 + step[:, j]  # det of the new rows over that of the old
        safe = np.where(np.abs(grown) > TINY, grown, 1.0)
        moved = share - share[:, j : j + 1] * step / safe[:, None]
        gain = np.log(np.maximum(np.abs(grown), TINY))
        taken = (
            regular
            & (volume + gain > least)
            & (moved > 0).all(axis=1)
            & (np.log(rng.random(n)) < -gain)
        )
        rate[taken, j] = row[taken]
        share = np.where(taken[:, None], moved / moved.sum(axis=1, keepdims=True), share)
        turned = inverse - inverse[:, :, j, None] * (step / safe[:, None])[:, None, :]
        inverse = np.where(taken[:, None, None], turned, inverse)
        volume = np.where(taken, volume + gain, volume)
    return share, rate


def _near(
    rng: np.random.Generator,
    weights: NDArray[np.float64],
    row: NDArray[np.float64],
    kept: float,
) -> NDArray[np.float64]:
    """A row [n, classes] near another, by a step that leaves Dirichlet(weights) as it is.

    A gamma variate thinned by a beta and topped up by a gamma is one again (Lewis, McKenzie &
    Hugus 1989).
    """
    fresh = rng.gamma((1 - kept) * weights)
    if kept:
        old = row * rng.gamma(weights.sum(axis=-1))[:, None]
        # Both shapes may be so small that their ratio is undefined: then nothing of it is kept.
        fresh = fresh + old * np.nan_to_num(rng.beta(kept * weights, (1 - kept) * weights))
    fresh = np.maximum(fresh, TINY)
    return fresh / fresh.sum(axis=-1, keepdims=True)
