"""Faces of CelebA without an attribute, and the ways in which they get it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from photo_edits_model import ATTRIBUTES
from PIL import Image
from torch import Tensor

from auxgen.data.attributes import derive_attributes
from auxgen.data.dataset import Dataset
from auxgen.data.decoding import convert_to_pixels
from auxgen.data.images import load_image_dataset
from auxgen.data.photographs import add_to_image
from auxgen.features.extractors import quantise_pictures
from auxgen.functional.differences import DifferenceFilter
from auxgen.functional.directions import Direction, fit_mean_difference
from auxgen.inference.moves import fit_probe_directions, make_moves
from auxgen.inference.shared_difference import SharedDifference, measure_shared_difference
from auxgen.model import Model

SIDE = 64
MEAN_ROWS = 5000
"""Training faces whose codes are averaged."""
Edit = Callable[[float], Tensor]
"""Takes a strength; returns pictures uint8 (n, 3, SIDE, SIDE)."""


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces without an attribute.

    Attributes:
        pictures: uint8 (n, 3, SIDE, SIDE).
        rows: The same as the model sees them.
        z: Their codes (n, d).
        back: Their reconstructions.
    """

    pictures: Tensor
    rows: Tensor
    z: Tensor
    back: Tensor


def load_faces(split: str, size: int) -> Dataset:
    return derive_attributes(load_image_dataset("celeba", split, size=size), ATTRIBUTES)


def select_faces(model: Model, split: str, attribute: str, count: int) -> Faces:
    """The first faces of a split without the attribute."""
    large, small = (load_faces(split, size) for size in (SIDE, model.space.shape[1]))
    lacks = large.require_attributes()[:, list(ATTRIBUTES).index(attribute)] == 0
    chosen = lacks.nonzero().flatten()[:count]
    rows = small.raw_rows()[chosen]
    z = model.encode(rows)
    return Faces(large.x[chosen], rows, z, model.decode(z))


def add_to_faces(faces: Faces, differences: Tensor, strength: float) -> Tensor:
    """The faces with differences (n, 3, s, s), or one for all, as `auxgen edit` adds them."""
    added = DifferenceFilter(strength=strength)(differences).expand(len(faces.pictures), -1, -1, -1)
    edited = []
    for picture, each in zip(faces.pictures, added, strict=True):
        image = Image.fromarray(picture.permute(1, 2, 0).numpy())
        changed = add_to_image(image, each, (0, 0, SIDE, SIDE)).image
        edited.append(torch.from_numpy(convert_to_pixels(changed).copy()))
    return torch.stack(edited)


def enlarge(rows: Tensor) -> Tensor:
    """Rows of a model as pictures of the faces' size."""
    return quantise_pictures(F.interpolate(rows, (SIDE, SIDE), mode="bicubic"))


def make_edit(model: Model, faces: Faces, way: Tensor) -> Edit:
    """Ours: a strength times the difference of a move by `way` (d,), or (n, d)."""
    differences = model.decode(faces.z + way) - faces.back
    return lambda strength: add_to_faces(faces, differences, strength)


def measure_shared_differences(
    model: Model, attribute: str, multiples: Sequence[float]
) -> dict[float, SharedDifference]:
    """What `auxgen edit --probe celeba --means` adds, by multiple of the way between mean codes."""
    rows = load_faces("train", model.space.shape[1])
    known = fit_probe_directions(model.method, model.space, rows, fit_mean_difference)
    length = known[attribute].scale
    moves = {m: make_moves({attribute: m * length}, known) for m in multiples}
    measure = partial(measure_shared_difference, model.method, model.space, rows)
    return {multiple: measure(each) for multiple, each in moves.items()}


def make_personal_edit(
    model: Model, faces: Faces, shared: SharedDifference, multiple: float
) -> Edit:
    """A strength times the difference of `auxgen edit`, for one way between mean codes."""
    own = model.decode(faces.z + shared.way) - faces.back
    differences = shared.adapt(own, 1.0) / multiple
    return lambda strength: add_to_faces(faces, differences, strength)


def make_decoded_edit(model: Model, faces: Faces, way: Tensor) -> Edit:
    """The reconstruction moved by a strength times `way`."""
    return lambda strength: enlarge(model.decode(faces.z + strength * way))


def compute_mean_difference(model: Model, attribute: str) -> Tensor:
    """The mean of the training faces with an attribute less that of those without, (1, 3, s, s)."""
    train = load_faces("train", model.space.shape[1])
    has = train.require_attributes()[:, list(ATTRIBUTES).index(attribute)]
    present, absent = (train.x[has == answer].double().mean(0) / 255 for answer in (1, 0))
    return (present - absent).float()[None]


def find_mean_code_difference(model: Model, attribute: str) -> Tensor:
    """From the mean code of the first training faces without an attribute to those with it: (d,).

    `auxgen edit --probe celeba --means` goes along it.
    """
    train = load_faces("train", model.space.shape[1])[:MEAN_ROWS]
    has = train.require_attributes()[:, list(ATTRIBUTES).index(attribute)] == 1
    z = model.encode(train.raw_rows())
    return z[has].mean(0) - z[~has].mean(0)


def find_direction(model: Model, attribute: str, keep: bool) -> Direction:
    """The model's direction, with those of the other attributes projected out where these stay."""
    others = [model.direction(name) for name in ATTRIBUTES if name != attribute]
    return model.direction(attribute).project_out(*(others if keep else []))
