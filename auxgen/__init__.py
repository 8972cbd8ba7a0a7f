"""Deep generative models that learn with help from labels, classifiers, features and codes.

The public names are imported when they are first used: `import auxgen` costs almost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .old_names import install_finder
from .version import __version__

if TYPE_CHECKING:
    from .engine.settings import Engine as Engine
    from .errors import InputError as InputError
    from .estimators import GenerativeModel as GenerativeModel
    from .estimators import SemiSupervisedClassifier as SemiSupervisedClassifier
    from .launch import evaluate as evaluate
    from .launch import resume as resume
    from .launch import train as train
    from .method import Gradient as Gradient
    from .method import Method as Method
    from .method import Step as Step
    from .model import Model as Model
    from .model import load as load
    from .reproduction import reproduce as reproduce
    from .score import Score as Score
    from .stage import Experiment as Experiment
    from .stage import Stage as Stage

_HOMES = {
    "Engine": "engine.settings",
    "Experiment": "stage",
    "GenerativeModel": "estimators",
    "Gradient": "method",
    "InputError": "errors",
    "Method": "method",
    "Model": "model",
    "Score": "score",
    "SemiSupervisedClassifier": "estimators",
    "Stage": "stage",
    "Step": "method",
    "evaluate": "launch",
    "load": "model",
    "reproduce": "reproduction",
    "resume": "launch",
    "train": "launch",
}

install_finder()

__all__ = [*_HOMES, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
