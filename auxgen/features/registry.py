"""Extractors by name."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from ..errors import unknown_name
from ..networks.backbones import TIMM_PREFIX, VARIANTS, is_backbone_name
from . import inception, pretrained, trained
from .backbones import load_backbone_extractor, parse_backbone_name
from .extractors import INCEPTION, Extractor


def load_extractor(name: str) -> Extractor:
    """An extractor by its name.

    Args:
        name: "inception", "cifar10-resnet56", "vgg19-relu3_1", "efficientnet-lite0",
            "efficientnet-lite2" or "timm:<model>" (with another size of pictures than their own,
            "efficientnet-lite0-size=224"), "features.<set>" or, with another seed than 0,
            "features.<set>-seed=1" (in AUXGEN_WEIGHTS, else trained once into the cache), or a
            folder of a trained features run or artefact.

    Raises:
        MissingExtractor: An experiment trains it, and has not done so yet.
        InputError: There is none, or its weights are missing, damaged or of another network.
    """
    known = _list_published()
    # networks are initialised before they get their weights, which advances the random state
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        if name in known:
            return known[name]()
        if name.startswith((TIMM_PREFIX, *VARIANTS)):
            return load_backbone_extractor(name)
        if trained.is_extractor_experiment(name):
            return trained.load_extractor_from_folder(trained.find_run(name), name)
        if name and (folder := Path(name).expanduser()).is_dir():
            return trained.load_extractor_from_folder(folder)
    raise unknown_name("extractor", name, [*known, *VARIANTS, "timm:MODEL", "features.SET"])


def check_extractor_name(name: str, experiments: Sequence[str]) -> None:
    """Refuse a name of which `load_extractor` knows nothing, and load nothing.

    Args:
        name: As for `load_extractor`.
        experiments: Those that train extractors.

    Raises:
        InputError: There is no such extractor.
    """
    if name in _list_published() or is_backbone_name(parse_backbone_name(name)[0]):
        return
    if trained.is_extractor_experiment(name):
        experiment, _ = trained.parse_extractor_name(name)
        if experiment not in experiments and not trained.is_in_weights_folder(name):
            raise unknown_name("extractor", experiment, experiments)
    elif not name or not Path(name).expanduser().is_dir():
        raise unknown_name("extractor", name, [*_list_published(), *VARIANTS, *experiments])


def _list_published() -> dict[str, Callable[[], Extractor]]:
    return {INCEPTION: inception.load_inception_extractor, **pretrained.EXTRACTORS}
