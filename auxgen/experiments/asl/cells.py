"""Densities of a VAE's codes by decoders of them: what table 1 changes together, changed alone.

A two-stage VAE has a second VAE and the first one's decoder, VAE-ASL a flow and a decoder that was
trained further. Here four densities meet both decoders.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal

from torch import Tensor

from ...builders import Recipe
from ...inference.initialization import combine_parts
from ...method import Method
from ...methods.asl import BaseASL, CodeDensityMethod
from ...methods.vae import VAE


@dataclass(frozen=True)
class Cell:
    """A density of a VAE's codes and a decoder of them, of which nothing is trained again.

    Attributes:
        density: The stage that has the density; "gaussian" is fitted, "normal" is N(0, I).
        regressed: Whether the decoder is that after ASL's regression.
    """

    density: Literal["normal", "gaussian", "two_stage", "vae_asl"]
    regressed: bool


TRAINED = ("vae", "two_stage", "vae_asl")
"""The cells that are trained as ever: N(0, I) and second VAE with the VAE's decoder, flow and
decoder of ASL."""
CELLS: Mapping[str, Cell] = MappingProxyType(
    {
        "vae_gaussian": Cell("gaussian", regressed=False),
        "vae_flow": Cell("vae_asl", regressed=False),
        "asl_normal": Cell("normal", regressed=True),
        "asl_gaussian": Cell("gaussian", regressed=True),
        "asl_second": Cell("two_stage", regressed=True),
    }
)
"""The other five, by stage, which have no round of training."""


def make_cell_recipes(recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """The recipes of all eight cells, by stage, from those of the models."""
    flow = {key: recipes["vae_asl"].arguments[key] for key in ("images", "kind", "sizes")}
    gaussian = {**flow, "kind": "mixture", "sizes": {"components": 1}}
    of_density = {
        "normal": recipes["vae"],
        "gaussian": Recipe("image_two_stage_vae", gaussian),
        "two_stage": recipes["two_stage"],
        "vae_asl": Recipe("image_two_stage_vae", flow),
    }
    made = {name: of_density[cell.density] for name, cell in CELLS.items()}
    return {**{name: recipes[name] for name in TRAINED}, **made}


def make_cell_starts(
    methods: Mapping[str, Method], x: Tensor
) -> dict[str, Callable[[Method], None]]:
    """How those of the methods that are cells take their parts; a Gaussian is fitted to codes of x.

    Args:
        methods: By stage, the trained ones among them.
        x: Rows as the models see them, (n, *event).
    """
    vae, asl = methods["vae"], methods["vae_asl"]
    assert isinstance(vae, VAE)
    assert isinstance(asl, BaseASL)
    starts: dict[str, Callable[[Method], None]] = {}
    for name in CELLS.keys() & methods.keys():
        cell = CELLS[name]
        density = methods.get(cell.density)
        assert density is None or isinstance(density, CodeDensityMethod)
        regression = asl if cell.regressed else None
        starts[name] = partial(combine_parts, vae=vae, density=density, asl=regression, x=x)
    return starts
