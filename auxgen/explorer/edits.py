"""A slider for each attribute, and what a picture becomes where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from PIL.Image import Image
from torch import Tensor

from ..inference.editing import RowsToEdit
from ..inference.moves import get_classifier_directions
from ..model import Model
from .markup import format_figures, format_heading, format_share
from .panels import can_edit
from .uploads import ChosenPicture

USUAL_REACH = 3.0
"""The distance of an edit, where the model's experiment had none of its own."""


@dataclass(frozen=True)
class AttributeSlider:
    """The slider of an attribute, from -limit to limit: distances that the code is moved."""

    name: str
    limit: float


def list_attribute_sliders(model: Model) -> tuple[AttributeSlider, ...]:
    """A slider for each attribute of a model, twice as far as its experiment moved it; or none."""
    if not can_edit(model):
        return ()
    card = model.config.get("card", {})
    reach = card.get("options", {}).get("edit_distance") if isinstance(card, Mapping) else None
    limit = 2 * reach if isinstance(reach, int | float) and reach > 0 else 2 * USUAL_REACH
    return tuple(
        AttributeSlider(name, float(limit))
        for name in get_classifier_directions(model.method, model.space)
    )


@dataclass(frozen=True, eq=False)
class ChangedPicture:
    """A picture that was changed, and the model's probabilities of all attributes.

    Attributes:
        picture: What became of it, (c, h, w); or of the photograph that it is a part of.
        names: The attributes.
        before: The probability of each in the original.
        after: The same in the changed picture.
    """

    picture: Tensor | Image
    names: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class PictureToChange:
    """A picture that a person chose, encoded once for all positions of the sliders."""

    chosen: ChosenPicture
    rows: RowsToEdit


def prepare_changes(model: Model, chosen: ChosenPicture) -> PictureToChange:
    """Encode a picture that is going to be changed."""
    return PictureToChange(chosen, model.prepare_edits(chosen.x))


def change_picture(
    model: Model, picture: PictureToChange, distances: Sequence[float], *, keep_others: bool = False
) -> ChangedPicture:
    """A picture moved by where all sliders stand, in their order.

    Args:
        model: The model.
        picture: The picture.
        distances: Where the sliders stand.
        keep_others: Whether the logits of the attributes whose sliders stand at 0 are kept.
    """
    names = tuple(slider.name for slider in list_attribute_sliders(model))
    pairs = dict(zip(names, distances, strict=True))
    others = [name for name in names if not pairs[name]] if keep_others else []
    edits = model.edit(picture.rows, pairs, keep=others)
    changed, view = edits.edited[0], picture.chosen.view
    if view is not None and edits.added is not None:
        changed = view.add(edits.added[0])
    before, after = edits.before[0].tolist(), edits.after[0].tolist()
    return ChangedPicture(changed, names, tuple(before), tuple(after))


def format_change(chosen: ChosenPicture, changed: ChangedPicture) -> Markup:
    """The picture before and after, and how sure the model is of each attribute."""
    pictures = [chosen.shown, changed.picture]
    figures = format_figures(pictures, [chosen.name, "changed"], "ax-large")
    lines = [
        Markup(
            '<div class="ax-bar"><span class="ax-name">{}</span><span class="ax-track">'
            '<span style="width:{:.1f}%"></span><i style="left:{:.1f}%"></i></span>'
            '<span class="ax-share">{}</span></div>'
        ).format(name, 100 * after, 100 * before, format_share(after))
        for name, before, after in zip(changed.names, changed.before, changed.after, strict=True)
    ]
    heading = format_heading("How sure the model is that the changed picture has it")
    legend = Markup('<p class="ax-quiet">The mark in each bar is where it was before.</p>')
    return Markup('{}{}<div class="ax-bars">{}</div>{}').format(
        figures, heading, Markup("").join(lines), legend
    )
