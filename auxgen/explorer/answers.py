"""What the page shows of a model's answers, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from markupsafe import Markup
from torch import Tensor

from ..errors import InputError, list_first
from ..inference.batched import predict_attribute_probabilities
from ..inference.conditional import sample_where
from ..method import Classifies, Decodes, Describes, Encodes, SamplesByClass
from ..model import Model
from .code_map import CodeMap, MapAxes, format_map, map_codes
from .examples import Examples
from .markup import format_bars, format_figures, format_heading, format_notes, format_table
from .panels import can, can_sample_where
from .typed_rows import get_row_schema, list_row_fields, parse_typed_row
from .uploads import ChosenPicture

ANY = "any"
"""The choice of no class, and of an attribute that new pictures may have or lack."""
CHAIN_STEPS = 300
"""Steps of the chains that lead to pictures with given attributes: enough for a look."""


def describe_model(model: Model) -> str:
    """What a model has learned to see, in a sentence."""
    space, named = model.space, [model.space.classes, model.space.attributes]
    if space.kind == "images":
        c, h, w = space.shape
        rows = f"{'grey ' if c == 1 else ''}pictures of {w} x {h} pixels"
    elif space.kind == "table":
        rows = f"a table with {len(list_row_fields(space))} columns"
    else:
        rows = f"points of {torch.Size(space.shape).numel()} numbers"
    parts = [
        f"{len(names)} {word}: {list_first(names, 6)}"
        for word, names in zip(("classes", "attributes"), named, strict=True)
        if names
    ]
    learned = f"This {type(model.method).__name__} has learned from {rows}"
    return f"{learned}{', with ' + ' and '.join(parts) if parts else ''}."


def format_recognition(model: Model, chosen: ChosenPicture) -> Markup:
    """The classes, or the attributes, that a model sees in a picture."""
    parts: list[Markup] = []
    if can(model, Classifies):
        parts += [format_heading("What the model takes it for"), format_classes(model, chosen.x)]
    elif can(model, Describes) and model.space.attributes:
        seen = model.space.transform(chosen.x)
        shares = predict_attribute_probabilities(model.method, seen)[0].tolist()  # pyright: ignore
        heading = format_heading("How sure the model is of each attribute")
        parts += [heading, format_bars(zip(model.space.attributes, shares, strict=True))]
    return Markup("").join(parts)


def format_classes(model: Model, x: Tensor) -> Markup:
    """A bar for each class of a raw row (1, *shape).

    Raises:
        InputError: The model gives no probabilities, as of a row that it cannot take blanks of.
    """
    found = model.predict(x)
    if not found.probabilities.isfinite().all():
        raise InputError("The model gives no answer for this row; fill in the blank fields.")
    return format_bars(zip(found.classes, found.probabilities[0].tolist(), strict=True))


def format_picture(model: Model, chosen: ChosenPicture) -> Markup:
    """A picture as the model sees it, and as it draws it again where it can."""
    pictures, captions = [chosen.shown], [chosen.name]
    if can(model, Encodes, Decodes):
        pictures.append(model.reconstruct(chosen.x)[0])
        captions.append("as the model draws it")
    return format_figures(pictures, captions, "ax-large")


def format_way(model: Model, first: ChosenPicture, second: ChosenPicture, steps: int) -> Markup:
    """Pictures on the way from one to another, both as the model draws them at the ends."""
    way = model.interpolate(torch.cat((first.x, second.x)), steps=steps)[0]
    middle = [f"{100 * i / (steps - 1):.0f} %" for i in range(1, steps - 1)]
    return format_figures(way, ["first", *middle, "second"], "ax-strip")


def format_typed_row(model: Model, texts: Sequence[str | None]) -> Markup:
    """The classes of a row that was typed in."""
    x, notes = parse_typed_row(model.space, texts)
    label = model.space.table.label if model.space.table else None
    heading = format_heading(f"What {label} the model expects" if label else "Its class")
    return heading + format_classes(model, x) + format_notes(notes)


def format_new_rows(model: Model, n: int, y: str, wanted: Mapping[str, bool], seed: int) -> Markup:
    """New rows of a class, or with some attributes.

    Args:
        y: The class; ANY for all.
        wanted: Attributes that they must have (True) or lack (False).
    """
    by_class = can(model, SamplesByClass) and bool(model.space.classes)
    classes: Sequence[str] = () if y == ANY else [y] * n
    if wanted:
        torch.manual_seed(seed)
        draws = sample_where(model.method, model.space, wanted, n, steps=CHAIN_STEPS)
        return format_rows(model, draws.x, [""] * n)
    if not classes and by_class:
        classes = model.draw_classes(n, seed=seed)
    x = model.sample(n, y=list(classes) or None, seed=seed)
    return format_rows(model, x, classes or [""] * n)


def format_rows(model: Model, x: Tensor, labels: Sequence[str]) -> Markup:
    """Raw rows (n, *shape) as pictures, points or a table."""
    if model.space.kind == "images":
        return format_figures(x, labels, "ax-grid")
    if model.space.kind == "points" and x.flatten(1).shape[1] == 2:
        low, high = x.amin(0), x.amax(0)
        places = (x - low) / (high - low).clamp(min=1e-12)
        names = [", ".join(f"{value:.3g}" for value in row) for row in x.tolist()]
        return format_map(CodeMap(places.double(), ("x1", "x2")), names, labels, None)
    frame = get_row_schema(model.space).decode(x.flatten(1).double().numpy())
    if any(labels):
        frame[(model.space.table and model.space.table.label) or "class"] = list(labels)
    rows = frame.to_numpy(dtype=object).tolist()
    short = [[f"{v:.5g}" if isinstance(v, float) else v for v in row] for row in rows]
    return format_table(list(frame.columns), short)


def can_choose_attributes(model: Model) -> bool:
    """Whether new pictures can be asked for by their attributes."""
    return bool(model.space.attributes) and can_sample_where(model)


def format_code_map(model: Model, examples: Examples, by: MapAxes) -> Markup:
    """The map of the codes of rows."""
    pictures = examples.x if model.space.kind == "images" else None
    code_map = map_codes(model.encode(examples.x), by)
    return format_map(code_map, examples.names, examples.labels, pictures)
