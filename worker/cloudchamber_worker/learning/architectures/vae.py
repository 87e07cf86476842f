"""The CCD project's variational autoencoder, on 64x64 with four metadata values.

Its kernels (12x12, 6x6), its dense widths (200, then 200 + 4 metadata values into the latent) and
its mean and log-variance layers. Strides of 2 take the place of its pooling, which brings its
17 million parameters to 3.4: what it learns fits into a checkpoint and a coffee break.
"""

import torch
from torch import Tensor, nn

N_METADATA = 4


class Vae(nn.Module):
    """Images [batch, channels, 64, 64] in 0..1, metadata [batch, 4]."""

    def __init__(self, channels: int, latent: int):
        super().__init__()
        self.encoder_images = nn.Sequential(
            nn.Conv2d(channels, 16, 12, stride=2, padding=5),  # [batch, 16, 32, 32]
            nn.ReLU(),
            nn.Conv2d(16, 32, 6, stride=2, padding=2),  # [batch, 32, 16, 16]
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 16 * 16, 200),
            nn.ReLU(),
        )
        self.encoder_both = nn.Sequential(nn.Linear(200 + N_METADATA, latent), nn.ReLU())
        self.mean = nn.Linear(latent, latent)
        self.log_variance = nn.Linear(latent, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 200),
            nn.ReLU(),
            nn.Linear(200, 32 * 16 * 16),
            nn.ReLU(),
            nn.Unflatten(1, (32, 16, 16)),
            nn.ConvTranspose2d(32, 16, 6, stride=2, padding=2),  # [batch, 16, 32, 32]
            nn.ReLU(),
            nn.ConvTranspose2d(16, channels, 12, stride=2, padding=5),  # [batch, channels, 64, 64]
        )

    def encode(self, images: Tensor, metadata: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latent, [batch, latent] each."""
        y = torch.cat([self.encoder_images(images), metadata], dim=1)  # [batch, 204]
        y = self.encoder_both(y)
        # Beyond this range exp() overflows; no trained model comes near.
        return self.mean(y), self.log_variance(y).clamp(-12, 12)

    def decode(self, latent: Tensor) -> Tensor:
        """Logits of the pixels, [batch, channels, 64, 64]."""
        return self.decoder(latent)
