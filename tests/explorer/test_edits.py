"""A slider for each attribute, and what comes of where they stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import pytest
import torch
from explorer.conftest import HOSTILE, make_model

from auxgen.data.dataset import Preprocessor
from auxgen.data.frame import Frame
from auxgen.experiments.common import Budget
from auxgen.experiments.introvac.plans import PHOTO_WIDTHS
from auxgen.explorer import edits, uploads
from auxgen.explorer.uploads import ChosenPicture
from auxgen.model import Model
from auxgen.plotting.grids import write_picture

X = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def change(
    model: Model, distances: list[float], chosen: ChosenPicture | None = None, *, keep: bool = False
) -> edits.ChangedPicture:
    picture = edits.prepare_changes(model, chosen or ChosenPicture(X, "me.png"))
    return edits.change_picture(model, picture, distances, keep_others=keep)


def get_changed_row(changed: edits.ChangedPicture) -> torch.Tensor:
    assert isinstance(changed.picture, torch.Tensor)
    return changed.picture


def test_each_attribute_has_a_slider_twice_as_far_as_its_experiment_moved(describer: Model) -> None:
    sliders = edits.list_attribute_sliders(describer)
    assert [(s.name, s.limit) for s in sliders] == [("Smiling", 8.0), (HOSTILE, 8.0)]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"card": None},
        {"card": {"options": {"edit_distance": "far"}}},
        {"card": {"options": {}}},
    ],
)
def test_without_a_distance_of_the_experiment_there_is_a_usual_one(
    describer: Model, config: dict[str, object]
) -> None:
    sliders = edits.list_attribute_sliders(replace(describer, config=config))
    assert {s.limit for s in sliders} == {2 * edits.USUAL_REACH}


def test_a_model_without_attributes_has_no_sliders(classifier_of_pictures: Model) -> None:
    assert edits.list_attribute_sliders(classifier_of_pictures) == ()


def test_a_slider_moves_its_own_attribute(describer: Model) -> None:
    still = change(describer, [0.0, 0.0])
    moved = change(describer, [6.0, 0.0])
    expected = describer.edit(X, {"Smiling": 6.0}).edited
    torch.testing.assert_close(get_changed_row(moved), expected[0])
    assert not torch.equal(get_changed_row(moved), get_changed_row(still))
    assert moved.names == ("Smiling", HOSTILE)


def test_the_model_is_asked_about_the_pictures_that_are_shown(describer: Model) -> None:
    moved = change(describer, [0.0, -6.0])
    method: Any = describer.method
    changed = describer.edit(X, {HOSTILE: -6.0}).edited[0]
    for picture, shares in ((X[0], moved.before), (changed, moved.after)):
        expected = method.attributes(picture[None]).probs[0].tolist()
        assert shares == pytest.approx(expected, abs=1e-5)


def test_a_picture_is_encoded_once_for_all_moves(
    describer: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, seen = edits.prepare_changes(describer, ChosenPicture(X, "me.png")), []
    method: Any = describer.method
    encode = method.encode
    monkeypatch.setattr(method, "encode", lambda x: seen.append(x) or encode(x))
    changed = [edits.change_picture(describer, picture, [d, 0.0]) for d in (2.0, 4.0)]
    assert [len(x) for x in seen] == [1, 1]  # the two changed pictures, to say what is in them
    assert not any(torch.equal(x, X) for x in seen)
    for found, distance in zip(changed, (2.0, 4.0), strict=True):
        afresh = change(describer, [distance, 0.0])
        assert torch.equal(get_changed_row(found), get_changed_row(afresh))
        assert found.after == afresh.after


def test_the_other_attributes_can_be_kept(describer: Model) -> None:
    kept = change(describer, [6.0, 0.0], keep=True)
    expected = describer.edit(X, {"Smiling": 6.0}, keep=[HOSTILE]).edited
    torch.testing.assert_close(get_changed_row(kept), expected[0])
    free = change(describer, [6.0, 0.0])
    assert not torch.equal(get_changed_row(kept), get_changed_row(free))


def test_to_keep_others_where_all_or_none_are_moved_changes_nothing(describer: Model) -> None:
    for distances in ([0.0, 0.0], [2.0, -3.0]):
        kept = change(describer, distances, keep=True)
        free = change(describer, distances)
        assert torch.equal(get_changed_row(kept), get_changed_row(free))


def test_names_are_escaped(describer: Model) -> None:
    made = change(describer, [1.0, 0.0])
    shown = edits.format_change(ChosenPicture(X, HOSTILE), made)
    assert "<img src=x" not in shown
    assert shown.count("data:image/png;base64,") == 2


def test_a_photograph_is_changed_whole_and_where_the_frame_lies(
    describer: Model, tmp_path: Path
) -> None:
    file = tmp_path / "me.png"
    pixels = torch.rand(3, 300, 600, generator=torch.Generator().manual_seed(0))
    write_picture(pixels, file)
    chosen = uploads.read_upload(file, replace(describer.space, frame=Frame(size=8)))
    assert chosen.view is not None
    assert chosen.view.image.size == (480, 240)
    assert chosen.view.box == pytest.approx((120, 0, 360, 240))
    still = change(describer, [0.0, 0.0], chosen).picture
    moved = change(describer, [8.0, 0.0], chosen).picture
    original, same, other = (np.asarray(i) for i in (chosen.view.image, still, moved))
    np.testing.assert_array_equal(same, original)
    assert (other[:, 130:350] != original[:, 130:350]).any()
    np.testing.assert_array_equal(other[:, :119], original[:, :119])
    np.testing.assert_array_equal(other[:, 361:], original[:, 361:])
    shown = edits.format_change(chosen, change(describer, [8.0, 0.0], chosen))
    assert shown.count("data:image/jpeg;base64,") == 2


@pytest.mark.parametrize("budget", ["cpu", "paper"])
def test_an_edit_at_64_pixels_takes_less_than_a_fifth_of_a_second_of_one_core(
    budget: Budget,
) -> None:
    space = Preprocessor(
        kind="images", shape=(3, 64, 64), flat=False, attributes=("Smiling", "Hat")
    )
    images = {"channels": 3, "size": 64, "widths": list(PHOTO_WIDTHS[budget, 64]), "z": 64}
    model = make_model("introvac", {"images": images, "attributes": 2}, space, {})
    chosen = ChosenPicture(torch.rand(1, 3, 64, 64), "me.png")
    picture, seconds = edits.prepare_changes(model, chosen), []
    for step in range(5):
        start = process_time()
        edits.format_change(chosen, edits.change_picture(model, picture, [0.1 * step, 1.0]))
        seconds.append(process_time() - start)
    assert median(seconds) < 0.2
