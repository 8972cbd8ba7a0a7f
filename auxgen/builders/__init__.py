"""Functions of plain JSON-able arguments that assemble methods: what a config.json names.

Arguments are sizes and numbers; which network or family differs is decided here, by value. One
module for each family of methods; a public function that returns a Method is a builder.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..errors import InputError, unknown_name
from ..method import Method
from .likelihoods import Likelihood

__all__ = ["Likelihood", "Recipe", "list_builders"]


@dataclass(frozen=True)
class Recipe:
    """A builder's name and arguments: a method, before it is made."""

    builder: str
    arguments: Mapping[str, Any]

    def build(self) -> Method:
        """Make the method, with fresh weights; channels lie last, so that convolutions are fast.

        Raises:
            InputError: There is no such builder, or it does not take these arguments.
        """
        known = list_builders()
        if self.builder not in known:
            raise unknown_name("builder", self.builder, known)
        try:
            method = known[self.builder](**self.arguments)
        except (TypeError, ValueError, RuntimeError, AttributeError, LookupError) as error:
            raise InputError(
                f"The builder {self.builder} refuses its arguments: {error}."
            ) from error
        return method.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def list_builders() -> dict[str, Callable[..., Method]]:
    """The public functions of this package that make a method, by name."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    ]
    return {
        name: made
        for module in modules
        for name, made in inspect.getmembers(module, inspect.isfunction)
        if made.__module__ == module.__name__ and _get_return_annotation(made) == "Method"
    }


def _get_return_annotation(function: Callable[..., Any]) -> object:
    """What a function says that it returns."""
    return function.__annotations__.get("return")
