"""The page: its tabs, in the order of the panels that the model has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr  # pyright: ignore[reportMissingImports]
from markupsafe import Markup

from ..model import Model
from .answers import describe_model
from .examples import Examples
from .markup import format_notes
from .panels import can_edit, list_panels
from .parts import Page
from .picture_tabs import add_between_tab, add_picture_tab
from .row_tabs import add_map_tab, add_new_tab, add_row_tab

STYLE = Path(__file__).with_name("style.css")
SYSTEM_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
CACHE_SECONDS = (600, 3600)
"""How often old uploads are looked for, and how old they are then."""


def build_page(model: Model, examples: Examples, title: str, notes: Sequence[str]) -> Any:
    """The page of a model as Gradio's Blocks.

    Args:
        title: How the model is called.
        notes: Sentences that a person should know.

    Raises:
        InputError: There is nothing to show of the model.
    """
    panels = list_panels(model, len(examples))
    page = Page(model, examples)
    tabs = {
        "picture": ("Change" if can_edit(model) else "Picture", add_picture_tab),
        "row": ("Row", add_row_tab),
        "between": ("Between", add_between_tab),
        "new": ("New", add_new_tab),
        "map": ("Map", add_map_tab),
    }
    with gr.Blocks(
        title=f"auxgen: {title}", analytics_enabled=False, delete_cache=CACHE_SECONDS
    ) as blocks:
        gr.HTML(_format_header(model, examples, title) + format_notes(notes))
        with gr.Tabs():
            for panel in panels:
                name, add = tabs[panel]
                with gr.Tab(name):
                    add(page)
    return blocks


def _format_header(model: Model, examples: Examples, title: str) -> Markup:
    """What model this is, and where the rows that it shows come from."""
    origin = f" Shown are {examples.origin}." if len(examples) else ""
    return Markup('<header class="ax-header"><h1>{}</h1><p>{}{}</p></header>').format(
        title, describe_model(model), origin
    )


def make_theme() -> Any:
    """Gradio's theme with the system's own fonts: none is loaded from anywhere."""
    themes: Any = gr.themes  # pyright: ignore[reportPrivateImportUsage]
    fonts = [themes.Font(name) for name in SYSTEM_FONTS]
    mono = [themes.Font("ui-monospace"), themes.Font("monospace")]
    return themes.Default(font=fonts, font_mono=mono, primary_hue="blue")
