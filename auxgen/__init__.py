"""Deep generative models that learn with help from labels, classifiers, features and codes.

The public names are imported when they are first used: `import auxgen` costs almost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .artefact import Model as Model
    from .engine.settings import Engine as Engine
    from .errors import InputError as InputError
    from .estimators import SemiSupervisedClassifier as SemiSupervisedClassifier
    from .evaluating import evaluate as evaluate
    from .experiment import Experiment as Experiment
    from .experiment import Score as Score
    from .experiment import Stage as Stage
    from .method import Gradient as Gradient
    from .method import Method as Method
    from .method import Step as Step
    from .reproduction import reproduce as reproduce
    from .run import load as load
    from .training import resume as resume
    from .training import train as train

__version__ = "0.1.0"

_HOMES = {
    "Engine": "engine.settings",
    "Experiment": "experiment",
    "Gradient": "method",
    "InputError": "errors",
    "Method": "method",
    "Model": "artefact",
    "Score": "experiment",
    "SemiSupervisedClassifier": "estimators",
    "Stage": "experiment",
    "Step": "method",
    "evaluate": "evaluating",
    "load": "run",
    "reproduce": "reproduction",
    "resume": "training",
    "train": "training",
}

__all__ = [*_HOMES, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
