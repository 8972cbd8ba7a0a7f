"""What is written can be read, and what is read fits the model."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from auxgen.cli.tables import write_codes, write_predictions, write_rows
from auxgen.data.dataset import Preprocessor
from auxgen.data.inputs import read_rows
from auxgen.data.tables import make_old_schema
from auxgen.errors import InputError
from auxgen.inference.prediction import Predictions
from auxgen.plotting.grids import draw_image_grid, write_grid
from auxgen.plotting.panels import write_scatter

GREY = Preprocessor(kind="images", shape=(1, 4, 6))
COLOUR = Preprocessor(kind="images", shape=(3, 4, 6))
POINTS = Preprocessor(kind="points", shape=(2,))
TABLE = Preprocessor(kind="table", shape=(2,), columns=("age", "height"))


def saved(
    path: Path, size: tuple[int, int] = (6, 4), mode: str = "RGB", colour=(255, 0, 0)
) -> Path:
    Image.new(mode, size, colour).save(path)
    return path


def lines(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_images_take_the_channels_that_the_model_wants(tmp_path):
    red = saved(tmp_path / "red.png")
    assert read_rows([red], COLOUR).x[0, :, 0, 0].tolist() == [1.0, 0.0, 0.0]
    assert read_rows([red], GREY).x.shape == (1, 1, 4, 6)
    assert read_rows([red], GREY).x[0, 0, 0, 0].item() == pytest.approx(0.299, abs=0.002)


def test_a_folder_gives_its_images_by_name_with_those_of_its_folders(tmp_path):
    (tmp_path / "more").mkdir()
    for name in ("b.png", "a.png", "more/c.png"):
        saved(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    assert read_rows([tmp_path], COLOUR).names == ("a.png", "b.png", "more/c.png")


def test_an_image_of_another_size_is_refused_unless_resizing_is_asked_for(tmp_path):
    path = saved(tmp_path / "big.png", (12, 8))
    with pytest.raises(InputError, match=r"'big.png' is 12 x 8 pixels, .* takes 6 x 4; --resize"):
        read_rows([path], COLOUR)
    assert read_rows([path], COLOUR, resize=True).x.shape == (1, 3, 4, 6)


def test_sixteen_bit_images_keep_their_greys(tmp_path):
    Image.fromarray(np.full((4, 6), 32768, np.uint16)).save(tmp_path / "deep.png")
    assert read_rows([tmp_path / "deep.png"], GREY).x.mean().item() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("shape", [(5, 1, 4, 6), (5, 4, 6), (5, 4, 6, 1), (5, 24)])
def test_arrays_of_every_usual_layout_become_rows(tmp_path, shape):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.save(tmp_path / "x.npy", array)
    rows = read_rows([tmp_path / "x.npy"], GREY).x
    np.testing.assert_allclose(rows.numpy().ravel(), array.ravel() / 255, rtol=1e-6)


def test_channels_last_arrays_are_turned(tmp_path):
    array = np.random.default_rng(0).random((5, 4, 6, 3), dtype=np.float32)
    np.save(tmp_path / "x.npy", array)
    np.testing.assert_array_equal(
        read_rows([tmp_path / "x.npy"], COLOUR).x.numpy(), array.transpose(0, 3, 1, 2)
    )


def test_columns_of_a_table_are_found_by_name(tmp_path):
    (tmp_path / "t.csv").write_text("name,height,age\nann,1.7,30\nbob,1.8,40\n")
    rows = read_rows([tmp_path / "t.csv"], TABLE)
    torch.testing.assert_close(rows.x, torch.tensor([[30.0, 1.7], [40.0, 1.8]]).double())
    assert rows.names == ("t.csv:1", "t.csv:2")


@pytest.mark.parametrize("content", ["1,2\n3,4\n", "x0,x1\n1,2\n3,4\n"])
def test_points_are_read_with_and_without_a_header(tmp_path, content):
    (tmp_path / "p.csv").write_text(content)
    assert read_rows([tmp_path / "p.csv"], POINTS).x.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("name", "content", "space", "message"),
    [
        ("a.csv", "1,2,3\n", POINTS, "line 1 has 3 values, but the model takes rows of 2 values"),
        ("a.csv", "x,y\n1,oak\n", POINTS, "line 2 has 'oak'"),
        ("a.csv", "1,nan\n", POINTS, "not finite"),
        ("a.csv", "age\n3\n", TABLE, "has no column 'height'"),
        ("a.csv", "x,y\n", POINTS, "no rows"),
        ("a.txt", "1,2\n", POINTS, "cannot be read"),
        ("a.png", "not a png", GREY, "a.png is not an image; a PNG, JPEG or WebP file"),
        ("a.npy", "not an array", GREY, "expected a whole .npy array"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_a_sentence(tmp_path, name, content, space, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read_rows([tmp_path / name], space)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_an_array_of_another_shape_or_range_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((5, 7)))
    with pytest.raises(InputError, match="images of 6 x 4 pixels and 1 channel"):
        read_rows([tmp_path / "x.npy"], GREY)
    np.save(tmp_path / "x.npy", np.full((5, 24), 200.0))
    with pytest.raises(InputError, match="pixels from 200 to 200"):
        read_rows([tmp_path / "x.npy"], GREY)


def test_an_array_of_objects_is_never_unpickled(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"expected a whole \.npy array of numbers"):
        read_rows([tmp_path / "x.npy"], POINTS)


def test_a_missing_file_is_called_missing(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        read_rows([tmp_path / "none.png"], GREY)


def test_a_grid_clips_values_and_enlarges_small_images_by_a_whole_factor():
    images = torch.stack([torch.full((1, 8, 8), v) for v in (-1.0, 0.5, 2.0)])
    page = np.asarray(draw_image_grid(images, columns=3, padding=2))
    assert page.shape == (56 + 4, 3 * 58 + 2, 3)
    assert [int(page[30, 2 + 58 * i + 20, 0]) for i in range(3)] == [0, 128, 255]


def test_a_grid_is_written_as_a_png_row_after_row(tmp_path):
    path = write_grid(torch.rand(5, 3, 64, 64), tmp_path / "new" / "grid.png", columns=2)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (2 * 66 + 2, 3 * 66 + 2))


def test_rows_that_are_no_images_are_refused_as_a_picture():
    with pytest.raises(InputError, match="A picture cannot be made"):
        draw_image_grid(torch.zeros(3, 2))


def test_a_cloud_of_points_with_some_labels_becomes_a_picture(tmp_path):
    labels = torch.tensor([0, 1, -1])
    path = write_scatter(torch.rand(3, 2), tmp_path / "p.png", labels=labels, classes=("a", "b"))
    with Image.open(path) as image:
        assert image.format == "PNG"


def test_codes_are_written_as_csv_and_as_npz(tmp_path):
    codes = torch.tensor([[1.0, 2.0], [3.0, 4.5]])
    given = partial(write_codes, codes, names=["a", "b"], labels=["cat", "dog"])
    assert lines(given(tmp_path / "z.csv")) == [
        ["name", "label", "z0", "z1"],
        ["a", "cat", "1", "2"],
        ["b", "dog", "3", "4.5"],
    ]
    with np.load(given(tmp_path / "z.npz")) as arrays:
        np.testing.assert_array_equal(arrays["codes"], codes)
        assert arrays["labels"].tolist() == ["cat", "dog"]
    with pytest.raises(InputError, match=r"expected \.npz, \.csv"):
        given(tmp_path / "z.xls")


def test_predictions_are_written_with_every_probability(tmp_path):
    found = Predictions(torch.tensor([[0.25, 0.75]]), ("cat", "dog, wild"))
    assert lines(write_predictions(found, tmp_path / "p.csv", ["a.png"])) == [
        ["name", "class", "probability", "p(cat)", "p(dog, wild)"],
        ["a.png", "dog, wild", "0.75", "0.25", "0.75"],
    ]


def test_rows_are_written_under_their_columns(tmp_path):
    path = write_rows(
        torch.tensor([[30.0, 1.75]]), tmp_path / "r.csv", make_old_schema(("age", "height"))
    )
    assert lines(path) == [["age", "height"], ["30", "1.75"]]


def test_two_files_of_one_name_and_one_file_twice_get_names_of_their_own(tmp_path):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        saved(tmp_path / place / "x.png")
        np.save(tmp_path / place / "x.npy", np.zeros((2, 24)))
    a, b = tmp_path / "a", tmp_path / "b"
    pictures = read_rows([a / "x.png", b / "x.png", a / "x.png"], GREY).names
    assert pictures == (f"{a}/x.png", f"{b}/x.png", f"{a}/x.png (2)")
    arrays = read_rows([a / "x.npy", b / "x.npy"], GREY).names
    assert arrays == (f"{a}/x.npy:0", f"{a}/x.npy:1", f"{b}/x.npy:0", f"{b}/x.npy:1")
    assert read_rows([a, b], GREY).names == (f"{a}/x.png", f"{b}/x.png")
