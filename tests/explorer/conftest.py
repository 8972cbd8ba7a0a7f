"""Small untrained models of all kinds that the explorer shows, and runs' data for them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from laws import MODEL

from auxgen.builders import Recipe
from auxgen.builders.artefact import make_artefact_config
from auxgen.data.columns import Column
from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.data.table_schema import TableSchema
from auxgen.model import Model

HOSTILE = '<img src=x onerror="document.title=1">${1+1}{{1+1}}'
"""A name that is code wherever it is not escaped."""


def make_model(
    builder: str, arguments: dict[str, Any], space: Preprocessor, options: dict[str, Any]
) -> Model:
    torch.manual_seed(0)
    recipe = Recipe(builder, arguments)
    config = make_artefact_config(recipe, space, {"experiment": builder, "options": options})
    return Model(recipe.build().eval().requires_grad_(False), space, builder, config)


@pytest.fixture(scope="session")
def describer() -> Model:
    """A VAC of grey pictures of 8 x 8 pixels and two attributes."""
    space = Preprocessor(
        kind="images", shape=(1, 8, 8), flat=False, attributes=("Smiling", HOSTILE)
    )
    images = {"channels": 1, "size": 8, "widths": [4], "z": 3}
    arguments = {"images": images, "attributes": 2}
    return make_model("vac", arguments, space, {"edit_distance": 4.0})


@pytest.fixture(scope="session")
def classifier_of_pictures() -> Model:
    """An SDGM of grey pictures of 8 x 8 pixels and three classes."""
    space = Preprocessor(kind="images", shape=(1, 8, 8), classes=("cat", "dog", HOSTILE))
    return make_model("sdgm", {**MODEL, "x": 64, "a": 2}, space, {})


@pytest.fixture(scope="session")
def classifier_of_rows() -> Model:
    """An SDGM of a table: a number, a date, yes/no, a category with blanks, and one left out."""
    schema = TableSchema(
        (
            Column("weight", "number", digits=1),
            Column("bottle", "left out", why="as asked"),
            Column("cask", "category", ("", "clay", "oak", HOSTILE)),
            Column("bought", "date"),
            Column("sweet", "yes/no", ("no", "yes")),
        ),
        label="kind",
    )
    space = Preprocessor(
        kind="table",
        shape=(schema.width,),
        shift=(60.0, 19000.0, *(0.0,) * 6),
        scale=(10.0, 1000.0, *(1.0,) * 6),
        classes=("red", "white", "rose"),
        columns=schema.entry_names,
        table=schema,
    )
    return make_model("sdgm", {**MODEL, "x": schema.width, "a": 2}, space, {})


@pytest.fixture(scope="session")
def points_model() -> Model:
    """An SDGM of points of six numbers."""
    space = Preprocessor(kind="points", shape=(6,), classes=("a", "b", "c"))
    return make_model("sdgm", {**MODEL, "a": 2}, space, {})


def make_pictures(n: int, *, name: str = "pets/test", seed: int = 0) -> Dataset:
    """n grey pictures of 8 x 8 pixels, of two classes, a third of them without a label."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(256, (n, 1, 8, 8), generator=generator, dtype=torch.uint8)
    return Dataset(x, torch.arange(n) % 3 - 1, ("cat", "dog"), name, "")
