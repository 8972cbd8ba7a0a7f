"""Extractors that experiments features.<set> train, and folders of such runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

from filelock import FileLock
from torch import Tensor, nn

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..files import get_cache_folder, read_json
from ..method import Classifies, Extracts, require
from ..model import Model, load
from ..model.run_files import list_trained_stages, read_run_config
from .extractors import ExtractedFeatures, Extractor, make_extractor, resize_pictures
from .pretrained import get_weights_folder

EXPERIMENT_PREFIX = "features."
SEED_SEPARATOR = "-seed="
"""Between an experiment's name and a seed: features.celeba_32-seed=1."""


@final
class TrainedNetwork(nn.Module):
    """uint8 (b, c, h, w) -> the method's features, and its class probabilities if it has any."""

    def __init__(self, method: nn.Module, space: Preprocessor) -> None:
        super().__init__()
        self.method: Any = method
        self.space = space

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        x = self.preprocess(pictures)
        features = self.method.features(x)
        probs = self.method.classify(x).probs if isinstance(self.method, Classifies) else None
        return ExtractedFeatures(features, probs)

    def preprocess(self, pictures: Tensor) -> Tensor:
        """Pictures as the method sees them: uint8 (b, c, h, w) -> (b, *event)."""
        height, width = self.space.shape[1:]
        return self.space.transform(resize_pictures(pictures, (height, width)))


class MissingExtractor(InputError):
    """An extractor that is not trained yet; has its experiment, seed and the folder for the run."""

    def __init__(self, name: str, experiment: str, seed: int, run: Path) -> None:
        super().__init__(
            f"{name} is in neither AUXGEN_WEIGHTS nor the cache; train it with: auxgen train "
            f"{experiment} --seed {seed} --run {run}."
        )
        self.name, self.experiment, self.seed, self.run = name, experiment, seed, run

    def describe_training(self, time: str) -> str:
        """The note to print before it is trained, which takes some time."""
        what = f"{self.name} is in neither AUXGEN_WEIGHTS nor the cache"
        return f"{what}: training it once, {time or 'some minutes'}."

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Let one process train it at a time; whether none has done so meanwhile."""
        self.run.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.run.with_name(f".{self.run.name}.lock")):
            yield not is_run_finished(self.run)


def is_extractor_experiment(name: str) -> bool:
    """Whether a name is that of an experiment that trains extractors, with or without a seed."""
    return name.startswith(EXPERIMENT_PREFIX) and "/" not in name


def parse_extractor_name(name: str) -> tuple[str, int]:
    """Experiment and seed of "features.celeba_32-seed=1"; the seed is 0 where there is none."""
    experiment, given, seed = name.partition(SEED_SEPARATOR)
    if given and not seed.isdecimal():
        raise InputError(f"{name} has a seed of {seed!r}; expected a whole number such as 1.")
    return experiment, int(seed or 0)


def is_in_weights_folder(name: str) -> bool:
    root = get_weights_folder()
    return root is not None and (root / name).is_dir()


def find_run(name: str) -> Path:
    """The finished run of an experiment: in AUXGEN_WEIGHTS, else in the cache.

    Raises:
        MissingExtractor: There is none, or it is not finished.
    """
    root = get_weights_folder()
    if root is not None and is_in_weights_folder(name):
        return root / name
    run = get_cache_folder() / "extractors" / name
    if not is_run_finished(run):
        raise MissingExtractor(name, *parse_extractor_name(name), run)
    return run


def load_model_for_rows(name: str, rows: Dataset) -> Model:
    """A trained model for rows of this shape, by an experiment features.* or a folder.

    Raises:
        MissingExtractor: An experiment trains it, and has not done so yet.
        InputError: There is none, or it sees rows of another shape.
    """
    model = load(find_run(name) if is_extractor_experiment(name) else Path(name).expanduser())
    shape = tuple(rows.x.shape[1:])
    if model.space.shape != shape:
        raise InputError(
            f"{name} sees rows of shape {model.space.shape}, and {rows.name} has images of shape "
            f"{shape}; expected the same."
        )
    return model


def is_run_finished(run: Path) -> bool:
    """Whether all stages of a run are trained and evaluated."""
    if not (run / "run.json").is_file() or not (run / "scores.json").is_file():
        return False
    config = read_run_config(run)
    return list_trained_stages(run, config) == config["stages"]


def load_extractor_from_folder(path: Path, name: str | None = None) -> Extractor:
    """The extractor in a run's or artefact's folder.

    Its name is "features.<folder>" where none is given, so that no folder is called "inception".

    Raises:
        InputError: It is no such folder, is damaged, or its model has no features of pictures.
    """
    model = load(path)
    name = name or EXPERIMENT_PREFIX + path.resolve().name.removeprefix(EXPERIMENT_PREFIX)
    method, space = model.method, model.space
    require(method, Extracts)
    if space.kind != "images" or space.shape[0] not in (1, 3):
        raise InputError(
            f"{path} sees {space.kind} of shape {space.shape}; a model of grey or colour images is "
            "expected."
        )
    channels, height, width = space.shape
    colours = "grey" if channels == 1 else "RGB"
    config = {k: model.config.get(k) for k in ("builder", "arguments", "space", "sha256")}
    return make_extractor(
        name,
        TrainedNetwork(method, space).eval(),
        channels=channels,
        protocol=f"features of {model.config['builder']}, of uint8 {colours} at "
        f"{width}x{height} (others resized, bilinear, antialiased when shrinking), float32",
        weights=json.dumps(config, sort_keys=True),
        classes=space.classes,
        remark=_describe_run_scores(path),
    )


def _describe_run_scores(path: Path) -> str:
    """The scores of the network's run, in words; "" where there are none."""
    if not (path / "scores.json").is_file():
        return ""
    scores = read_json(path / "scores.json", "run")["scores"]
    each = [f"{n.partition('/')[2]} {s['value']:.4g} {s['unit']}" for n, s in scores.items()]
    return ", ".join(text.strip() for text in each)
