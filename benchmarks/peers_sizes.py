"""How much benchmarks/peers.py measures."""

from __future__ import annotations

from dataclasses import dataclass, field

import live_classes


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        samples: Calls of each way.
        vae_samples: The same of the VAE, whose rounds are the shortest.
        image_samples: The same of the largest networks of images, whose rounds are the longest.
        fits: Fits of each classifier.
        rounds: Rounds of the VAE in a call.
        vae: Width of a row, of a hidden layer and of the code.
        adgm: Sizes of the ADGM.
        many: Classes of the ADGM with many.
        m2: Width of a row, of the hidden layer and of the code; classes.
        gan: Height and width of images, rows of a batch; widths of networks, from small maps on.
        images: Height and width of images, rows of a batch.
        widths: Channels at each resolution of the networks of these images.
        table: Rows, columns, labelled rows, rounds of the model that is trained alone.
    """

    samples: int = 15
    vae_samples: int = 40
    image_samples: int = 7
    fits: int = 5
    rounds: int = 10
    vae: tuple[int, int, int] = (784, 512, 64)
    adgm: live_classes.Sizes = field(default_factory=live_classes.Sizes)
    many: int = 100
    m2: tuple[int, int, int, int] = (784, 500, 50, 10)
    gan: tuple[int, int, tuple[int, ...]] = (32, 64, (128, 64, 32))
    images: tuple[int, int] = (64, 50)
    widths: tuple[int, ...] = (16, 32, 64, 128)
    table: tuple[int, int, int, int] = (2000, 30, 60, 500)


SMALL = Sizes(
    samples=2,
    vae_samples=2,
    image_samples=2,
    fits=2,
    rounds=2,
    vae=(16, 8, 2),
    adgm=live_classes.SMALL,
    many=12,
    m2=(8, 8, 2, 3),
    gan=(8, 4, (4, 4)),
    images=(16, 4),
    widths=(4, 8),
    table=(120, 8, 30, 3),
)
