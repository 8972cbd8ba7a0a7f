"""Weights of a file that fit a method, as is known before it takes memory or time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from math import ceil, prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.overrides import TorchFunctionMode

from .. import files
from ..errors import InputError, NotRebuilt
from ..method import Method
from ..networks.distributions import skip_argument_checks
from . import Recipe

PARTS_OF_A_TENSOR = 20
"""Modules and tensors that a builder makes for each tensor of the method, at most."""
SPARE_ENTRIES = 1_000_000
"""Entries that a builder may make besides, such as a matrix of classes that no file keeps."""
_FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
_DTYPES = (*_FLOATS, torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
_REGISTRATIONS = (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
    register_module_buffer_registration_hook,
)


def read_weights(file: Path, checksum: object) -> dict[str, Tensor]:
    """The tensors of a file that has this checksum."""
    data = file.read_bytes() if file.exists() else b""
    if files.compute_checksum(data) != checksum:
        raise InputError(f"{file} is missing, truncated or not the one config.json was made for.")
    weights = files.unpack_tensors(data, file)
    for name, tensor in weights.items():
        if tensor.dtype not in _DTYPES:
            raise InputError(f"{file} has {name} as {tensor.dtype}; no model has such numbers.")
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise InputError(f"{file} has numbers in {name} that are not finite; no model has.")
    return weights


def build_of_size(recipe: Recipe, weights: Mapping[str, Tensor], file: Path) -> Method:
    """Build a method of these weights' shapes, or refuse before it takes memory or time.

    Raises:
        InputError: The builder refuses its arguments, or they do not fit the weights.
    """
    try:
        with _limit_parts(weights, file), _LimitEntries(weights):
            return recipe.build()
    except _ManyEntries:
        _check_size(recipe, weights, file)
    return recipe.build()


class _ManyEntries(Exception):
    """A builder asks for more entries than the weights of a file lead to expect."""


class _LimitEntries(TorchFunctionMode):
    """Stops a builder at the first tensor beyond what weights of this size usually take."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.left = 2 * sum(tensor.numel() for tensor in weights.values()) + SPARE_ENTRIES

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        given = kwargs or {}
        if self.has_entries(given):
            self.left -= _count_new_entries(func, args, given)
        if self.left < 0:
            raise _ManyEntries
        return self.call(func, args, given)

    def has_entries(self, given: Mapping[str, Any]) -> bool:
        """Whether what a call with these keywords makes takes memory."""
        del given
        return True

    def call(self, func: Any, args: Any, given: Mapping[str, Any]) -> Any:
        return func(*args, **given)


class _LimitSketch(_LimitEntries):
    """The same on the meta device, where only what is put on the CPU by name has entries.

    `as_tensor` leaves a tensor where it is: a flow counts the entries of its masks.
    """

    def has_entries(self, given: Mapping[str, Any]) -> bool:
        return str(given.get("device")) == "cpu"

    def call(self, func: Any, args: Any, given: Mapping[str, Any]) -> Any:
        if func is torch.as_tensor and isinstance(args[0], Tensor):
            return args[0].to(**given)
        return super().call(func, args, given)


def _count_new_entries(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    """Entries of the tensor that a call will make of sizes alone; 0 for any other call."""
    if func in (torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full):
        size = kwargs.get("size", args)
        return prod(size[0] if size and isinstance(size[0], Sequence) else size)
    if func is torch.eye:
        rows, *columns = args
        return rows * (columns[0] if columns else rows)
    if func is torch.arange:
        start, end, step = (0, *args, 1) if len(args) == 1 else (*args, 1)[:3]
        return ceil((end - start) / step)
    if func is torch.linspace:
        return kwargs.get("steps", args[-1])
    return 0


def _check_size(recipe: Recipe, weights: Mapping[str, Tensor], file: Path) -> None:
    """Check that a method has the shapes of these weights by a sketch of it without entries.

    Torch imports its compiler for such sketches, which takes a second.
    """
    meta, limit = torch.device("meta"), _LimitSketch(weights)
    try:
        with _limit_parts(weights, file), meta, limit, skip_argument_checks():
            sketch = recipe.build()
    except _ManyEntries as error:
        raise InputError(
            f"{recipe.builder!r} does not fit the weights in {file}: it makes far more entries."
        ) from error
    _check_shapes(sketch, weights, file)


@contextmanager
def _limit_parts(weights: Mapping[str, Tensor], file: Path) -> Iterator[None]:
    """Stop a builder that makes far more modules and tensors than there are weights."""
    most, parts = PARTS_OF_A_TENSOR * (len(weights) + 1), count(1)

    def count_part(*_: object) -> None:
        if next(parts) > most:
            raise ValueError(f"the method has far more parts than {file}, which has {len(weights)}")

    hooks = [register(count_part) for register in _REGISTRATIONS]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def load_weights(method: Method, weights: Mapping[str, Tensor], file: Path) -> None:
    _check_shapes(method, weights, file)
    with torch.no_grad():
        method.load_state_dict(weights)


def _check_shapes(method: Method, weights: Mapping[str, Tensor], file: Path) -> None:
    shapes, own_shapes = (
        {name: tuple(tensor.shape) for name, tensor in each.items()}
        for each in (weights, method.state_dict())
    )
    for name in own_shapes.keys() | shapes.keys():
        expected, got = own_shapes.get(name), shapes.get(name)
        if expected != got:
            raise NotRebuilt(
                f"The method does not fit the weights in {file}: expected {name} of shape "
                f"{expected}, got {got}."
            )
