"""Extractors trained here: the experiments features.<set>, and folders of such runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, final

from torch import Tensor, nn

from ..data.cache import get_cache_folder
from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..files import read_json
from ..method import Classifies, Extracts, require
from ..model import Model, load
from .extractors import ExtractedFeatures, Extractor, make_extractor, resize_pictures
from .pretrained import get_weights_folder

EXPERIMENT_PREFIX = "features."
SEED_SEPARATOR = "-seed="
"""Between an experiment's name and a seed: features.celeba_32-seed=1."""


@final
class TrainedNetwork(nn.Module):
    """uint8 (b, c, h, w) -> the method's features, and probabilities where it has classes."""

    method: Any

    def __init__(self, method: nn.Module, space: Preprocessor) -> None:
        super().__init__()
        self.method, self.space = method, space

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        x = self.preprocess(pictures)
        features = self.method.features(x)
        probs = self.method.classify(x).probs if isinstance(self.method, Classifies) else None
        return ExtractedFeatures(features, probs)

    def preprocess(self, pictures: Tensor) -> Tensor:
        """uint8 (b, c, h, w) as the method sees them."""
        height, width = self.space.shape[1:]
        return self.space.transform(resize_pictures(pictures, (height, width)))


class MissingExtractor(InputError):
    """An extractor of the experiments features.* that is not trained yet.

    Attributes:
        name: As a person writes it, "features.celeba_32-seed=1".
        experiment: The experiment that trains it.
        seed: Its seed.
        run: Where its run belongs.
    """

    def __init__(self, name: str, experiment: str, seed: int, run: Path) -> None:
        super().__init__(
            f"{name} is in neither AUXGEN_WEIGHTS nor the cache; train it with: auxgen train "
            f"{experiment} --seed {seed} --run {run}."
        )
        self.name, self.experiment, self.seed, self.run = name, experiment, seed, run


def is_extractor_experiment(name: str) -> bool:
    """Whether it names an experiment that trains extractors, with a seed or without."""
    return name.startswith(EXPERIMENT_PREFIX) and "/" not in name


def _parse_extractor_name(name: str) -> tuple[str, int]:
    """An experiment and its seed: features.celeba_32-seed=1, seed 0 where none is named.

    Raises:
        InputError: The seed is no whole number.
    """
    experiment, given, seed = name.partition(SEED_SEPARATOR)
    if given and not seed.isdecimal():
        raise InputError(f"{name} has a seed of {seed!r}; expected a whole number such as 1.")
    return experiment, int(seed or 0)


def _find_or_train_run(name: str) -> Path:
    """The finished run of an experiment: in AUXGEN_WEIGHTS, else in the cache.

    Raises:
        MissingExtractor: It is not trained yet, or not to its end.
    """
    root = get_weights_folder()
    if root is not None and (root / name).is_dir():
        return root / name
    run = get_cache_folder() / "extractors" / name
    if not _is_run_finished(run):
        raise MissingExtractor(name, *_parse_extractor_name(name), run)
    return run


def load_model_for_rows(name: str, rows: Dataset) -> Model:
    """A trained model that sees rows like these: an experiment's of this family, or a folder's.

    Raises:
        MissingExtractor: It is one of ours and not trained yet.
        InputError: There is none, or it sees rows of another shape.
    """
    found = load(
        _find_or_train_run(name) if is_extractor_experiment(name) else Path(name).expanduser()
    )
    shape = tuple(rows.x.shape[1:])
    if found.space.shape != shape:
        raise InputError(
            f"{name} sees rows of shape {found.space.shape}, and {rows.name} has images of shape "
            f"{shape}; expected the same."
        )
    return found


def _is_run_finished(run: Path) -> bool:
    """Whether all stages of a run are trained, and how good they are is known."""
    if not (run / "run.json").is_file() or not (run / "scores.json").is_file():
        return False
    stages = read_json(run / "run.json", "run").get("stages", [])
    return all((run / stage / "model.safetensors").is_file() for stage in stages)


def load_extractor_from_folder(path: Path, name: str | None = None) -> Extractor:
    """The extractor in a run's or artefact's folder.

    Args:
        path: The folder.
        name: What to call it; "features.<folder>" where None, so that no folder is "inception".

    Raises:
        InputError: It is no such folder, is damaged, or its model has no features of pictures.
    """
    found = load(path)
    name = name or EXPERIMENT_PREFIX + path.resolve().name.removeprefix(EXPERIMENT_PREFIX)
    method, space = found.method, found.space
    require(method, Extracts)
    if space.kind != "images" or space.shape[0] not in (1, 3):
        raise InputError(
            f"{path} sees {space.kind} of shape {space.shape}; a model of grey or colour images is "
            "wanted."
        )
    channels, height, width = space.shape
    colours = "grey" if channels == 1 else "RGB"
    config = {k: found.config.get(k) for k in ("builder", "arguments", "space", "sha256")}
    return make_extractor(
        name,
        TrainedNetwork(method, space).eval(),
        channels=channels,
        protocol=f"features of {found.config['builder']}, of uint8 {colours} at "
        f"{width}x{height} (others resized, bilinear, antialiased when shrinking), float32",
        weights=json.dumps(config, sort_keys=True),
        classes=space.classes,
        remark=_describe_run_scores(path),
    )


def _describe_run_scores(path: Path) -> str:
    """How good the network is at what it was trained for, as its run's scores say."""
    if not (path / "scores.json").is_file():
        return ""
    scores = read_json(path / "scores.json", "run")["scores"]
    said = [f"{n.partition('/')[2]} {s['value']:.4g} {s['unit']}" for n, s in scores.items()]
    return ", ".join(text.strip() for text in said)
