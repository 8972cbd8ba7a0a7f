"""Functions of plain JSON-able arguments that assemble methods: what a config.json names.

Arguments are sizes and numbers, which decide here between networks or families. There is one module
for each family of methods; a public function that returns a Method is a builder.

What arguments mean that many builders have; a builder's own docstring says where it differs:
    x, z, a, u: Widths of a row, of the code z, of the auxiliary variable a, of ASL's code u.
    classes, attributes: Number of classes, number of attributes.
    hidden: Widths of hidden layers, from x upwards; a decoder has them reversed.
    batch_norm: Whether there is batch norm before each nonlinearity.
    likelihood: Family of p(x|.), see `likelihoods`.
    scale: Standard deviation of a Gaussian p(x|.), at the start where it is learned.
    warm_up: Steps over which the weight of the KL terms rises from 0 to 1.
    alpha: Weight of the classification term.
    prior_rows: Rows N of the training set, which share the prior of the weights.
    channels, size: Channels of square images, and their height and width in pixels.
    images: Sizes of networks of images: the arguments of the function that makes these networks.
    kind, sizes: Family of a density and its sizes, see `networks.densities.make_density`.
"""

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from ..errors import InputError, take_first_line, unknown_name
from ..method import Method
from .likelihoods import Likelihood

__all__ = ["Likelihood", "Recipe"]


REFUSALS = (
    *(TypeError, ValueError, AttributeError, LookupError),
    *(RuntimeError, ArithmeticError, MemoryError),
)
"""What builders raise at arguments that are wrong, or of a size that no machine has."""


@dataclass(frozen=True)
class Recipe:
    """A builder's name and arguments, from which a method is built."""

    builder: str
    arguments: Mapping[str, Any]

    def build(self) -> Method:
        """Build the method with new weights, in channels-last memory for fast convolutions.

        Raises:
            InputError: There is no such builder, or it does not take these arguments.
        """
        known = _list_builders()
        if self.builder not in known:
            raise unknown_name("builder", self.builder, known)
        try:
            method = known[self.builder](**self.arguments)
        except REFUSALS as error:
            reason = take_first_line(error)
            raise InputError(
                f"The builder {self.builder} refuses its arguments: {reason}."
            ) from error
        return method.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _list_builders() -> dict[str, Callable[..., Method]]:
    """The public functions of this package that build a method, by name."""
    modules = [
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
    ]
    return {
        name: function
        for module in modules
        for name, function in sorted(vars(module).items())
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and _is_builder(function)
    }


@cache  # to read the types of all builders takes longer than to build a method
def _is_builder(function: Callable[..., Any]) -> bool:
    return typing.get_type_hints(function).get("return") is Method
