"""A picture that somebody sends."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from auxgen.data.frame import Frame
from auxgen.errors import InputError
from auxgen.explorer import uploads
from auxgen.model import Model


def save_noise(file: Path, size: tuple[int, int], mode: str = "RGB") -> Path:
    channels = () if mode == "L" else (3,)
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], *channels), dtype=np.uint8)
    Image.fromarray(pixels).save(file)
    return file


@pytest.mark.parametrize("size", [(8, 8), (300, 200), (5, 40)])
@pytest.mark.parametrize("frame", [None, Frame(size=8), Frame(crop=20, size=8)])
def test_a_picture_of_any_size_becomes_a_row(
    describer: Model, tmp_path: Path, size: tuple[int, int], frame: Frame | None
) -> None:
    space = replace(describer.space, frame=frame)
    chosen = uploads.read_upload(save_noise(tmp_path / "me.png", size), space)
    assert chosen.x.shape == (1, 1, 8, 8)
    assert chosen.name == "me.png"
    assert ((chosen.x >= 0) & (chosen.x <= 1)).all()


def test_too_many_pixels_are_refused_before_they_are_decoded(
    describer: Model, tmp_path: Path
) -> None:
    file = tmp_path / "bomb.png"
    Image.new("1", (10_000, 5_001)).save(file)  # a few kilobytes
    with pytest.raises(InputError, match=r"bomb.png has 10,000 x 5,001 pixels; 50 million"):
        uploads.read_upload(file, describer.space)
    Image.new("1", (20_000, 20_000)).save(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns, too
        with pytest.raises(InputError, match=r"bomb\.png"):
            uploads.read_upload(file, describer.space)


def test_what_is_no_picture_is_said(describer: Model, tmp_path: Path) -> None:
    file = tmp_path / "me.png"
    file.write_text("no picture")
    with pytest.raises(InputError, match=r"me\.png is not an image"):
        uploads.read_upload(file, describer.space)
    whole = save_noise(tmp_path / "whole.png", (90, 90)).read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"me\.png cannot be decoded"):
        uploads.read_upload(file, describer.space)


def test_a_model_without_pictures_takes_none(points_model: Model, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is an image, but the model takes rows of 6 values"):
        uploads.read_upload(save_noise(tmp_path / "me.png", (8, 8)), points_model.space)
    assert torch.Size(points_model.space.shape).numel() == 6
