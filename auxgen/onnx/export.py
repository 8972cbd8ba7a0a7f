"""All parts of a model as ONNX files, with what goes in and comes out of each."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..errors import InputError, take_first_line
from ..files import encode_json
from ..model import Model
from ..networks.classic import DecisionForest
from .parts import DRAWS, list_parts
from .program import compare_with_model, convert_part


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
    for module in method.modules():
        if isinstance(module, DecisionForest):
            module.fix_steps()
    space = model.space
    parts = list_parts(Model(method, space, model.name, model.config))
    contents, described, refused = {}, {}, {}
    for name, part in parts.items():
        try:
            contents[f"{name}.onnx"] = program = convert_part(method, part)
            difference = compare_with_model(program, part)
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


def _describe_tensor(x: Tensor) -> dict[str, Any]:
    """The type and shape of what goes in or comes out; n rows."""
    return {"type": str(x.dtype).removeprefix("torch."), "shape": ["n", *x.shape[1:]]}


def _describe_failure(error: Exception) -> str:
    """Why a part cannot be exported, in a line."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    reason = take_first_line(cause)
    return reason if isinstance(cause, InputError) else f"{type(cause).__name__}: {reason}"[:200]
