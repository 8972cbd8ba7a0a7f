"""Parts of a model as ONNX: from raw rows to classes, attributes and codes, and from codes to rows.

Each part holds its preprocessing: rows come in and go out in a person's own units, any number of
them. What a part draws (q(y|x) of an ADGM is a mean over draws of a) is written into it as
constants, so that it says of a row what `Model` says with seed 0.
"""

import copy
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .data.dataset import Preprocessor
from .errors import InputError
from .files import encode_json
from .method import Classifies, Decodes, Describes, Encodes
from .model import Model
from .networks.distributions import skip_argument_checks
from .rng import use_seed

TOLERANCE = 1e-5
"""Largest difference between a part and the model, for values up to 1; relative beyond."""
DRAWS = 100
"""Draws over which probabilities are averaged, as `Model.predict` does."""
_ROWS = 5


@dataclass(frozen=True)
class Part:
    """A part of a model, as a function of tensors.

    Attributes:
        compute: Tensors with n rows each -> a tensor with n rows.
        inputs: A few rows of each tensor, by name.
        output: Name of what comes out.
        expected: What `Model` says of these rows.
    """

    compute: Callable[..., Tensor]
    inputs: Mapping[str, Tensor]
    output: str
    expected: Tensor


@dataclass(frozen=True)
class OnnxFiles:
    """What `export_onnx` made.

    Attributes:
        contents: Files by name: an .onnx for each part, and onnx.json, which says what goes in and
            comes out.
        refused: Why there is no file, by the name of the part.
    """

    contents: Mapping[str, bytes]
    refused: Mapping[str, str]


def export_onnx(model: Model) -> OnnxFiles:
    """The parts of a model as ONNX, each compared with the model by onnxruntime.

    Raises:
        InputError: onnx, onnxscript or onnxruntime are not installed, or no part can be exported.
    """
    _require_packages()
    method = copy.deepcopy(model.method).cpu().eval()
    space = model.space
    parts = _list_parts(Model(method, space, model.name, model.config))
    contents, described, refused = {}, {}, {}
    for name, part in parts.items():
        try:
            contents[f"{name}.onnx"] = program = _convert(method, part)
            difference = _compare(program, part)
        except Exception as error:  # the exporter's and the runtime's are of many kinds
            refused[name] = _describe_failure(error)
            contents.pop(f"{name}.onnx", None)
            continue
        described[name] = {
            "inputs": {n: _describe_tensor(x) for n, x in part.inputs.items()},
            "output": {part.output: _describe_tensor(part.expected)},
            "largest_difference": difference,
        }
    if not described:
        why = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
        raise InputError(f"No part of {model.name} can be exported as ONNX ({why or 'no part'}).")
    known = {n: getattr(space, n) for n in ("kind", "shape", "columns", "classes", "attributes")}
    about = {"parts": described, "refused": refused, "draws": DRAWS, **known}
    return OnnxFiles({**contents, "onnx.json": encode_json(about)}, refused)


def _require_packages() -> None:
    """Raise an InputError where a package is missing."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"ONNX needs {error.name}, which is not installed; pip install 'auxgen[onnx]'."
        ) from error


def _list_parts(model: Model) -> dict[str, Part]:
    """What the model can do, on a few rows."""
    method, space, rows = model.method, model.space, _make_rows(model.space)
    seen, x = partial(space.transform, check=False), {"rows": rows}
    found = {}
    if isinstance(method, Classifies):
        compute = lambda raw: method.classify(seen(raw), DRAWS).probs  # noqa: E731
        expected = model.predict(rows, draws=DRAWS).probabilities
        found["classifier"] = Part(compute, x, "probabilities", expected)
    if isinstance(method, Describes):
        compute = lambda raw: method.attributes(seen(raw)).probs  # noqa: E731
        with torch.no_grad():
            expected = compute(rows)
        found["attributes"] = Part(compute, x, "probabilities", expected)
    if isinstance(method, Encodes):
        compute = lambda raw: method.encode(seen(raw)).mean  # noqa: E731
        codes = model.encode(rows)
        found["encoder"] = Part(compute, x, "codes", codes)
        if isinstance(method, Decodes):
            found["decoder"] = _make_decoder(model, codes)
    return found


def _make_decoder(model: Model, codes: Tensor) -> Part:
    """From codes, and classes by index where the model needs them, to rows."""
    method, space = model.method, model.space
    assert isinstance(method, Decodes)
    label = signature(method.decode).parameters.get("y")
    if label is not None and label.default is Parameter.empty:
        y = torch.arange(len(codes)) % len(space.classes)
        compute = lambda z, y: space.inverse_transform(method.decode(z, y).mean)  # noqa: E731
        names = [space.classes[i] for i in y.tolist()]
        return Part(compute, {"codes": codes, "classes": y}, "rows", model.decode(codes, names))
    compute = lambda z: space.inverse_transform(method.decode(z).mean)  # noqa: E731
    return Part(compute, {"codes": codes}, "rows", model.decode(codes))


def _make_rows(space: Preprocessor) -> Tensor:
    """A few raw rows: pixels of noise, or numbers that are standard normal to the model."""
    with use_seed(0, torch.device("cpu")):
        if space.kind == "images":
            return torch.rand(_ROWS, *space.shape)
        rows = space.inverse_transform(torch.randn(_ROWS, space.width))
    rows = rows.double() if space.scale or space.binary else rows
    if space.counts:
        places = [space.kept[i] if space.kept else i for i in space.counts]
        rows[:, places] = rows[:, places].round()
    return rows


class _ProgramMode(TorchFunctionMode):
    """Normal draws that are the same in every pass, and for every row of a batch.

    The first pass, of one row, draws and keeps them; later ones take them in the same order.
    Functions that onnxruntime lacks for float64 are written out.
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

    def __init__(self, method: nn.Module, part: Part) -> None:
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


def _convert(method: nn.Module, part: Part) -> bytes:
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


def _compare(program: bytes, part: Part) -> float:
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


def _describe_tensor(x: Tensor) -> dict[str, Any]:
    """The type and shape of what goes in or comes out; n rows."""
    return {"type": str(x.dtype).removeprefix("torch."), "shape": ["n", *x.shape[1:]]}


def _describe_failure(error: Exception) -> str:
    """Why a part cannot be exported, in a line."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    reason = lines[0].rstrip(".") if lines else ""
    return reason if isinstance(cause, InputError) else f"{type(cause).__name__}: {reason}"[:200]
