"""Tabs of a model of pictures: one picture, and the way between two."""

from __future__ import annotations

from typing import Any

import gradio as gr  # pyright: ignore[reportMissingImports]
from markupsafe import Markup

from .answers import format_picture, format_recognition, format_way
from .edits import change_picture, format_change, list_attribute_sliders
from .examples import find_most_different
from .markup import format_notes
from .parts import LIVE, PICTURES_SHOWN, QUIET, Page, make_picker
from .uploads import ChosenPicture

WAY_STEPS = 9
NOTHING_CHOSEN = '<p class="ax-quiet">Choose a picture first.</p>'


def add_picture_tab(page: Page) -> None:
    """A picture, changed by a slider an attribute, and what the model takes it for."""
    sliders = list_attribute_sliders(page.model)

    def show(chosen: ChosenPicture | None, keep: bool = False, *distances: float) -> str:
        if chosen is None:
            return NOTHING_CHOSEN
        notes = format_notes(chosen.notes)
        if sliders:
            changed = change_picture(page.model, chosen, distances, keep_others=keep)
            return format_change(chosen, changed) + notes
        shown = format_picture(page.model, chosen) + format_recognition(page.model, chosen)
        return shown + notes

    answer = page.answer(show)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            picker = make_picker(page, "Choose a picture", 0)
        with gr.Column(scale=3, min_width=300):
            inputs = [picker.chosen]
            if sliders:
                gr.HTML('<h3 class="ax-heading">Change it</h3>')
                keep = gr.Checkbox(label="Keep the other attributes as they are", render=False)
                with gr.Group(elem_classes="ax-sliders"):
                    fields = [
                        gr.Slider(-s.limit, s.limit, 0, step=s.limit / 40, label=s.name, buttons=[])
                        for s in sliders
                    ]
                gr.HTML(
                    '<p class="ax-quiet">To the right for more of it, to the left for less.</p>'
                )
                keep.render()
                back = gr.Button("All sliders back to the middle", size="sm")
                inputs += [keep, *fields]
            result = gr.HTML(
                answer(page.get_example(0), False, *(0.0 for _ in sliders)), elem_id="ax-result"
            )
    picker.then(answer, inputs, result)
    if sliders:
        moved = [f.input for f in fields]  # pyright: ignore[reportPossiblyUnboundVariable]
        gr.on([*moved, keep.input], answer, inputs, result, **LIVE)  # pyright: ignore
        reset = back.click(lambda: [0.0] * len(fields), None, fields, **QUIET)  # pyright: ignore
        reset.then(answer, inputs, result, **QUIET)


def add_between_tab(page: Page) -> None:
    """The way from one picture to another through the code."""

    def show(first: ChosenPicture | None, second: ChosenPicture | None) -> str:
        if first is None or second is None:
            return '<p class="ax-quiet">Choose two pictures.</p>'
        notes = dict.fromkeys((*first.notes, *second.notes))
        ends: Any = format_way(page.model, first, second, WAY_STEPS)
        return ends + format_notes(notes)

    answer = page.answer(show)
    other = find_most_different(page.examples.x, PICTURES_SHOWN)
    result = gr.HTML(answer(page.get_example(0), page.get_example(other)), elem_id="ax-way")
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
    for picker in (first, second):
        picker.then(answer, [first.chosen, second.chosen], result)
