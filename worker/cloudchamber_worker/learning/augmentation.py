"""A track has no preferred orientation, so a model must not: the 8 symmetries of the square, turns
by any angle, and the other changes that leave a track what it is.

All draws come from the generator that is handed in, on the CPU: a resumed training makes the same
ones.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

N_SYMMETRIES = 8


def symmetry(images: Tensor, which: int) -> Tensor:
    """One of the 8 rotations and reflections of square [..., side, side]; 0 is the identity."""
    images = torch.rot90(images, which % 4, dims=(-2, -1))
    return images.flip(-1) if which >= 4 else images


def random_symmetries(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image of [batch, channels, side, side] in one of its 8 orientations, drawn evenly."""
    choice = torch.randint(N_SYMMETRIES, (len(images),), generator=generator)
    turned = torch.empty_like(images)
    for which in range(N_SYMMETRIES):
        rows = (choice == which).nonzero(as_tuple=True)[0].to(images.device)
        if len(rows):
            turned[rows] = symmetry(images[rows], which)
    return turned


def border_level(images: Tensor) -> Tensor:
    """Median of the border pixels of each channel, [batch, channels, 1, 1]: the background."""
    edges = [images[..., 0, :], images[..., -1, :], images[..., :, 0], images[..., :, -1]]
    return torch.cat(edges, dim=-1).median(dim=-1).values[..., None, None]


def rotate(images: Tensor, angles: Tensor, zoom: Tensor | None = None) -> Tensor:
    """Images [batch, channels, side, side] turned about their centre, bilinear.

    angles  radians [batch], mathematically positive as the image is drawn (y down)
    zoom    magnification [batch]; 1 by default
    What comes in from outside is the background, so that a turned cutout has no dark corners.
    """
    factor = torch.ones_like(angles) if zoom is None else 1 / zoom
    cosine, sine = torch.cos(angles) * factor, torch.sin(angles) * factor
    zero = torch.zeros_like(cosine)
    # Where each output pixel comes from, in units of half the side.
    place = torch.stack([cosine, -sine, zero, sine, cosine, zero], dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(place, list(images.shape), align_corners=False)
    level = border_level(images)
    return functional.grid_sample(images - level, grid, align_corners=False) + level


def random_turns(
    images: Tensor,
    generator: torch.Generator,
    zoom: tuple[float, float] = (1.0, 1.0),
    upright: float = 0.25,
) -> Tensor:
    """Each image of [batch, channels, side, side] reflected or not and turned by any angle.

    zoom     range of a magnification drawn with it, evenly in its logarithm
    upright  the share that is only put into one of the 8 symmetries: interpolation smooths, and
             what is embedded later is not smoothed
    """
    n = len(images)
    turned = random_symmetries(images, generator)
    angles = torch.rand(n, generator=generator) * (2 * math.pi)
    low, high = math.log(zoom[0]), math.log(zoom[1])
    scale = torch.exp(low + (high - low) * torch.rand(n, generator=generator))
    rows = (torch.rand(n, generator=generator) >= upright).nonzero(as_tuple=True)[0]
    if len(rows):
        there = rows.to(images.device)
        angles, scale = angles[rows].to(images.device), scale[rows].to(images.device)
        turned[there] = rotate(turned[there], angles, scale)
    return turned


def turns(images: Tensor, per_quarter: int) -> Iterator[Tensor]:
    """The images [batch, channels, side, side] in 8 x ``per_quarter`` orientations.

    The 8 symmetries, each also turned by equal parts of a quarter turn. The same orientations come
    for a copy turned by a quarter or mirrored, in another order: a mean over them does not change.
    """
    for part in range(per_quarter):
        angle = torch.full((len(images),), part * math.pi / 2 / per_quarter, device=images.device)
        for which in range(N_SYMMETRIES):
            turned = symmetry(images, which)
            yield rotate(turned, angle) if part else turned


def random_threshold(images: Tensor, generator: torch.Generator, highest: float) -> Tensor:
    """Pixels that stand less than a random part of 0..``highest`` above the background become it:
    another threshold would have cut the footprint differently."""
    threshold = torch.rand(len(images), generator=generator).mul(highest).view(-1, 1, 1, 1)
    level = border_level(images)
    return torch.where(images - level > threshold.to(images.device), images, level)


def random_noise(images: Tensor, generator: torch.Generator, highest: float) -> Tensor:
    """Normal noise whose deviation is drawn per image from 0..``highest`` of the unit interval."""
    deviation = torch.rand(len(images), generator=generator).mul(highest).view(-1, 1, 1, 1)
    noise = torch.randn(images.shape, generator=generator) * deviation
    return (images + noise.to(images.device)).clamp(0, 1)
