"""Tabs of any model: a row that is typed in, new rows, and the map of codes."""

from __future__ import annotations

from typing import Any

import gradio as gr  # pyright: ignore[reportMissingImports]
from markupsafe import Markup

from ..method import SamplesByClass
from .answers import (
    ANY,
    can_choose_attributes,
    format_code_map,
    format_new_rows,
    format_typed_row,
)
from .panels import can
from .parts import QUIET, Page
from .typed_rows import (
    MOST_FIELDS,
    RowField,
    format_row_cells,
    list_row_fields,
    split_pasted_row,
)

MOST_NEW_ROWS = 64
UNKNOWN = ""
"""The choice of a category that is not known."""


def add_row_tab(page: Page) -> None:
    """A row to type in, and its class."""
    space, fields = page.model.space, list_row_fields(page.model.space)
    pasted = len(fields) > MOST_FIELDS
    hint = "Type in a row; leave blank what you do not know." if space.table else "Type in a row."
    with gr.Row():
        with gr.Column(scale=3, min_width=300):
            gr.HTML(f'<p class="ax-quiet">{hint}</p>')
            if pasted:
                label = f"A row of {len(fields):,} values, in the order of the table's columns"
                boxes = [gr.Textbox(label=label, lines=3)]
            else:
                with gr.Row(elem_classes="ax-fields"):
                    boxes = [_make_field(field) for field in fields]
            with gr.Row():
                go = gr.Button("Predict", variant="primary")
                if len(page.examples):
                    another = gr.Button("Fill in a row of the data")
        with gr.Column(scale=2, min_width=300):
            known = gr.HTML()
            result = gr.HTML(elem_id="ax-result")

    def show(*texts: str | None) -> str:
        cells = split_pasted_row(space, texts[0] or "") if pasted else texts
        return format_typed_row(page.model, cells)

    def fill_in(place: int) -> list[Any]:
        row = page.get_example(place)
        assert row is not None
        cells = format_row_cells(space, row.x)
        told = f"{row.name}, which is {row.label}" if row.label else row.name
        shown = ["\t".join(cells)] if pasted else cells
        values = [cell or None for cell in shown]
        return [place + 1, page.answer(lambda: _quiet(f"Filled in: {told}."))(), *values]

    asks = [go.click, *(box.submit for box in boxes if isinstance(box, gr.Textbox))]
    if len(page.examples):
        place = gr.State(0)
        filled = another.click(  # pyright: ignore[reportPossiblyUnboundVariable]
            fill_in, place, [place, known, *boxes], **QUIET
        )
        asks.append(filled.then)
    page.show_newest(show, boxes, result, *asks)


def _quiet(text: str) -> str:
    return Markup('<p class="ax-quiet">{}</p>').format(text)


def _make_field(field: RowField) -> Any:
    """A field of the form, by what the column holds."""
    if field.kind in ("category", "yes/no"):
        choices = [("not known", UNKNOWN), *((text, text) for text in field.choices)]
        return gr.Dropdown(choices, value=UNKNOWN, label=field.name, min_width=140)
    hint = "a number" if field.kind == "number" else "a date, such as 2024-12-31"
    return gr.Textbox(label=field.name, placeholder=hint, min_width=140, max_lines=1)


def add_new_tab(page: Page) -> None:
    """New rows that the model draws, of a class or with attributes."""
    model = page.model
    by_class = can(model, SamplesByClass) and bool(model.space.classes)
    names = model.space.attributes if can_choose_attributes(model) else ()
    seed = gr.State(0)
    with gr.Row():
        count = gr.Slider(1, MOST_NEW_ROWS, 16, step=1, label="How many", buttons=[])
        classes = gr.Dropdown(
            [("any class", ANY), *((c, c) for c in model.space.classes)],
            **{"value": ANY, "label": "Class", "visible": by_class},
        )
    options = [("with or without", ANY), ("with", "1"), ("without", "0")]
    with gr.Row(elem_classes="ax-fields"):
        answers = [gr.Radio(options, value=ANY, label=name, min_width=220) for name in names]
    go = gr.Button("Draw", variant="primary")
    result = gr.HTML(elem_id="ax-new")

    def show(start: int, n: float, y: str, *given: str) -> str:
        wanted = {k: a == "1" for k, a in zip(names, given, strict=True) if a != ANY}
        return format_new_rows(model, int(n), y if by_class else ANY, wanted, start)

    drawn = go.click(page.answer(show), [seed, count, classes, *answers], result, **QUIET)
    drawn.then(lambda start: start + 1, seed, seed, **QUIET)


def add_map_tab(page: Page) -> None:
    """The map of the codes of the data."""
    noun = "picture" if page.model.space.kind == "images" else "row"
    gr.HTML(
        f'<p class="ax-quiet">Each {noun} of the data ({len(page.examples)} are shown) lies where '
        "its code does: what is near is alike to the model. Point at one, or touch it, for its "
        "name.</p>"
    )
    by = gr.Radio(
        [("the two main directions (PCA)", "components"), ("the two most active numbers", "units")],
        value="components",
        label="Of the code, show",
    )

    def show(axes: Any) -> str:
        return format_code_map(page.model, page.examples, axes)

    answer = page.answer(show)
    result = gr.HTML(answer("components"), elem_id="ax-codes")
    by.change(answer, by, result, **QUIET)
