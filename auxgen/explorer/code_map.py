"""The map of codes: a place for each row in two dimensions, and its picture there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from markupsafe import Markup
from torch import Tensor

from ..errors import InputError
from ..functional.principal_components import principal_components
from ..plotting.grids import PALETTE
from .markup import encode_picture

MapAxes = Literal["components", "units"]
"""The two principal components, or the two units that vary most."""

MARGIN = 0.06
"""Of the map's width, around the outermost rows."""
THUMBNAIL_SIDE = 56
QUIET_COLOUR = "#8a8f98"


@dataclass(frozen=True, eq=False)
class CodeMap:
    """Places (n, 2) in [0, 1], from the left and from below, and what the two axes are."""

    places: Tensor
    axes: tuple[str, str]


def map_codes(z: Tensor, by: MapAxes) -> CodeMap:
    """Places of codes (n, d).

    Args:
        by: "components" keeps as much of the variance as two straight axes can; "units" are the two
            numbers of the code that vary most, as they are.

    Raises:
        InputError: A code is not finite.
    """
    if not z.isfinite().all():
        raise InputError("Some codes are not finite, so that they have no place on a map.")
    z = z.double()
    if z.shape[1] == 1:
        return CodeMap(_fit_into_square(torch.cat((z, 0 * z), 1)), ("the code's number", ""))
    if by == "components":
        points, shares = principal_components(z, 2)
        words = [
            f"direction {i + 1}, {100 * s:.0f} % of the variance" for i, s in enumerate(shares)
        ]
    else:
        spread = z.std(0, correction=0)
        units = spread.argsort(descending=True, stable=True)[:2]
        points = z[:, units]
        words = [f"number {i + 1} of the code" for i in units.tolist()]
    return CodeMap(_fit_into_square(points), (words[0], words[1]))


def _fit_into_square(points: Tensor) -> Tensor:
    """Points (n, 2) moved and scaled, each axis by itself, into a square with a margin."""
    low, high = points.amin(0), points.amax(0)
    width = torch.where(high > low, high - low, 1.0)
    inside = torch.where(high > low, (points - low) / width, 0.5)
    return MARGIN + (1 - 2 * MARGIN) * inside


def choose_colours(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each label, in order; the same one for all from the palette's end on."""
    known = sorted({label for label in labels if label})
    colours = [*PALETTE, *(QUIET_COLOUR for _ in known[len(PALETTE) :])]
    return {"": QUIET_COLOUR, **dict(zip(known, colours, strict=False))}


def format_map(
    code_map: CodeMap,
    names: Sequence[str],
    labels: Sequence[str],
    pictures: Tensor | None,
) -> Markup:
    """The map as HTML: a thumbnail or a dot for each row, its name when the pointer is on it.

    Args:
        names: A name for each row.
        labels: Its class, "" where unknown; thumbnails have a frame and dots are in its colour.
        pictures: Raw rows (n, c, h, w); None for dots.
    """
    colours = choose_colours(labels)
    points = []
    for i, (across, up) in enumerate(code_map.places.tolist()):
        text = f"{names[i]}: {labels[i]}" if labels[i] else names[i]
        inside = Markup('<span class="ax-dot"></span>')
        if pictures is not None:
            source = encode_picture(pictures[i], side=THUMBNAIL_SIDE)
            inside = Markup('<img src="{}" alt="">').format(source)
        points.append(
            Markup(
                '<div class="ax-point{}" tabindex="0" style="left:{:.2f}%;top:{:.2f}%;'
                '--own:{}">{}<span class="ax-tip">{}</span></div>'
            ).format(
                " ax-flip" if across > 0.5 else "",
                100 * across,
                100 * (1 - up),
                colours[labels[i]],
                inside,
                text,
            )
        )
    legend = [
        Markup('<li><i style="background:{}"></i>{}</li>').format(colour, label)
        for label, colour in list(colours.items())[: len(PALETTE) + 1]
        if label
    ]
    return Markup(
        '<div class="ax-map" role="img" aria-label="{} and {}">{}</div>'
        '<p class="ax-quiet">Across: {}.{}</p><ul class="ax-legend">{}</ul>'
    ).format(
        *code_map.axes,
        Markup("").join(points),
        code_map.axes[0],
        f" Up: {code_map.axes[1]}." if code_map.axes[1] else "",
        Markup("").join(legend),
    )
