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
