"""Edits of photographs by a model that can be checked by hand: its code is every pixel."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from inference.test_editing import Plain
from PIL import Image
from torch import Tensor

from auxgen.cli.edits import write_edits
from auxgen.data.dataset import Preprocessor
from auxgen.data.frame import Frame
from auxgen.data.inputs import InputRows, read_rows
from auxgen.data.user import load_image_folder
from auxgen.errors import InputError
from auxgen.functional.differences import DifferenceFilter
from auxgen.inference.editing import EditedRows
from auxgen.model import Model

SIDE = 8
SPACE = Preprocessor(
    kind="images",
    shape=(3, SIDE, SIDE),
    attributes=("Round", "Red"),
    frame=Frame(size=SIDE, crop=20),
)
WEIGHTS = torch.randn(2, 3 * SIDE**2, generator=torch.Generator().manual_seed(1))


class Pixels(Plain):
    """The code is 4 x - 2; its attributes are two linear maps of all pixels."""

    def attribute_weights(self) -> Tensor:
        return WEIGHTS


MODEL = Model(Pixels(), SPACE, "pixels", {})


def make_rows(n: int = 4) -> Tensor:
    return torch.rand(n, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def put_photographs(folder: Path, sizes: dict[str, tuple[int, int]]) -> Path:
    folder.mkdir()
    for seed, (name, (width, height)) in enumerate(sizes.items()):
        pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


SIZES = {"a.png": (40, 31), "b.png": (20, 20), "c.png": (25, 90), "d.png": (33, 21)}


def edit(path: Path, out: Path, space: Preprocessor = SPACE, **options: object) -> EditedRows:
    model = replace(MODEL, space=space)
    rows = read_rows([path] if isinstance(path, Path) else path, space)
    edits = model.edit(rows.x, {"Round": 2.0}, **options)  # pyright: ignore[reportArgumentType]
    write_edits(out, rows, edits, space.frame)
    return edits


def read(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image).astype(int)


def test_a_picture_gets_the_difference_of_what_is_decoded() -> None:
    raw, red = make_rows(), MODEL.direction("Red").vector
    for strength in (1.0, 0.3):
        edits = MODEL.edit(raw, {"Red": 3.0}, strength=strength)
        change = (3 * red / 4).view(1, 3, SIDE, SIDE)
        added = DifferenceFilter(strength=strength)(change).expand(4, -1, -1, -1)
        assert edits.added is not None
        torch.testing.assert_close(edits.added, added, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(edits.edited, (raw + edits.added).clamp(0, 1))
        for rows, found in ((raw, edits.before), (edits.edited, edits.after)):
            logit = (4 * rows.flatten(1) - 2) @ WEIGHTS[1]
            torch.testing.assert_close(found[:, 0], logit.sigmoid(), atol=1e-4, rtol=1e-4)


def test_strength_nothing_gives_rows_back_to_the_last_bit() -> None:
    raw = make_rows() * 1.4 - 0.2  # as pixels of a model's samples are
    edits = MODEL.edit(raw, {"Round": 3.0}, strength=0)
    assert torch.equal(edits.edited, raw)
    assert torch.equal(edits.before, edits.after)


def test_a_photograph_is_edited_until_the_model_is_sure_of_it() -> None:
    raw = make_rows(30)
    edits = MODEL.edit(raw, {"Round": 9.0}, target_probability=0.95)
    assert edits.reached is not None
    assert edits.added is not None
    moved = edits.distance_share > 0
    assert moved.any()
    assert not moved.all()
    assert torch.equal(edits.after[:, 0] >= 0.95, edits.reached)
    assert torch.equal(edits.edited[~moved], raw[~moved])
    assert (edits.added[~moved] == 0).all()
    torch.testing.assert_close(edits.edited, (raw + edits.added).clamp(0, 1))


def test_rows_that_are_no_pictures_and_reconstructions_are_decoded() -> None:
    raw = make_rows()
    edits = MODEL.edit(raw, {"Red": 3.0}, reconstruction=True)
    assert edits.added is None
    moved = MODEL.direction("Red").move(MODEL.encode(raw), 3.0)
    torch.testing.assert_close(edits.edited, MODEL.decode(moved))
    points = Model(Pixels(), Preprocessor("points", (3 * SIDE**2,)), "points", {})
    found = points.edit(raw.flatten(1), {"1": 3.0})
    assert found.added is None
    torch.testing.assert_close(found.edited, edits.edited.flatten(1))
    for model, whole in ((MODEL, True), (points, False)):
        with pytest.raises(InputError, match="strength multiplies the difference"):
            model.edit(raw.flatten(1), {"Red": 3.0}, strength=2, reconstruction=whole)


def test_photographs_keep_their_size_and_all_outside_the_frame(tmp_path: Path) -> None:
    photographs = put_photographs(tmp_path / "photos", SIZES)
    edit(photographs, tmp_path / "out")
    edit(photographs, tmp_path / "none", strength=0)
    for name, (width, height) in SIZES.items():
        before, after = read(photographs / name), read(tmp_path / "out" / name)
        assert after.shape == before.shape == (height, width, 3)
        np.testing.assert_array_equal(read(tmp_path / "none" / name), before)
        left, top = (width - 20) // 2, (height - 20) // 2
        inside = np.zeros((height, width), bool)
        inside[top : top + 20, left : left + 20] = True
        changed = (before != after).any(2)
        assert not changed[~inside].any()
        assert changed[inside].mean() > 0.5


def test_other_photographs_and_their_order_change_nothing(tmp_path: Path) -> None:
    photographs = put_photographs(tmp_path / "photos", SIZES)
    edit(photographs, tmp_path / "out", target_probability=0.9)
    files = sorted(photographs.iterdir(), reverse=True)
    rows = read_rows(files, SPACE)
    edits = MODEL.edit(rows.x, {"Round": 2.0}, target_probability=0.9)
    write_edits(tmp_path / "turned", rows, edits, SPACE.frame)
    for file in files:
        edit(file, tmp_path / "alone", target_probability=0.9)
        for other in ("turned", "alone"):
            found, expected = (read(tmp_path / name / file.name) for name in (other, "out"))
            assert np.abs(found - expected).max() <= 1  # of 255


def test_the_folder_holds_photographs_alone_and_can_be_compared(tmp_path: Path) -> None:
    sizes = {f"{i}.png": (40, 31) for i in range(4)}
    photographs = put_photographs(tmp_path / "photos", sizes)
    edit(photographs, tmp_path / "out")
    assert {f.name for f in (tmp_path / "out").iterdir()} == {*sizes, "edits.csv"}
    assert load_image_folder(tmp_path / "out").x.shape == (4, 3, 31, 40)  # as compare reads it
    with Image.open(tmp_path / "out-triplets.png") as page:
        assert page.width > page.height
    with (tmp_path / "out" / "edits.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["file"] for line in lines] == list(sizes)


def test_a_photograph_is_not_written_over(tmp_path: Path) -> None:
    photographs = put_photographs(tmp_path / "photos", SIZES)
    before = {file.name: file.read_bytes() for file in photographs.iterdir()}
    for reconstruction in (False, True):
        with pytest.raises(InputError, match=r"a.png would be written over the original itself"):
            edit(photographs, photographs, reconstruction=reconstruction)
    assert {file.name: file.read_bytes() for file in photographs.iterdir()} == before
    pages = put_photographs(tmp_path / "pages", {"out-triplets.png": (40, 31)})
    with pytest.raises(InputError, match=r"out-triplets.png would be written over"):
        edit(pages, pages / "out")


def test_a_model_of_unknown_frame_says_so_once(tmp_path: Path) -> None:
    photographs = put_photographs(tmp_path / "photos", SIZES)
    space = replace(SPACE, frame=None)
    rows = read_rows(sorted(photographs.iterdir()), space, resize=True)
    assert sum("does not say how its pictures were cropped" in note for note in rows.notes) == 1
    edits = replace(MODEL, space=space).edit(rows.x, {"Round": 2.0})
    write_edits(tmp_path / "out", rows, edits)
    after = read(tmp_path / "out" / "a.png")
    before = read(photographs / "a.png")
    assert after.shape == before.shape
    changed = (after != before).any(2)
    assert not changed[:, :4].any()  # the centre's 31 x 31 pixels of 40 x 31
    assert not changed[:, 36:].any()
    assert changed[:, 12:28].mean() > 0.5


def test_rows_of_arrays_are_written_at_the_model_s_size(tmp_path: Path) -> None:
    photographs = put_photographs(tmp_path / "photos", SIZES)
    np.save(tmp_path / "x.npy", make_rows(2).numpy())
    rows = read_rows([tmp_path / "x.npy", photographs], SPACE)
    edits = MODEL.edit(rows.x, {"Round": 2.0})
    write_edits(tmp_path / "out", rows, edits, SPACE.frame)
    expected = edits.edited[1].mul(255).round().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(read(tmp_path / "out" / "x-1.png"), expected)
    assert read(tmp_path / "out" / "a.png").shape == (31, 40, 3)
    alone = InputRows(rows.x[:2], rows.names[:2])
    write_edits(tmp_path / "rows", alone, MODEL.edit(alone.x, {"Round": 2.0}))
    assert (tmp_path / "rows-triplets.png").exists()


def test_kinds_that_png_does_not_hold_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a", "b"):
        Image.new("CMYK", (30, 30), (10, 200, 30, 40)).save(folder / f"{name}.tiff")
    Image.fromarray(np.full((30, 30), 0.4, np.float32)).save(folder / "c.tiff")
    rows = read_rows([folder], SPACE)
    written = write_edits(tmp_path / "out", rows, MODEL.edit(rows.x, {"Round": 2.0}), SPACE.frame)
    assert written.notes == (
        "2 pictures (the first: a.tiff) are neither grey nor RGB, and written as RGB.",
        "c.tiff is of fractions, and written as whole numbers of 16 bits.",
    )
    assert read(tmp_path / "out" / "c.png").max() > 255
