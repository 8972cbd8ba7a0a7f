"""Extractors trained here: the experiments features.<set>, and folders of such runs."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any, final

import torch
from filelock import FileLock
from torch import Tensor, nn

from .. import abilities
from ..artefact import Model
from ..data.cache import folder
from ..data.examples import Examples, Space
from ..errors import InputError
from ..method import Classifies
from .extractors import Extracted, Extractor, made, resized
from .pretrained import home

FAMILY = "features."
SEED = "-seed="
"""Between an experiment's name and a seed: features.celeba_32-seed=1."""


@final
class Learned(nn.Module):
    """uint8 (b, c, h, w) -> the method's features, and probabilities where it has classes."""

    method: Any

    def __init__(self, method: nn.Module, space: Space) -> None:
        super().__init__()
        self.method, self.space = method, space

    def forward(self, pictures: Tensor) -> Extracted:
        x = self.entered(pictures)
        features = self.method.features(x)
        probs = self.method.classify(x).probs if isinstance(self.method, Classifies) else None
        return Extracted(features, probs)

    def entered(self, pictures: Tensor) -> Tensor:
        """uint8 (b, c, h, w) as the method sees them."""
        height, width = self.space.shape[1:]
        return self.space.enter(resized(pictures, (height, width)))


def names() -> list[str]:
    """The experiments that train extractors."""
    from ..experiments import names

    return [name for name in names() if name.startswith(FAMILY)]


def is_trained_here(name: str) -> bool:
    """Whether it is an experiment's name, or one with a seed."""
    return parted(name)[0] in names()


def parted(name: str) -> tuple[str, int]:
    """An experiment and its seed: features.celeba_32-seed=1, seed 0 where none is told.

    Raises:
        InputError: The seed is no whole number.
    """
    experiment, given, seed = name.partition(SEED)
    if given and not seed.isdecimal():
        raise InputError(f"{name} has a seed of {seed!r}; a whole number such as 1 is wanted.")
    return experiment, int(seed or 0)


def named(name: str) -> Extractor:
    """The extractor of an experiment; InputError where `run_of` has one."""
    return of_folder(run_of(name), name)


def run_of(name: str) -> Path:
    """The run of an experiment: in AUXGEN_WEIGHTS, else in the cache, trained there once.

    Raises:
        InputError: The experiment wants to be told its data, so that it must be trained first.
    """
    root = home()
    if root is not None and (root / name).is_dir():
        return root / name
    place = folder() / "extractors" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_name(f".{name}.lock")):
        if not finished(place):
            train(name, place)
    return place


def model_for(name: str, rows: Examples) -> Model:
    """A trained model that sees rows like these: an experiment's of this family, or a folder's.

    Raises:
        InputError: There is none, or it sees rows of another shape.
    """
    from ..run import load

    found = load(run_of(name) if is_trained_here(name) else Path(name).expanduser())
    shape = tuple(rows.x.shape[1:])
    if found.space.shape != shape:
        raise InputError(
            f"{name} sees rows of shape {found.space.shape}, and {rows.name} has images of shape "
            f"{shape}; the same are wanted."
        )
    return found


def finished(run: Path) -> bool:
    """Whether all stages of a run are trained, and how good they are is known."""
    from ..run import Run

    if not (run / "run.json").is_file() or not (run / "scores.json").is_file():
        return False
    opened = Run(run)
    return opened.stages() == opened.asked["stages"]


def train(name: str, run: Path) -> None:
    """The experiment in a run's folder, or what is left of it; then its scores."""
    from ..evaluating import evaluate
    from ..experiments import find
    from ..training import resume, train

    experiment, seed = parted(name)
    found = find(experiment)
    needs = [
        option.name
        for option in inspect.signature(found.function).parameters.values()
        if option.default is option.empty and option.name != "seed"
    ]
    if needs:
        raise InputError(
            f"{name} is not trained, and needs {', '.join(needs)}: train it with auxgen train "
            f"{experiment} --run FOLDER, then name the folder or put it into AUXGEN_WEIGHTS as "
            f"{name}."
        )
    print(
        f"{name} is in neither AUXGEN_WEIGHTS nor the cache: training it once, "
        f"{found.about.time or 'some minutes'}.",
        file=sys.stderr,
    )
    with torch.enable_grad():  # which are off where a model is measured
        if run.exists():
            resume(run)
        else:
            train(experiment, run=run, seed=seed)
        evaluate(run)


def of_folder(path: Path, name: str | None = None) -> Extractor:
    """The extractor in a run's or artefact's folder.

    Args:
        path: The folder.
        name: What to call it; "features.<folder>" where None, so that no folder is "inception".

    Raises:
        InputError: It is no such folder, is damaged, or its model has no features of pictures.
    """
    from ..run import load

    found = load(path)
    name = name or FAMILY + path.resolve().name.removeprefix(FAMILY)
    method, space = found.method, found.space
    abilities.extractor(method)
    if space.kind != "images" or space.shape[0] not in (1, 3):
        raise InputError(
            f"{path} sees {space.kind} of shape {space.shape}; a model of grey or colour images is "
            "wanted."
        )
    channels, height, width = space.shape
    colours = "grey" if channels == 1 else "RGB"
    config = {k: found.config.get(k) for k in ("builder", "arguments", "space", "sha256")}
    return made(
        name,
        Learned(method, space).eval(),
        channels=channels,
        protocol=f"features of {found.config['builder']}, of uint8 {colours} at "
        f"{width}x{height} (others resized, bilinear, antialiased when shrinking), float32",
        weights=json.dumps(config, sort_keys=True),
        classes=space.classes,
        remark=accuracy(path),
    )


def accuracy(path: Path) -> str:
    """How good the network is at what it was trained for, as its run's scores say."""
    from ..run import Run

    if not (path / "run.json").is_file():
        return ""
    scores = Run(path).scores()["scores"]
    said = [f"{n.partition('/')[2]} {s['value']:.4g} {s['unit']}" for n, s in scores.items()]
    return ", ".join(text.strip() for text in said)
