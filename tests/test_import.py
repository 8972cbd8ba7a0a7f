"""`import auxgen` costs almost nothing, and gives every public name when it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from laws import METHODS

import auxgen
from auxgen.builders import artefact
from auxgen.data.dataset import Preprocessor

HEAVY = {
    *("torch", "numpy", "scipy", "sklearn", "datasets", "pandas", "matplotlib", "PIL"),
    *("tyro", "rich", "jinja2"),
}


def fresh(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60, cwd=folder
    )


def list_imports(*arguments: str) -> set[str]:
    """The modules that a process imports."""
    lines = fresh("-X", "importtime", *arguments).stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize("module", ["auxgen", "auxgen.cli.main"])
def test_nothing_heavy_is_imported(module: str) -> None:
    assert list_imports("-c", f"import {module}").isdisjoint(HEAVY)


def test_help_needs_nothing_heavy() -> None:
    assert list_imports("-m", "auxgen", "--help").isdisjoint(HEAVY)


def test_a_list_of_experiments_needs_the_parser_alone() -> None:
    assert list_imports("-m", "auxgen", "experiments").isdisjoint(HEAVY - {"tyro"})


def test_a_loaded_model_predicts_without_the_compiler(tmp_path: Path) -> None:
    """Torch imports its compiler, and sympy with it, for sketches of tensors on "meta"."""
    torch.manual_seed(0)
    for name in ("sdgm", "vae_gaussian", "flow", "denoising_gan_of_images", "stacked_vae"):
        recipe, shape = METHODS[name].recipe, METHODS[name].shape
        kind = "points" if len(shape) == 1 else "images"
        classes = tuple("abc") if "classes" in recipe.arguments else ()
        space = Preprocessor(kind=kind, shape=shape, flat=kind == "points", classes=classes)
        artefact.save_model(tmp_path / name, recipe.build(), recipe, space, {})
    np.save(tmp_path / "rows.npy", np.zeros((10, 6), np.float32))
    predict = "from auxgen.cli.main import main; main(['predict', 'sdgm', 'rows.npy'])"
    load = (
        "import pathlib, auxgen; [auxgen.load(p) for p in pathlib.Path().iterdir() if p.is_dir()]"
    )
    show = "import sys; print(*sys.modules)"
    imported = set(fresh("-c", f"{predict}; {load}; {show}", folder=tmp_path).stdout.split())
    assert {"torch", "auxgen.builders.artefact", "zuko"} <= imported
    assert imported.isdisjoint({"torch._dynamo", "sympy", "scipy", "sklearn", "pandas"})


@pytest.mark.parametrize("name", auxgen.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(auxgen, name) is not None
    assert name in dir(auxgen)


def test_an_unknown_name_is_refused_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trane'"):
        _ = auxgen.trane  # pyright: ignore[reportAttributeAccessIssue]
