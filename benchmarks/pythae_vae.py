"""The VAE of bare_loop.py as Pythae trains it: its trainer, its loader of batches, its loss.

A peer for benchmarks; `pip install pythae`.
"""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import torch
from bare_loop import BATCH, build_perceptrons
from torch import Tensor


def make_pythae(x: Tensor, hidden: int, z: int) -> Callable[[], None]:
    """What plays a pass over x (n, d), by the trainer's own step of an epoch.

    Raises:
        ImportError: Pythae or something that it needs is not installed.
    """
    from pythae.data.datasets import BaseDataset  # pyright: ignore[reportMissingImports]
    from pythae.models import VAE, VAEConfig  # pyright: ignore[reportMissingImports]
    from pythae.models.base.base_utils import (  # pyright: ignore[reportMissingImports]
        ModelOutput,
    )
    from pythae.models.nn import (  # pyright: ignore[reportMissingImports]
        BaseDecoder,
        BaseEncoder,
    )
    from pythae.trainers import (  # pyright: ignore[reportMissingImports]
        BaseTrainer,
        BaseTrainerConfig,
    )

    width = x.shape[1]

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = build_perceptrons(width, hidden, 2 * z)

        def forward(self, x: Tensor) -> Any:
            mean, log_variance = self.layers(x).chunk(2, -1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = build_perceptrons(z, hidden, width)

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=self.layers(z).sigmoid())

    logging.disable(logging.INFO)  # its words on folders
    config = VAEConfig(input_dim=(width,), latent_dim=z, reconstruction_loss="bce")
    model = VAE(config, encoder=Encoder(), decoder=Decoder())
    settings = BaseTrainerConfig(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=BATCH,
        learning_rate=1e-3,
        optimizer_cls="Adam",
    )
    rows = BaseDataset(x, torch.ones(len(x)))
    trainer = BaseTrainer(model=model, train_dataset=rows, training_config=settings)
    with redirect_stdout(io.StringIO()):
        trainer.prepare_training()
    logging.disable(logging.NOTSET)

    def play() -> None:
        with redirect_stderr(io.StringIO()):  # its bar
            trainer.train_step(1)

    return play
