"""Features of a person's pictures: folders and arrays agree, and are computed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from backbones import install_random_weights
from PIL import Image

from auxgen.data.dataset import Dataset
from auxgen.errors import InputError
from auxgen.features import extractors
from auxgen.features.pictures import compute_picture_features

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_random_weights(tmp_path / "site", monkeypatch)
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))


def test_a_folder_and_arrays_have_the_same_features(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(3, 24, 24, 3), dtype=np.uint8)
    (tmp_path / "photos").mkdir()
    for i, picture in enumerate(pixels):
        Image.fromarray(picture).save(tmp_path / "photos" / f"{i}.png")
    found = compute_picture_features(tmp_path / "photos", size=24)
    assert found.shape == (3, 1280)
    assert found.dtype == np.float32
    for rows in (pixels, pixels / 255, pixels.transpose(0, 3, 1, 2)):
        np.testing.assert_array_equal(compute_picture_features(rows, size=24), found)
    alone = np.concatenate([compute_picture_features(p[None], size=24) for p in pixels])
    np.testing.assert_allclose(alone, found, rtol=1e-4, atol=1e-5)


def test_features_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(2, 8, 8), dtype=np.uint8)
    first = compute_picture_features(pixels, size=32)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(extractors, "extract_features", refuse)
    np.testing.assert_array_equal(compute_picture_features(pixels, size=32), first)


def test_rows_that_are_no_pictures() -> None:
    table = Dataset(torch.rand(3, 4), torch.zeros(3).long(), (), "t", "", columns=tuple("abcd"))
    with pytest.raises(InputError, match="takes pictures"):
        compute_picture_features(table)
    with pytest.raises(InputError, match="did you mean"):
        compute_picture_features(np.zeros((2, 8, 8)), "efficientnet-lite1")
