"""Parts that several tabs of the page have: a picker of pictures, and answers that may fail."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import gradio as gr  # pyright: ignore[reportMissingImports]
import torch
from PIL.Image import Image
from torch import Tensor

from ..errors import UserError
from ..model import Model
from ..plotting.grids import draw_image_grid
from .examples import Examples
from .markup import format_error
from .uploads import ChosenPicture, read_upload

PICTURES_SHOWN = 12
"""Pictures of the data that a person may choose from at once."""
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
"""All events: each answer comes in its request's own connection. Those of Gradio's queue share a
stream, which may close before the answer of a request that has just come (gradio 6.31)."""
LIVE: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}
"""Events that come in numbers while a slider moves: the last one counts."""
NUMBER_REQUEST = (
    "(number, ...given) => [window.auxgenRequests = (window.auxgenRequests ?? 0) + 1, ...given]"
)
"""What the browser does with a request's inputs: the first becomes the request's number."""
SHOW_NEWEST = """([number, answer], shown) => {
  const newest = (window.auxgenNewest ??= {});
  if (number < (newest[PLACE] ?? 0)) return shown;
  newest[PLACE] = number;
  return answer;
}"""
"""What the browser does with an answer: it is shown, unless that of a later request is there."""


Event = Callable[..., Any]
"""What a component offers to be answered: a button's `click`, an answer's `then`."""


@dataclass(frozen=True, eq=False)
class Page:
    """What all tabs show: a model, rows to look at, and one answer at a time.

    Attributes:
        model: The model.
        examples: The rows.
        lock: Held while the model answers: a seed sets torch's random state for all threads.
    """

    model: Model
    examples: Examples
    lock: Lock = field(default_factory=Lock)

    def answer(self, function: Callable[..., str]) -> Callable[..., str]:
        """A function of the page's HTML whose errors are a sentence in place of its result."""

        def carry_out(*given: Any) -> str:
            try:
                with self.lock, torch.no_grad():
                    return str(function(*given))
            except UserError as error:
                return str(format_error(str(error)))
            except Exception as error:
                traceback.print_exc(file=sys.stderr)
                name = type(error).__name__
                return str(format_error(f"This went wrong ({name}); the terminal says more."))

        return carry_out

    def show_newest(
        self, function: Callable[..., str], inputs: Sequence[Any], output: Any, *events: Event
    ) -> None:
        """Show a function's HTML in an output after events: what stays there is the newest.

        Of events that come while one is answered the last counts, and none is forgotten. Answers of
        several events may overtake each other, so the browser numbers the requests of a page.

        Args:
            function: Its arguments are the values of `inputs`.
            events: Each, called with how it is answered, returns what may follow the answer.
        """
        answer = self.answer(function)
        number, told = gr.Number(0, visible=False), gr.JSON(visible=False)

        def answer_by_number(number: float, *given: Any) -> tuple[float, str]:
            return number, answer(*given)

        asked = {"fn": answer_by_number, "inputs": [number, *inputs], "outputs": told}
        show = SHOW_NEWEST.replace("PLACE", str(output._id))
        for event in events:
            answered = event(**asked, js=NUMBER_REQUEST, **LIVE)
            answered.then(None, [told, output], output, js=show, **QUIET)

    def get_example(self, place: int) -> ChosenPicture | None:
        """One of the rows; None where there are none."""
        if not len(self.examples):
            return None
        i = place % len(self.examples)
        rows = self.examples
        return ChosenPicture(rows.x[i : i + 1], rows.names[i], rows.labels[i])


def _draw_thumbnails(pictures: Tensor) -> list[Image]:
    """Pictures (n, c, h, w), small ones enlarged without blur."""
    return [draw_image_grid(picture[None], 1, padding=0) for picture in pictures]


@dataclass(frozen=True, eq=False)
class Picker:
    """A place where a person chooses a picture, and the events after it was chosen."""

    chosen: Any
    events: Sequence[Event]


def _keep(chosen: ChosenPicture) -> ChosenPicture:
    return chosen


def make_picker(
    page: Page, title: str, first: int, prepare: Callable[[ChosenPicture], Any] = _keep
) -> Picker:
    """Pictures of the data to click on, and a field for one of a person's own.

    Args:
        first: The picture of the data that is chosen at the start.
        prepare: What is kept of a chosen picture for as long as it is chosen.
    """
    examples = page.examples

    def get_prepared(place: int) -> Any:
        example = page.get_example(place)
        with page.lock:
            return None if example is None else prepare(example)

    chosen, start = gr.State(get_prepared(first)), gr.State(0)
    gr.HTML(f'<h3 class="ax-heading">{title}</h3>')
    events: list[Event] = []
    message = gr.HTML(render=False)
    if len(examples):
        gallery = gr.Gallery(
            _draw_thumbnails(examples.x[:PICTURES_SHOWN]),
            **{"columns": 6, "height": "auto", "format": "png", "object_fit": "contain"},
            **{"show_label": False, "allow_preview": False, "interactive": False, "buttons": []},
            elem_classes="ax-gallery",
        )

        def take(begin: int, event: gr.SelectData) -> tuple[Any, str]:
            return get_prepared(begin + int(event.index)), ""

        def turn(begin: int) -> tuple[int, Any]:
            begin = (begin + PICTURES_SHOWN) % len(examples)
            order = [(begin + i) % len(examples) for i in range(PICTURES_SHOWN)]
            return begin, gr.Gallery(_draw_thumbnails(examples.x[order]), selected_index=None)

        # every click counts, though one before it is still being answered
        pick = {**QUIET, "trigger_mode": "multiple"}
        events.append(gallery.select(take, start, [chosen, message], **pick).then)
        if len(examples) > PICTURES_SHOWN:
            others = gr.Button("Show others", size="sm")
            others.click(turn, start, [start, gallery], **QUIET)
    if page.model.space.shape[0] in (1, 3):
        field = gr.File(
            label="Or a picture of your own",
            **{"file_types": ["image"], "height": 140, "elem_classes": "ax-upload"},
        )

        def read(file: str | None) -> tuple[Any, str]:
            if file is None:
                return gr.skip(), ""
            try:
                picture = read_upload(Path(file), page.model.space)
                with page.lock:
                    return prepare(picture), ""
            except UserError as error:
                return gr.skip(), str(format_error(str(error)))

        events.append(field.change(read, field, [chosen, message], **QUIET).then)
    message.render()
    return Picker(chosen, events)
