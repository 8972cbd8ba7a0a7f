"""What the page shows of a model's answers."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from explorer.conftest import HOSTILE

from auxgen.errors import InputError
from auxgen.explorer import answers
from auxgen.explorer.examples import Examples
from auxgen.explorer.uploads import ChosenPicture
from auxgen.model import Model

PICTURES = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def list_names(shown: str) -> list[str]:
    """The names beside bars, in order."""
    return re.findall(r'ax-name">([^<]*)<', shown)


def test_classes_are_in_the_order_of_the_model_s_probabilities(
    classifier_of_pictures: Model,
) -> None:
    x = PICTURES[:1]
    found = classifier_of_pictures.predict(x)
    shown = answers.format_recognition(classifier_of_pictures, ChosenPicture(x, "me.png"))
    order = found.probabilities[0].argsort(descending=True)
    first = classifier_of_pictures.space.classes[order[0]]
    assert list_names(shown)[0] == (first if first != HOSTILE else list_names(shown)[0])
    assert len(list_names(shown)) == 3
    assert "<img src=x" not in shown


def test_attributes_have_bars(describer: Model) -> None:
    shown = answers.format_recognition(describer, ChosenPicture(PICTURES[:1], "me.png"))
    assert "Smiling" in list_names(shown)
    assert len(list_names(shown)) == 2


def test_a_picture_stands_beside_its_reconstruction(describer: Model) -> None:
    shown = answers.format_picture(describer, ChosenPicture(PICTURES[:1], HOSTILE))
    assert shown.count("<figure>") == 2
    assert "<img src=x" not in shown


def test_the_way_between_two_pictures_has_both_ends(describer: Model) -> None:
    first, second = (ChosenPicture(PICTURES[i : i + 1], str(i)) for i in (0, 1))
    shown = answers.format_way(describer, first, second, 5)
    captions = re.findall(r"<figcaption>([^<]*)<", shown)
    assert captions == ["first", "25 %", "50 %", "75 %", "second"]


def test_a_typed_row_gets_bars_and_notes(classifier_of_rows: Model) -> None:
    shown = answers.format_typed_row(classifier_of_rows, ["n/a", "oak", "", "yes"])
    assert sorted(list_names(shown)) == ["red", "rose", "white"]
    assert "What kind the model expects" in shown
    assert "taken as blank" in shown


def test_a_row_without_an_answer_is_said(points_model: Model) -> None:
    class Silent:
        def classify(self, x: torch.Tensor, draws: int = 1) -> torch.distributions.Categorical:
            logits = x[:, :3] * torch.nan
            return torch.distributions.Categorical(logits=logits, validate_args=False)

    silent = replace(points_model, method=Silent())  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="gives no answer"):
        answers.format_classes(silent, torch.zeros(1, 6))


def test_new_rows_are_of_the_class_that_was_chosen(classifier_of_rows: Model) -> None:
    shown = answers.format_new_rows(classifier_of_rows, 5, "white", {}, 0)
    assert shown.count("<td>white</td>") == 5
    assert shown.startswith('<div class="ax-scroll">')
    some = answers.format_new_rows(classifier_of_rows, 40, answers.ANY, {}, 0)
    assert 0 < some.count("<td>white</td>") < 40
    assert some == answers.format_new_rows(classifier_of_rows, 40, answers.ANY, {}, 0)
    assert some != answers.format_new_rows(classifier_of_rows, 40, answers.ANY, {}, 1)


def test_new_pictures_have_the_attributes_that_were_chosen(
    describer: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answers.can_choose_attributes(describer)
    asked: list[dict[str, bool]] = []

    def draw(method: object, space: object, required: dict[str, bool], n: int, **_: Any) -> Any:
        asked.append(required)
        return SimpleNamespace(x=PICTURES[:n])

    monkeypatch.setattr(answers, "sample_where", draw)
    shown = answers.format_new_rows(describer, 2, answers.ANY, {"Smiling": True}, 0)
    assert shown.count("<figure>") == 2
    assert asked == [{"Smiling": True}]
    plain = answers.format_new_rows(describer, 3, answers.ANY, {}, 0)
    assert plain.count("<figure>") == 3


def test_points_of_two_numbers_are_a_cloud(points_model: Model) -> None:
    plane = replace(points_model, space=replace(points_model.space, shape=(2,)))
    shown = answers.format_rows(plane, torch.rand(7, 2), [""] * 7)
    assert shown.count("ax-dot") == 7
    six = answers.format_new_rows(points_model, 2, "a", {}, 0)
    assert six.count("<tr>") == 3
    assert six.count("<td>a</td>") == 2


def test_the_map_shows_pictures_or_dots(describer: Model, classifier_of_rows: Model) -> None:
    pictures = Examples(PICTURES, ("a", "b", "c", "d"), ("", "x", "y", HOSTILE))
    shown = answers.format_code_map(describer, pictures, "components")
    assert shown.count("data:image/png") == 4
    width = classifier_of_rows.space.width
    rows = Examples(torch.rand(3, width), ("a", "b", "c"), ("",) * 3)
    assert answers.format_code_map(classifier_of_rows, rows, "units").count("ax-dot") == 3


def test_a_model_is_described_in_a_sentence(
    describer: Model, classifier_of_rows: Model, points_model: Model
) -> None:
    words = answers.describe_model(describer)
    assert words.startswith("This VAC has learned from grey pictures of 8 x 8 pixels, with 2 attr")
    assert "a table with 4 columns" in answers.describe_model(classifier_of_rows)
    assert "points of 6 numbers, with 3 classes: a, b, c." in answers.describe_model(points_model)
