"""Extractors by name."""

from __future__ import annotations

from pathlib import Path

import torch

from ..errors import unknown
from . import inception, pretrained, trained
from .extractors import INCEPTION, Extractor


def extractor(name: str) -> Extractor:
    """An extractor by its name.

    Args:
        name: "inception", "cifar10-resnet56", "vgg19-relu3_1", "features.<set>" or, with another
            seed than 0, "features.<set>-seed=1" (in AUXGEN_WEIGHTS, else trained once into the
            cache), or a folder of a trained features run or artefact.

    Raises:
        MissingExtractor: It is one of ours and not trained yet.
        InputError: There is none, or its weights are missing, damaged or another network's.
    """
    known = {INCEPTION: inception.extractor, **pretrained.EXTRACTORS}
    # networks are initialised before they get their weights, which moves the random state
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        if name in known:
            return known[name]()
        if trained.is_trained_here(name):
            return trained.of_folder(trained.run_of(name), name)
        if Path(name).expanduser().is_dir():
            return trained.of_folder(Path(name).expanduser())
    raise unknown("extractor", name, [*known, "features.SET"])
