"""Imports that earlier guides showed: they work, with a warning that has the new one."""

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

OLD_NAMES: Mapping[str, Mapping[str, str]] = {
    "builders.discriminative": {"regularised": "builders.discreg:build_discriminative_vae"},
    "data.batches": {"Resident": "data.batches:InMemoryBatches"},
    "data.dataset": {"fit_preprocessor": "data.fitting:fit_preprocessor"},
    "data.described": {"described": "data.attributes:derive_attributes"},
    "data.examples": {
        "Examples": "data.dataset:Dataset",
        "Space": "data.dataset:Preprocessor",
        "space_of": "data.fitting:fit_preprocessor",
    },
    "data.images": {"load": "data.images:load_image_dataset"},
    "data.labels": {
        "check": "data.labels:check_labels",
        "draw": "data.labels:sample_rows_per_class",
    },
    "data.own": {
        "arrays": "data.user:load_arrays",
        "holdout": "data.user:split_stratified",
        "images": "data.user:load_image_folder",
        "table": "data.user:load_table",
    },
    "data.toys": {"moons": "data.toys:make_moons", "ring": "data.toys:make_ring"},
    "directions": {
        "Direction": "functional.directions:Direction",
        "combined": "functional.directions:combine_directions",
        "probed": "functional.directions:fit_linear_probe",
    },
    "distributions": {
        name: f"networks.distributions:{name}"
        for name in ("VALIDATE", "bernoulli", "categorical", "normal")
    },
    "evaluation.scores": {"Elbo": "evaluation.likelihood:Elbo"},
    "evaluation.scores.pictured": {"Closeness": "evaluation.images:PixelSimilarity"},
    "evaluation.scores.recognised": {"FeatureErrors": "evaluation.recognition:FeatureErrors"},
    "experiment": {
        "Experiment": "stage:Experiment",
        "Score": "score:Score",
        "Stage": "stage:Stage",
    },
    "exploring.edited_files": {"write_picture": "plotting.grids:write_picture"},
    "exploring.editing": {"directions": "inference.moves:get_classifier_directions"},
    "exploring.keeping": {"keeping": "inference.disentangling:find_disentangled_directions"},
    "methods.adjusted_vae": {"adjusted_from": "methods.discreg:initialize_adjusted_vae"},
    "networks.taps": {"Tapped": "networks.taps:TappedNetwork"},
}
"""Old module -> old name -> "new module:new name", all below the package."""

PACKAGE = __name__.partition(".")[0]


def _make_getattr(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module, by its full name, that finds what is called otherwise now."""
    names = OLD_NAMES[module.removeprefix(f"{PACKAGE}.")]

    def get_old_name(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        place, _, new = names[name].partition(":")
        sentence = f"{module}.{name} is {PACKAGE}.{place}.{new} now."
        warnings.warn(sentence, DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(f"{PACKAGE}.{place}"), new)

    return get_old_name


class LoaderWithOldNames(SourceFileLoader):
    """Loads a module that is there, and lets it answer to its old names too."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.__getattr__ = _make_getattr(module.__name__)  # pyright: ignore


class OldModuleLoader(Loader):
    """Makes a module that is gone, of its old names alone."""

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__.removeprefix(f"{PACKAGE}.") in OLD_NAMES:
            module.__getattr__ = _make_getattr(module.__name__)  # pyright: ignore


class OldNameFinder(MetaPathFinder):
    """Finds the modules of the table above; all others are left to the import system."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        short = fullname.removeprefix(f"{PACKAGE}.")
        if short == fullname or not any(f"{old}.".startswith(f"{short}.") for old in OLD_NAMES):
            return None
        found = PathFinder.find_spec(fullname, path)
        if found is None:
            return ModuleSpec(fullname, OldModuleLoader(), is_package=True)
        if short not in OLD_NAMES or found.origin is None:
            return None
        found.loader = LoaderWithOldNames(fullname, found.origin)
        return found


def install_finder() -> None:
    """Let the import system ask for the old names first, once."""
    if not any(isinstance(finder, OldNameFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, OldNameFinder())
