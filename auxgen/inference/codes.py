"""Rows and codes: new rows, codes of rows, rows of codes, and the way between two codes."""

from collections.abc import Callable, Sequence
from inspect import Parameter, signature

import numpy as np
import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..errors import InputError, unknown_name
from ..method import (
    Classifies,
    Decodes,
    DecodesDraw,
    Encodes,
    HasPrior,
    Samples,
    SamplesByClass,
    SamplesConditional,
    require,
)
from ..networks.priors import ClassPrior
from ..rng import get_device
from .batched import map_batches, map_raw_rows

Interpolation = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Takes two ends, each (n, d), and fractions (s,); returns the way between them, (n, s, d)."""

ClassLabels = str | int | Sequence[str | int] | Tensor | np.ndarray
"""One class for all rows, or one for each: names or indices; or attributes (n, k), 0 or 1."""


def embed_rows(method: object, space: Preprocessor, raw: Tensor) -> Tensor:
    """Means of q(z|x): raw (n, *shape) -> (n, d), on the CPU.

    Raises:
        InputError: The model cannot encode.
    """
    encoder = require(method, Encodes)
    return map_raw_rows(lambda x: encoder.encode(x).mean, method, space, raw)


def predict_classes(method: object, space: Preprocessor, raw: Tensor) -> Tensor | None:
    """Indices (n,) of the most probable classes of raw rows; None without a classifier."""
    if not isinstance(method, Classifies):
        return None
    return map_raw_rows(lambda x: method.classify(x).probs.argmax(-1), method, space, raw)


def decode_to_rows(
    method: object, space: Preprocessor, z: Tensor, y: Tensor | None, *, mean: bool = True
) -> Tensor:
    """Means of p(x|z) or p(x|y,z) in raw units: z (n, d), y (n,) -> (n, *shape), on the CPU.

    Args:
        mean: Whether to return means; draws otherwise.

    Raises:
        InputError: The model cannot decode, or not without a class.
    """
    decoder = require(method, Decodes)
    asked = signature(decoder.decode).parameters.get("y")
    if y is None and asked is not None and asked.default is Parameter.empty:
        name = type(method).__name__
        raise InputError(f"{name} decodes a code under a class; expected classes y.")

    def decode(z: Tensor, y: Tensor | None = None) -> Tensor:
        if mean:
            return space.inverse_transform(decoder.decode(z, y).mean)
        if y is not None and isinstance(method, DecodesDraw):
            return space.inverse_transform(method.decode_draw(z, y).sample())
        return space.inverse_transform(decoder.decode(z, y).sample())

    return map_batches(decode, *(z,) if y is None else (z, y), device=get_device(method))


def reconstruct_rows(method: object, space: Preprocessor, raw: Tensor) -> Tensor:
    """Each original beside its reconstruction: raw (n, *shape) -> (n, 2, *shape).

    A model of classes decodes each row under the class that it finds most probable.

    Raises:
        InputError: The model cannot encode or decode.
    """
    require(method, Decodes)
    z = embed_rows(method, space, raw)
    back = decode_to_rows(method, space, z, predict_classes(method, space, raw))
    return torch.stack([raw.cpu(), back], dim=1)


def interpolate_linearly(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """The straight way: start, end (n, d), t (s,) -> (n, s, d)."""
    return torch.lerp(start.unsqueeze(1), end.unsqueeze(1), t.unsqueeze(1))


def interpolate_on_sphere(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """The great circle (Shoemake 1985): start, end (n, d), t (s,) -> (n, s, d).

    It keeps the norms that codes drawn from N(0, I) have. Where both ends lie on one line through
    the origin, the way is straight.
    """
    angle = torch.cosine_similarity(start, end, dim=-1).clamp(-1, 1).acos()[:, None, None]
    sine, t = angle.sin(), t[:, None]
    arc = ((1 - t) * angle).sin() * start.unsqueeze(1) + (t * angle).sin() * end.unsqueeze(1)
    in_line = sine.abs() < 1e-4
    straight = interpolate_linearly(start, end, t.squeeze(1))
    return torch.where(in_line, straight, arc / sine.masked_fill(in_line, 1.0))


def interpolate_rows(
    method: object,
    space: Preprocessor,
    start: Tensor,
    end: Tensor,
    *,
    steps: int = 8,
    between: Interpolation = interpolate_on_sphere,
) -> Tensor:
    """From each start to its end through the codes: (n, *shape) twice -> (n, steps, *shape).

    A model of classes decodes each step under the class of the nearer end.

    Raises:
        InputError: The model cannot encode or decode.
    """
    require(method, Decodes)
    t = torch.linspace(0, 1, steps)
    z = between(embed_rows(method, space, start), embed_rows(method, space, end), t)
    first, last = predict_classes(method, space, start), predict_classes(method, space, end)
    y = None
    if first is not None and last is not None:
        y = torch.where(t < 0.5, first.unsqueeze(1), last.unsqueeze(1)).flatten()
    x = decode_to_rows(method, space, z.flatten(0, 1), y)
    return x.reshape(len(start), steps, *space.shape)


def make_analogies(method: object, space: Preprocessor, raw: Tensor) -> Tensor:
    """Each original, then its code decoded under each class: (n, *shape) -> (n, 1 + k, *shape).

    Raises:
        InputError: The model cannot encode or decode, or has no classes.
    """
    k = len(space.classes)
    if k == 0:
        raise InputError("This model has no classes; expected a model of classes for analogies.")
    z = embed_rows(method, space, raw)
    y = torch.arange(k).repeat(len(raw))
    decoded = decode_to_rows(method, space, z.repeat_interleave(k, 0), y)
    return torch.cat((raw.cpu().unsqueeze(1), decoded.view(len(raw), k, *space.shape)), 1)


def sample_rows(
    method: object,
    space: Preprocessor,
    n: int,
    y: Tensor | None = None,
    *,
    mean: bool | None = None,
) -> Tensor:
    """Draw n raw rows, of the given classes (n,) or attributes (n, k) if any: -> (n, *shape).

    Args:
        mean: Whether rows are the means of p(x|.) at draws of all else, or draws of p(x|.), for a
            method that has both. None for the method's own `sample`, which gives means, with noise
            where the paper adds it: evaluations and pictures of experiments measure and show it.

    Raises:
        InputError: The model cannot sample, or not by class.
    """
    if n == 0:
        return torch.empty(0, *space.shape)
    sampler = require(method, Samples) if y is None else require(method, SamplesByClass)

    def draw(part: Tensor) -> Tensor:
        given = () if y is None else (part,)
        if mean is None or not isinstance(sampler, SamplesConditional):
            return space.inverse_transform(sampler.sample(len(part), *given))
        p_x = sampler.sample_p_x(len(part), *given)
        return space.inverse_transform(p_x.mean if mean else p_x.sample())

    return map_batches(draw, torch.empty(n) if y is None else y, device=get_device(method))


@torch.no_grad()
def make_class_grid(method: object, space: Preprocessor, n: int, *, mean: bool = True) -> Tensor:
    """Decode n codes from the prior under each of k classes: -> (n * k, *shape), code after code.

    Args:
        mean: As for `decode_to_rows`.

    Raises:
        InputError: The model has no classes, no prior or no decoder.
    """
    k = len(space.classes)
    if k == 0:
        raise InputError("This model has no classes; expected a model of classes for a grid.")
    require(method, SamplesByClass)
    z = require(method, HasPrior).p_z().sample((n,)).repeat_interleave(k, 0)
    return decode_to_rows(method, space, z, torch.arange(k).repeat(n), mean=mean)


def find_class_index(space: Preprocessor, name: str | int) -> int:
    """The index of a class, given its name, or its index as a number or as text.

    Raises:
        InputError: There is no such class.
    """
    if not space.classes:
        raise InputError("This model has no classes; expected a model of classes, or no class.")
    if isinstance(name, str) and name in space.classes:
        return space.classes.index(name)
    if str(name).isdecimal() and int(name) < len(space.classes):
        return int(name)
    raise unknown_name("class", str(name), space.classes)


def draw_classes(method: object, n: int) -> Tensor:
    """Classes drawn from p(y): -> (n,) int64, or (0,) for a method that has no p(y)."""
    p_y = getattr(method, "p_y", None)
    if not isinstance(p_y, ClassPrior) or not isinstance(method, SamplesByClass):
        return torch.empty(0, dtype=torch.int64)
    return p_y().sample((n,))


def convert_class_labels(space: Preprocessor, y: ClassLabels, n: int) -> Tensor:
    """Classes of n rows as indices (n,), attributes of n rows as they are (n, k).

    Raises:
        InputError: There is no such class, or the number of classes is not n.
    """
    values = y.tolist() if isinstance(y, Tensor | np.ndarray) else y
    each = [values] * n if isinstance(values, str | int) else list(values)
    if len(each) != n:
        raise InputError(f"There are {len(each)} classes for {n} rows; expected one for each row.")
    if n and isinstance(each[0], list | tuple):
        return torch.tensor(each, dtype=torch.float32)
    return torch.tensor([find_class_index(space, value) for value in each], dtype=torch.int64)
