"""The 8 symmetries of the square: a track has no preferred orientation, so a model must not."""

import torch
from torch import Tensor

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
