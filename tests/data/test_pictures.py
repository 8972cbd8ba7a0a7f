"""What is trained on is what is predicted on: every kind of picture file, read by both doors."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from data.picture_files import MODES, make_picture, make_png, save
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from auxgen.data import user
from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.data.frame import AlphaRule, Frame
from auxgen.data.inputs import InputRows, read_rows
from auxgen.errors import InputError
from auxgen.experiments.common import image_preprocessor

LOSSLESS = ("png", "tiff", "webp", "bmp", "gif", "ppm")
FORMATS = (*LOSSLESS, "jpg", *(["avif"] if features.check("avif") else []))
SIZES = ((6, 6), (7, 4), (4, 9), (1, 1), (13, 2))
ORIENTATIONS = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: lambda x: np.rot90(x, 1),
}
"""What is upright of (h, w, ...) stored pixels, by the EXIF standard's numbers."""


def read_both(folder: Path, size: int | None) -> tuple[Dataset, InputRows]:
    """The folder as training reads it, and as a model of it does."""
    dataset = user.load_image_folder(folder, size=size)
    known = image_preprocessor(dataset).to_json()
    return dataset, read_rows([folder], Preprocessor.from_json(known))


@pytest.mark.parametrize("size", [None, 1, 5, 16])
@pytest.mark.parametrize("kind", MODES)
def test_a_model_reads_the_pictures_of_training_to_the_same_bits(
    tmp_path: Path, kind: str, size: int | None
) -> None:
    written = 0
    for number, (suffix, shape) in enumerate(product(FORMATS, SIZES)):
        (tmp_path / str(number)).mkdir()
        if save(tmp_path / str(number) / f"a.{suffix}", kind, shape):
            trained, rows = read_both(tmp_path / str(number), size)
            assert torch.equal(rows.x, trained.raw_rows())
            written += 1
    assert written >= len(SIZES)  # each kind has a format


@pytest.mark.parametrize("size", [None, 3])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("suffix", [f for f in FORMATS if f not in ("bmp", "gif", "ppm")])
def test_pictures_are_upright_in_every_format(
    tmp_path: Path, suffix: str, mode: str, size: int | None
) -> None:
    rows_, columns = np.mgrid[:4, :7]
    stored = np.stack((60 * rows_, 40 * columns, 20 * rows_ + 20 * columns), -1).astype(np.uint8)
    for orientation, turn in ORIENTATIONS.items():
        folder, exif = tmp_path / str(orientation), Image.Exif()
        folder.mkdir()
        exif[0x0112] = orientation
        Image.fromarray(stored if mode == "RGB" else stored[..., 0]).save(
            folder / f"a.{suffix}", exif=exif, quality=100, subsampling="4:4:4", lossless=True
        )
        trained, rows = read_both(folder, size)
        assert torch.equal(rows.x, trained.raw_rows())
        if size is None:
            upright = torch.from_numpy(turn(stored).transpose(2, 0, 1).astype(np.float32))
            error = (trained.x[0].float() - upright[: 3 if mode == "RGB" else 1]).abs().max()
            assert error <= (0 if suffix in LOSSLESS else 12)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_there_is_not_turns_nothing(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (7, 4)).save(tmp_path / "a.jpg", exif=exif)
    trained, rows = read_both(tmp_path, None)
    assert trained.x.shape == (1, 3, 4, 7)
    assert torch.equal(rows.x, trained.raw_rows())


def test_a_folder_of_all_kinds_is_read_as_one(tmp_path: Path) -> None:
    for kind, suffix in product(MODES, FORMATS):
        save(tmp_path / f"{list(MODES).index(kind)}-{suffix}.{suffix}", kind, (9, 6))
    trained, rows = read_both(tmp_path, 4)
    assert trained.x.shape[1:] == (3, 4, 4)
    assert torch.equal(rows.x, trained.raw_rows())
    one = [read_rows([tmp_path / name], image_preprocessor(trained)).x for name in rows.names]
    assert torch.equal(torch.cat(one), trained.raw_rows())  # a picture's row is its own


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white(tmp_path: Path, mode: str) -> None:
    picture = make_picture(mode, (6, 5))
    picture.save(tmp_path / "a.png")
    trained, rows = read_both(tmp_path, None)
    values = np.asarray(picture).astype(float)
    alpha = values[..., -1:] / 255
    expected = (values[..., :-1] * alpha + 255 * (1 - alpha)).transpose(2, 0, 1)
    assert np.abs(trained.x[0].numpy() - expected).max() < 1
    assert (
        trained.notes == rows.notes == ("a.png is transparent; what is transparent becomes white.",)
    )


def test_a_model_that_dropped_transparency_still_does(tmp_path: Path) -> None:
    picture = make_picture("RGBA", (6, 5))
    picture.save(tmp_path / "a.png")
    for frame in (Frame(alpha="drop"), None):
        rows = read_rows([tmp_path], Preprocessor("images", (3, 5, 6), frame=frame))
        beneath = torch.from_numpy(np.asarray(picture)[..., :3].copy()).permute(2, 0, 1)
        assert torch.equal(rows.x[0], beneath / 255.0)


@pytest.mark.parametrize(
    ("dtype", "values", "white"),
    [
        (np.uint16, (0, 40_000), 65535),
        (np.uint16, (0, 4001), 4095),
        (np.uint16, (0, 1001), 1023),
        (np.uint16, (0, 201), 255),
        (np.int32, (0, 60_001), 65535),
        (np.int32, (0, 4001), 4095),
        (np.float32, (0, 0.8), 1),
        (np.float32, (0, 200.5), 255),
        (np.float32, (0, 3.0), 255),
    ],
)
def test_one_value_is_white_in_all_deep_pictures_of_a_folder(
    tmp_path: Path, dtype: type, values: tuple[float, float], white: float
) -> None:
    bright = np.array([values] * 3, dtype)
    for name, pixels in (("a", bright), ("b", bright // 2)):
        Image.fromarray(pixels.astype(dtype)).save(tmp_path / f"{name}.tif")
    trained, rows = read_both(tmp_path, None)
    assert torch.equal(rows.x, trained.raw_rows())
    expected = round(values[1] / white * 255)
    assert trained.x[0].max() == expected
    assert trained.x[1].max().item() == pytest.approx(expected / 2, abs=128 / white + 1)
    assert any(f"{white} is taken as white" in note for note in trained.notes)
    assert rows.notes == ()  # the artefact knows


@pytest.mark.parametrize("step", [16, 257])
def test_dark_pictures_of_16_bits_that_were_made_from_fewer_stay_dark(
    tmp_path: Path, step: int
) -> None:
    Image.fromarray(np.arange(0, 4000, step, dtype=np.uint16)[None]).save(tmp_path / "a.png")
    trained, rows = read_both(tmp_path, None)
    assert torch.equal(rows.x, trained.raw_rows())
    assert trained.x.max() == round(3999 // step * step / 257)


@pytest.mark.parametrize(
    "pixels",
    [
        np.array([[0, 100_000]], np.int32),
        np.array([[-5, 7]], np.int32),
        np.array([[0.2, 5.5]], np.float32),
        np.array([[0.0, np.nan]], np.float32),
        np.array([[0.0, np.inf]], np.float32),
        np.array([[-3.0, 1.0]], np.float32),
        np.array([[1e6, 2e6]], np.float32),
    ],
)
def test_a_picture_whose_white_is_not_known_is_refused_at_both_doors(
    tmp_path: Path, pixels: np.ndarray
) -> None:
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    for read in (
        lambda: user.load_image_folder(tmp_path),
        lambda: read_rows([tmp_path], Preprocessor("images", (1, 1, 2), frame=Frame())),
    ):
        with pytest.raises(InputError, match=r"^a\.tif has pixels (up to|from) .*expected\.$"):
            read()


def test_a_brighter_picture_than_the_white_of_training_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    Image.fromarray(np.array([[0, 4001]], np.uint16)).save(tmp_path / "train" / "a.png")
    Image.fromarray(np.array([[0, 5000]], np.uint16)).save(tmp_path / "b.png")
    space = image_preprocessor(user.load_image_folder(tmp_path / "train"))
    with pytest.raises(InputError, match=r"up to 5000, but in the pictures .* 4095 is white"):
        read_rows([tmp_path / "b.png"], space)


def test_splits_have_the_channels_and_the_white_of_all_together(tmp_path: Path) -> None:
    for split, kind in (("train", "L"), ("test", "RGB")):
        (tmp_path / split).mkdir()
        save(tmp_path / split / "a.png", kind, (4, 4))
    Image.fromarray(np.full((4, 4), 1001, np.uint16)).save(tmp_path / "train" / "b.png")
    Image.fromarray(np.full((4, 4), 4001, np.uint16)).save(tmp_path / "test" / "b.png")
    train, test = (user.load_image_folder(tmp_path, split=s) for s in ("train", "test"))
    assert train.x.shape == test.x.shape == (2, 3, 4, 4)
    assert train.frame == test.frame == Frame(integer_white=4095)
    assert train.x[1].max() == round(1001 / 4095 * 255)


def test_an_already_cropped_picture_is_taken_as_it_is_and_told(tmp_path: Path) -> None:
    space = Preprocessor("images", (1, 4, 4), frame=Frame(size=4, crop=6))
    save(tmp_path / "small.png", "L", (4, 4))
    save(tmp_path / "large.png", "L", (9, 9))
    rows = read_rows([tmp_path], space)
    expected = np.asarray(make_picture("L", (9, 9)).crop((1, 1, 7, 7)).resize((4, 4), 1)) / 255
    assert np.allclose(rows.x[0, 0], expected)
    assert torch.equal(rows.x[1, 0], torch.from_numpy(np.array(make_picture("L", (4, 4)))) / 255.0)
    assert rows.notes == (
        "small.png is taken as it is, since it has the size that pictures had after training's "
        "crop.",
    )
    save(tmp_path / "medium.png", "L", (5, 5))
    with pytest.raises(InputError, match=r"5 x 5 pixels, .* takes 4 x 4, at least 6 .* --resize"):
        read_rows([tmp_path / "medium.png"], space)
    assert read_rows([tmp_path / "medium.png"], space, resize=True).x.shape == (1, 1, 4, 4)


def test_a_model_of_an_unknown_frame_says_so_once(tmp_path: Path) -> None:
    for name in "ab":
        save(tmp_path / f"{name}.png", "L", (4, 4))
    notes = read_rows([tmp_path], Preprocessor("images", (1, 4, 4))).notes
    assert len(notes) == 1
    assert "does not say how its pictures were cropped" in notes[0]


def test_colour_and_animation_are_told(tmp_path: Path) -> None:
    frames = [make_picture("RGB", (4, 4), seed) for seed in (1, 2)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    notes = read_rows([tmp_path], Preprocessor("images", (1, 4, 4), frame=Frame())).notes
    assert notes == (
        "a.gif is of several pictures each, of which the first is taken.",
        "a.gif is coloured, and turned grey as the model is.",
    )


def test_pictures_that_are_black_to_the_eye_are_told(tmp_path: Path) -> None:
    """As masks of 0 and 1, and 12 bits in each of three channels of 16, are."""
    Image.fromarray(np.eye(4, dtype=np.uint8)).save(tmp_path / "mask.png")
    (note,) = user.load_image_folder(tmp_path).notes
    assert note.endswith("are nearly black: no pixel is above 1 of 255.")
    (tmp_path / "mask.png").write_bytes(make_png(3, 2, 16, 2, b"\x0f\xa0" * 9))
    found = user.load_image_folder(tmp_path)
    assert found.x.max() == 15
    assert found.notes[0] == (
        "mask.png is of 16 bits in each of several channels, of which the upper 8 are kept."
    )
    assert "no pixel is above 15 of 255" in found.notes[1]


BAD_FILES = {
    "empty.png": b"",
    "text.jpg": b"no picture",
    "head.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 30,
    "head.tif": b"II*\0" + b"\xff" * 40,
    "head.gif": b"GIF89a" + b"\xff" * 20,
    "head.bmp": b"BM" + b"\xff" * 60,
    "head.webp": b"RIFF\x20\0\0\0WEBPVP8 " + b"\xff" * 20,
    "head.ppm": b"P6 9999999999 9999999999 255\n",
}


def cut_files(tmp_path: Path) -> dict[str, bytes]:
    """Pictures of every format that end too early."""
    found = {}
    for suffix in FORMATS:
        path = tmp_path / f"whole.{suffix}"
        save(path, "RGB", (40, 30))
        data = path.read_bytes()
        found |= {f"cut{share}.{suffix}": data[: len(data) * share // 10] for share in (1, 5, 9)}
    return found


def test_a_damaged_picture_is_refused_by_name_at_both_doors(tmp_path: Path) -> None:
    """In one sentence; Pillow takes GIF and JPEG files that lack their very end."""
    (tmp_path / "one").mkdir()
    refused = 0
    for name, data in (
        {"bomb.png": make_png(50_000, 50_000, 1, 0, bytes(6250))} | BAD_FILES | cut_files(tmp_path)
    ).items():
        file = tmp_path / "one" / name
        file.write_bytes(data)
        said = []
        for read in (
            lambda: user.load_image_folder(tmp_path / "one"),
            lambda: read_rows(
                [tmp_path / "one"], Preprocessor("images", (3, 30, 40), frame=Frame())
            ),
        ):
            with suppress(InputError):
                read()
                continue
            with pytest.raises(InputError) as caught:
                read()
            said.append(str(caught.value))
        assert len(said) in (0, 2), name
        assert all(name in each and "\n" not in each and each[-9:] == "expected." for each in said)
        assert said or name.startswith("cut9")
        refused += bool(said)
        file.unlink()
    assert refused >= len(BAD_FILES) + 1 + 2 * len(FORMATS)


KIND_AND_FORMAT = [(kind, suffix) for kind in MODES for suffix in ("png", "tiff", "webp", "jpg")]


@settings(max_examples=40)
@given(
    pictures=st.lists(
        st.tuples(
            st.sampled_from(KIND_AND_FORMAT),
            st.tuples(st.integers(1, 12), st.integers(1, 12)),
            st.integers(1, 8),
            st.sampled_from([0, 1, 3, 9]),
        ),
        min_size=1,
        max_size=4,
    ),
    size=st.one_of(st.none(), st.integers(1, 10)),
    crop=st.one_of(st.none(), st.integers(1, 4)),
    alpha=st.sampled_from(["white", "drop"]),
)
def test_any_folder_is_read_alike_by_both_doors_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    pictures: list[tuple[tuple[str, str], tuple[int, int], int, int]],
    size: int | None,
    crop: int | None,
    alpha: AlphaRule,
) -> None:
    """Of any kinds, shapes, orientations and darkness; each file alone gives its row as well."""
    folder = tmp_path_factory.mktemp("pictures")
    for i, ((kind, suffix), shape, orientation, shift) in enumerate(pictures):
        picture, exif = make_picture(kind, shape, i), Image.Exif()
        if picture.mode in ("I;16", "I"):
            picture = Image.fromarray(np.asarray(picture) >> shift)
        exif[0x0112] = orientation
        if (picture.mode, suffix) == ("I", "png"):  # Pillow 13 refuses it, and 12 warns of that
            continue
        with suppress(OSError):  # the format has no such pictures
            picture.save(folder / f"{i}.{suffix}", exif=exif, lossless=True)
    try:
        trained = user.load_framed_images(folder, "train", Frame(size, crop, alpha=alpha))
    except InputError as error:
        expected = ("for all, such as --size", "at least the crop", "has no images")
        assert any(words in str(error) for words in expected)  # noqa: PT017
        return
    space = image_preprocessor(trained)
    rows = read_rows([folder], Preprocessor.from_json(space.to_json()))
    assert torch.equal(rows.x, trained.raw_rows())
    for name, row in zip(rows.names, trained.raw_rows(), strict=True):
        assert torch.equal(read_rows([folder / name], space).x[0], row)
