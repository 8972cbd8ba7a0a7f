"""Tabs of a model of pictures: one picture, and the way between two."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import gradio as gr  # pyright: ignore[reportMissingImports]
from markupsafe import Markup

from .answers import format_picture, format_recognition, format_way
from .edits import (
    AttributeSlider,
    PictureToChange,
    change_picture,
    format_change,
    list_attribute_sliders,
    prepare_changes,
)
from .examples import find_most_different
from .markup import format_notes
from .parts import PICTURES_SHOWN, QUIET, Page, make_picker
from .uploads import ChosenPicture

WAY_STEPS = 9
NOTHING_CHOSEN = '<p class="ax-quiet">Choose a picture first.</p>'


def add_picture_tab(page: Page) -> None:
    """A picture: changed by a slider an attribute, or what the model takes it for."""
    sliders = list_attribute_sliders(page.model)
    if sliders:
        _add_change_tab(page, sliders)
    else:
        _add_recognition_tab(page)


def _add_change_tab(page: Page, sliders: Sequence[AttributeSlider]) -> None:
    """A picture that is encoded when it is chosen, and changed by where the sliders stand."""

    def show(picture: PictureToChange | None, keep: bool, *distances: float) -> str:
        if picture is None:
            return NOTHING_CHOSEN
        changed = change_picture(page.model, picture, distances, keep_others=keep)
        return format_change(picture.chosen, changed) + format_notes(picture.chosen.notes)

    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            prepare = partial(prepare_changes, page.model)
            picker = make_picker(page, "Choose a picture", 0, prepare)
        with gr.Column(scale=3, min_width=300):
            gr.HTML('<h3 class="ax-heading">Change it</h3>')
            with gr.Group(elem_classes="ax-sliders"):
                fields = [
                    gr.Slider(-s.limit, s.limit, 0, step=s.limit / 40, label=s.name, buttons=[])
                    for s in sliders
                ]
            gr.HTML('<p class="ax-quiet">To the right for more of it, to the left for less.</p>')
            keep = gr.Checkbox(label="Keep the other attributes as they are")
            back = gr.Button("All sliders back to the middle", size="sm")
            middle = [0.0] * len(sliders)
            result = gr.HTML(
                page.answer(show)(picker.chosen.value, False, *middle), elem_id="ax-result"
            )
    moved = partial(gr.on, [*(f.input for f in fields), keep.input])
    # the browser itself moves the sliders: no answer of the server can come in between
    reset = back.click(None, None, fields, js=f"() => {middle}", **QUIET)
    inputs = [picker.chosen, keep, *fields]
    page.show_newest(show, inputs, result, *picker.events, moved, reset.then)


def _add_recognition_tab(page: Page) -> None:
    """A picture, and what the model takes it for."""

    def show(chosen: ChosenPicture | None) -> str:
        if chosen is None:
            return NOTHING_CHOSEN
        shown = format_picture(page.model, chosen) + format_recognition(page.model, chosen)
        return shown + format_notes(chosen.notes)

    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            picker = make_picker(page, "Choose a picture", 0)
        with gr.Column(scale=3, min_width=300):
            result = gr.HTML(page.answer(show)(page.get_example(0)), elem_id="ax-result")
    page.show_newest(show, [picker.chosen], result, *picker.events)


def add_between_tab(page: Page) -> None:
    """The way from one picture to another through the code."""

    def show(first: ChosenPicture | None, second: ChosenPicture | None) -> str:
        if first is None or second is None:
            return '<p class="ax-quiet">Choose two pictures.</p>'
        notes = dict.fromkeys((*first.notes, *second.notes))
        return format_way(page.model, first, second, WAY_STEPS) + format_notes(notes)

    other = find_most_different(page.examples.x, PICTURES_SHOWN)
    ends = page.get_example(0), page.get_example(other)
    result = gr.HTML(page.answer(show)(*ends), elem_id="ax-way")
    gr.HTML(
        Markup('<p class="ax-quiet">{}</p>').format(
            "Each picture is drawn by the model from a code that lies between those of the two."
        )
    )
    with gr.Row():
        with gr.Column(min_width=300):
            first = make_picker(page, "From", 0)
        with gr.Column(min_width=300):
            second = make_picker(page, "To", other)
    chosen = [first.chosen, second.chosen]
    page.show_newest(show, chosen, result, *first.events, *second.events)
