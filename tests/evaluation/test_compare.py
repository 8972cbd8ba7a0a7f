"""Two sets of pictures beside each other: from folders, files and names, in one sentence if not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluation.pictures import pictures, quadrants
from PIL import Image

from auxgen.errors import InputError
from auxgen.evaluation import compare as comparing
from auxgen.evaluation.compare import compare_image_sets


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(comparing, "load_extractor", quadrants)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty pictures as files."""
    place = tmp_path / "samples"
    place.mkdir()
    for i, x in enumerate(pictures(20, seed=1).x):
        Image.fromarray(x[0].numpy()).save(place / f"{i}.png")
    return place


def test_a_folder_and_an_array_of_the_same_pictures_are_as_far_from_the_real_ones(
    folder: Path, tmp_path: Path
):
    files = sorted(folder.iterdir())
    np.save(tmp_path / "x.npy", np.stack([np.asarray(Image.open(f)) for f in files])[:, None])
    metrics = ["fd:quadrants", "recall:quadrants"]
    one, two = (compare_image_sets(pictures(30), x, metrics) for x in (folder, tmp_path / "x.npy"))
    for name in ("FD(quadrants)", "recall(quadrants)"):
        assert one["scores"][name]["value"] == two["scores"][name]["value"]
    assert one["scores"]["FD(quadrants)"]["n"] == 20
    assert one["scores"]["FD(quadrants)"]["value"] > 0


def test_a_set_beside_itself_is_at_no_distance(folder: Path):
    found = compare_image_sets(folder, folder, ["fd:quadrants", "precision:quadrants"], rows=10)[
        "scores"
    ]
    assert found["FD(quadrants)"]["value"] == pytest.approx(0, abs=1e-10)
    assert found["precision(quadrants)"]["value"] == 1
    assert found["precision(quadrants)"]["n"] == 10


def test_class_scores_do_not_depend_on_the_order_of_files() -> None:
    """Of class folders each group would be of one class, with a score of 1."""
    mixed = pictures(200)
    in_order = mixed[mixed.y.argsort(stable=True)]
    scores = [
        compare_image_sets(mixed, each, ["cs:quadrants"])["scores"]["CS(quadrants)"]
        for each in (mixed, in_order)
    ]
    for score in scores:
        assert score["value"] == pytest.approx(1.9, abs=0.1)
        assert "10 groups of 20, drawn with seed 0;" in score["protocol"]


def test_named_sets_have_splits():
    found = compare_image_sets("digits", "digits/train", ["fd:quadrants"], rows=40)
    assert (found["real"], found["fake"]) == ("digits/test", "digits/train")


@pytest.mark.parametrize(
    ("fake", "metric", "message"),
    [
        ("nowhere", "fd:quadrants", "no image set or folder 'nowhere'"),
        ("x.npy", "fd:quadrants", "There is no file"),
        ("digits", "psnr", "no measure of two sets 'psnr'"),
        ("digits", "fd", "needs an extractor"),
    ],
)
def test_what_cannot_be_compared_is_refused(fake: str, metric: str, message: str):
    with pytest.raises(InputError, match=message):
        compare_image_sets("digits", fake, [metric])


def test_an_array_of_another_kind_is_refused(tmp_path: Path):
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(InputError, match="expected a whole"):
        compare_image_sets("digits", tmp_path / "broken.npy", ["fd:quadrants"])
    np.save(tmp_path / "colour.npy", np.zeros((9, 3, 4, 4), np.uint8))
    with pytest.raises(InputError, match="channels"):
        compare_image_sets("digits", tmp_path / "colour.npy", ["fd:quadrants"])
