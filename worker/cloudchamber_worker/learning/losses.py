"""Losses, apart from the loop that lowers them."""

import torch
from torch import Tensor
from torch.nn import functional


def classification_loss(logits: Tensor, target: Tensor, smoothing: float = 0.05) -> Tensor:
    """Categorical cross-entropy of logits [batch, classes] with smoothed targets int64 [batch]."""
    return functional.cross_entropy(logits, target, label_smoothing=smoothing)


def reconstruction_bce(logits: Tensor, image: Tensor) -> Tensor:
    """Binary cross-entropy summed over pixels, [batch]; image in 0..1, both [batch, C, H, W]."""
    loss = functional.binary_cross_entropy_with_logits(logits, image, reduction="none")
    return loss.flatten(1).sum(dim=1)


def reconstruction_mse(output: Tensor, image: Tensor) -> Tensor:
    """Mean squared error per image, [batch]."""
    return (output - image).square().flatten(1).mean(dim=1)


def kl_to_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence from N(mean, var) to N(0, 1), summed over latents, [batch].

    -1/2 Σ (1 + log σ² - μ² - σ²), as in Kingma & Welling 2014, appendix B.
    """
    terms = 1 + log_variance - mean.square() - log_variance.exp()
    return -0.5 * torch.sum(terms, dim=1)


def kl_weight(epoch: int, weight: float, warm_up: int) -> float:
    """λ of this epoch (from 0): rises linearly over ``warm_up`` epochs.

    Full weight from the start makes the posterior collapse to the prior before the decoder has
    learned to use the latent (Bowman et al. 2016, section 3.1).
    """
    return weight * min(1.0, (epoch + 1) / max(warm_up, 1))


def vicreg(first: Tensor, second: Tensor) -> Tensor:
    """Variance-invariance-covariance loss of two views' projections [batch, d] each.

    25 times the mean squared distance of the views, 25 times the shortfall of each dimension's
    standard deviation from 1, and the squared off-diagonal covariances (Bardes, Ponce & LeCun 2022,
    eq. 1-6, with the coefficients of their section 4.2).
    """
    n, d = first.shape
    invariance = functional.mse_loss(first, second)
    variance = covariance = torch.zeros((), device=first.device)
    for view in (first, second):
        centred = view - view.mean(dim=0)
        deviation = (centred.square().sum(dim=0) / max(n - 1, 1) + 1e-4).sqrt()
        variance = variance + functional.relu(1 - deviation).mean() / 2
        matrix = centred.T @ centred / max(n - 1, 1)
        covariance = covariance + (matrix.square().sum() - matrix.diagonal().square().sum()) / d
    return 25 * invariance + 25 * variance + covariance


def simclr(first: Tensor, second: Tensor, temperature: float = 0.5) -> Tensor:
    """Normalised temperature-scaled cross-entropy of two views' projections [batch, d] each: every
    view must find its partner among all others of the batch (Chen et al. 2020, eq. 1)."""
    views = functional.normalize(torch.cat([first, second]), dim=1)
    likeness = views @ views.T / temperature
    likeness = likeness.masked_fill(
        torch.eye(len(views), dtype=torch.bool, device=views.device), float("-inf")
    )
    partner = torch.arange(len(views), device=views.device).roll(len(first))
    return functional.cross_entropy(likeness, partner)
