"""The ice-core project's autoencoder: 3 convolutions and 2 linear layers each way, any channels."""

from torch import Tensor, nn


class Autoencoder(nn.Module):
    """Images [batch, channels, 64, 64] in 0..1; all kernels 3x3, as its authors settled on."""

    def __init__(self, channels: int, latent: int):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, 8, 3, stride=2, padding=1),  # [batch, 8, 32, 32]
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),  # [batch, 16, 16, 16]
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),  # [batch, 32, 8, 8]
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 8 * 8, 250),
            nn.BatchNorm1d(250),
            nn.ReLU(),
            nn.Linear(250, latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, 250),
            nn.BatchNorm1d(250),
            nn.ReLU(),
            nn.Linear(250, 32 * 8 * 8),
            nn.ReLU(),
            nn.Unflatten(1, (32, 8, 8)),
            nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.ConvTranspose2d(8, channels, 3, stride=2, padding=1, output_padding=1),
        )

    def encode(self, images: Tensor) -> Tensor:
        """Latent [batch, latent]."""
        return self.encoder(images)

    def decode(self, latent: Tensor) -> Tensor:
        """Pixels [batch, channels, 64, 64], about 0..1 but not bounded."""
        return self.decoder(latent)
