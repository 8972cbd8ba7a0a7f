"""Which panels a model's page has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from auxgen.builders import Recipe
from auxgen.errors import InputError
from auxgen.explorer import panels
from auxgen.model import Model


def test_a_describer_of_pictures_has_all_that_pictures_have(describer: Model) -> None:
    assert panels.list_panels(describer, 20) == ("picture", "between", "new", "map")
    assert panels.can_edit(describer)
    assert panels.can_sample_where(describer)


def test_classifiers_have_a_picture_or_a_row(
    classifier_of_pictures: Model, classifier_of_rows: Model
) -> None:
    assert panels.list_panels(classifier_of_pictures, 20) == ("picture", "between", "new", "map")
    assert panels.list_panels(classifier_of_rows, 20) == ("row", "new", "map")
    assert not panels.can_edit(classifier_of_pictures)
    assert not panels.can_sample_where(classifier_of_pictures)


def test_a_map_needs_rows(classifier_of_rows: Model) -> None:
    assert panels.list_panels(classifier_of_rows, 0) == ("row", "new")
    assert "map" not in panels.list_panels(classifier_of_rows, 2)


def make_classifier(model: Model, **sizes: Any) -> Model:
    """A classifier alone, of the same rows."""
    arguments = {"x": sizes["x"], "classes": 3, "prior_rows": 10, "hidden": [4]}
    method = Recipe("classifier", arguments).build().eval()
    return replace(model, method=method)


def test_a_classifier_alone_has_no_codes(
    classifier_of_pictures: Model, classifier_of_rows: Model
) -> None:
    pictures = make_classifier(classifier_of_pictures, x=64)
    rows = make_classifier(classifier_of_rows, x=classifier_of_rows.space.width)
    assert panels.list_panels(pictures, 20) == ("picture",)
    assert panels.list_panels(rows, 20) == ("row",)


def test_a_model_with_nothing_to_show_is_refused(describer: Model) -> None:
    nothing = replace(describer, method=torch.nn.Linear(2, 2))  # pyright: ignore
    with pytest.raises(InputError, match="Linear has nothing that the explorer could show"):
        panels.list_panels(nothing, 20)
