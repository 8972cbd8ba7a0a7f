"""What a model can do, as functions of tensors with a few rows to compare by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..inference.batched import predict_attribute_probabilities
from ..method import Classifies, Decodes, Describes, Encodes
from ..model import Model
from ..rng import use_seed

DRAWS = 100
"""Draws over which probabilities are averaged, as `Model.predict` does."""
_ROWS = 5


@dataclass(frozen=True)
class ModelPart:
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


def list_parts(model: Model) -> dict[str, ModelPart]:
    """What the model can do, on a few rows."""
    method, space, rows = model.method, model.space, _make_rows(model.space)
    seen, x = partial(space.transform, check=False), {"rows": rows}
    found = {}
    if isinstance(method, Classifies):
        expected = model.predict(rows, draws=DRAWS).probabilities
        found["classifier"] = ModelPart(
            lambda raw: method.classify(seen(raw), DRAWS).probs, x, "probabilities", expected
        )
    if isinstance(method, Describes):
        expected = predict_attribute_probabilities(method, seen(rows)).float()
        found["attributes"] = ModelPart(
            lambda raw: method.attributes(seen(raw)).probs, x, "probabilities", expected
        )
    if isinstance(method, Encodes):
        codes = model.encode(rows)
        found["encoder"] = ModelPart(lambda raw: method.encode(seen(raw)).mean, x, "codes", codes)
        if isinstance(method, Decodes):
            found["decoder"] = _make_decoder(model, codes)
    return found


def _make_decoder(model: Model, codes: Tensor) -> ModelPart:
    """From codes, and classes by index where the model needs them, to rows."""
    method, space = model.method, model.space
    assert isinstance(method, Decodes)

    def decode(*given: Tensor) -> Tensor:
        return space.inverse_transform(method.decode(*given).mean)

    label = signature(method.decode).parameters.get("y")
    if label is not None and label.default is Parameter.empty:
        y = torch.arange(len(codes)) % len(space.classes)
        expected = model.decode(codes, [space.classes[i] for i in y.tolist()])
        return ModelPart(decode, {"codes": codes, "classes": y}, "rows", expected)
    return ModelPart(decode, {"codes": codes}, "rows", model.decode(codes))


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
