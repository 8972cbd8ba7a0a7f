"""A part of a model as an ONNX program, whose draws are constants, and its check."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..errors import InputError
from ..networks.distributions import skip_argument_checks
from ..rng import use_seed
from .parts import ModelPart

TOLERANCE = 1e-5
"""Largest difference between a part and the model, for values up to 1; relative beyond."""


class _ProgramMode(TorchFunctionMode):
    """Normal draws that are the same in every pass, and for every row of a batch.

    The first pass, of one row, draws and keeps them; later ones take them in the same order.
    Functions that ONNX lacks, or onnxruntime for float64, are written out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Tensor] = []
        self.taken: int | None = None

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        if func is torch.Tensor.normal_ and len(args) == 1 and not kwargs:
            return self.draw(args[0].shape).expand(args[0].shape)
        if func is torch.Tensor.asinh:
            (x,) = args
            return x.sign() * (x.abs() + (x.square() + 1).sqrt()).log()
        if func is torch.Tensor.sinh:
            (x,) = args
            return (x.exp() - (-x).exp()) / 2
        if func is torch.searchsorted and not kwargs:
            knots, x = args
            return (knots.unsqueeze(-2) < x.unsqueeze(-1)).sum(-1)
        if func is torch.normal and len(args) == 2 and isinstance(args[1], Tensor):
            mean, std = args
            return mean + std * self.draw(torch.broadcast_shapes(mean.shape, std.shape))
        return func(*args, **(kwargs or {}))

    def draw(self, shape: torch.Size) -> Tensor:
        """Standard normal numbers, new ones of this shape in the first pass."""
        if self.taken is None:
            self.kept.append(torch.randn(shape))
            return self.kept[-1]
        self.taken += 1
        return self.kept[self.taken - 1]


class _PartModule(nn.Module):
    """A part as a module, whose draws are those that its first pass kept."""

    def __init__(self, method: nn.Module, part: ModelPart) -> None:
        super().__init__()
        self.method, self.compute, self.draws = method, part.compute, _ProgramMode()
        with torch.no_grad(), use_seed(0, torch.device("cpu")), self.draws:
            part.compute(*(x[:1] for x in part.inputs.values()))
            state = torch.get_rng_state()
        with use_seed(0, torch.device("cpu")):
            for kept in self.draws.kept:
                torch.randn(kept.shape)
            if not torch.equal(state, torch.get_rng_state()):
                raise InputError("it draws otherwise than from normal distributions")

    def forward(self, *inputs: Tensor) -> Tensor:
        self.draws.taken = 0
        with self.draws:
            return self.compute(*inputs)


def convert_part(method: nn.Module, part: ModelPart) -> bytes:
    """A part as an ONNX program that takes any number of rows."""
    module = _PartModule(method, part)
    rows = torch.export.Dim("n")
    with _quiet(), torch.no_grad(), skip_argument_checks():
        program = torch.onnx.export(
            module,
            tuple(part.inputs.values()),
            input_names=list(part.inputs),
            output_names=[part.output],
            dynamic_shapes=(tuple({0: rows} for _ in part.inputs),),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    return program.model_proto.SerializeToString()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's words on operators of packages that are not installed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def compare_with_model(program: bytes, part: ModelPart) -> float:
    """The largest difference from the model, as `TOLERANCE` has it, on all rows and on one alone.

    Raises:
        InputError: It is too large.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(program, providers=["CPUExecutionProvider"])
    expected, worst = part.expected.numpy(), 0.0
    for rows in (slice(None), slice(1)):
        (found,) = session.run(None, {n: x[rows].numpy() for n, x in part.inputs.items()})
        assert isinstance(found, np.ndarray)
        difference = np.abs(found - expected[rows]) / np.maximum(np.abs(expected[rows]), 1)
        worst = max(worst, float(difference.max()))
    if not worst <= TOLERANCE:
        raise InputError(f"its output differs from the model's by {worst:.1e}")
    return worst
