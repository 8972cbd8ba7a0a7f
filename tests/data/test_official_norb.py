"""Small NORB from binary matrices that are written here as the official ones are."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from auxgen.data import decoding, images
from auxgen.data.fitting import fit_preprocessor
from auxgen.errors import InputError
from auxgen.plotting.grids import draw_image_grid

STEM = "smallnorb-5x46789x9x18x6x2x96x96-training"
BYTES, INTEGERS, FLOATS = 0x1E3D4C55, 0x1E3D4C54, 0x1E3D4C51
Y = [0, 1, 2, 3, 4]
INFO = [[4, 0, 0, 0], [6, 8, 34, 5], [7, 3, 2, 1], [8, 4, 20, 2], [9, 1, 18, 4]]


def pairs(n: int = 5) -> np.ndarray:
    """(n, 2, 96, 96) uint8."""
    return np.random.default_rng(0).integers(0, 256, (n, 2, 96, 96), dtype=np.uint8)


def matrix(magic: int, entries: np.ndarray) -> bytes:
    """A binary matrix: three sizes at the least, 1 where there are fewer dimensions."""
    sizes = [*entries.shape, *[1] * (3 - entries.ndim)]
    head = struct.pack(f"<ii{len(sizes)}i", magic, entries.ndim, *sizes)
    return head + entries.astype("u1" if magic == BYTES else "<i4").tobytes()


def split(dat: np.ndarray, cat: list[int], info: list[list[int]]) -> dict[str, bytes]:
    """The content of a split's files, by part."""
    return {
        "dat": matrix(BYTES, dat),
        "cat": matrix(INTEGERS, np.array(cat)),
        "info": matrix(INTEGERS, np.array(info)),
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AUXGEN_DATA/small_norb with the training files of five pairs."""
    monkeypatch.setenv("AUXGEN_DATA", str(tmp_path / "root"))
    place = tmp_path / "root" / "small_norb"
    place.mkdir(parents=True)
    for part, content in split(pairs(), Y, INFO).items():
        (place / f"{STEM}-{part}.mat").write_bytes(content)
    return place


def test_the_header_is_as_the_official_page_has_it() -> None:
    assert matrix(INTEGERS, np.zeros(24300))[:20].hex() == (
        "544c3d1e" + "01000000" + "ec5e0000" + "01000000" + "01000000"
    )


def test_pairs_are_pictures_of_two_channels(folder: Path) -> None:
    found = images.load_image_dataset("small_norb")
    torch.testing.assert_close(found.x, torch.from_numpy(pairs()))
    assert found.y.tolist() == Y
    assert found.classes == ("animal", "human", "airplane", "truck", "car")
    assert found.name == "small_norb/train"


def test_single_images_are_rows_camera_after_camera(folder: Path) -> None:
    both, each = (
        images.load_image_dataset("small_norb"),
        images.load_image_dataset("small_norb_single"),
    )
    assert each.x.shape == (10, 1, 96, 96)
    torch.testing.assert_close(each[0::2].x, both.x[:, :1])
    torch.testing.assert_close(each[1::2].x, both.x[:, 1:])
    assert each.y.tolist() == both.y.repeat_interleave(2).tolist()
    assert each.name == "small_norb_single/train"
    assert both.attributes is not None
    assert each.attributes is not None
    torch.testing.assert_close(each.attributes[1::2, :-2], both.attributes)
    assert each.attribute_names[-2:] == ("camera=0", "camera=1")
    assert each.attributes[:2, -2:].tolist() == [[1, 0], [0, 1]]


def test_attributes_tell_instance_elevation_azimuth_and_lighting(folder: Path) -> None:
    found = images.load_image_dataset("small_norb")
    assert found.attributes is not None
    assert found.attributes.shape == (5, 10 + 9 + 18 + 6)
    told = [
        {n for n, flag in zip(found.attribute_names, row, strict=True) if flag}
        for row in found.attributes.tolist()
    ]
    assert told[0] == {"instance=4", "elevation=30", "azimuth=0", "lighting=0"}
    assert told[1] == {"instance=6", "elevation=70", "azimuth=340", "lighting=5"}
    assert all(len(names) == 4 for names in told)


def test_32_pixels_are_the_middles_of_threes(folder: Path) -> None:
    small = images.load_image_dataset("small_norb", size=32).x
    torch.testing.assert_close(small, torch.from_numpy(pairs())[:, :, 1::3, 1::3])
    single = images.load_image_dataset("small_norb_single", size=32).x
    torch.testing.assert_close(single, small.reshape(10, 1, 32, 32))


def test_gzipped_files_are_read_alike(folder: Path) -> None:
    plain = images.load_image_dataset("small_norb")
    for file in list(folder.iterdir()):
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 1))
        file.unlink()
    zipped = images.load_image_dataset("small_norb")
    torch.testing.assert_close(zipped.x, plain.x)
    assert zipped.fingerprint == plain.fingerprint


def test_the_test_split_has_its_own_files_and_more_pairs_than_are_read_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "PICTURES_PER_BLOCK", 3)
    for part, content in split(pairs(7), [4] * 7, [[0, 0, 0, 0]] * 7).items():
        stem = "smallnorb-5x01235x9x18x6x2x96x96-testing"
        (folder / f"{stem}-{part}.mat").write_bytes(content)
    torch.testing.assert_close(
        images.load_image_dataset("small_norb", "test").x, torch.from_numpy(pairs(7))
    )
    assert len(images.load_image_dataset("small_norb_single", "test")) == 14


def test_pairs_go_through_a_space_and_become_a_picture(folder: Path) -> None:
    data = images.load_image_dataset("small_norb", size=32)
    space = fit_preprocessor(data, standardise=True)
    assert space.width == 2048
    again = space.inverse_transform(space.transform(data.raw_rows()))
    torch.testing.assert_close(again, data.raw_rows())
    assert draw_image_grid(again, 5, padding=0).size == (5 * 2 * 64, 64)


def test_a_set_that_is_nowhere_tells_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    said = rf"^small_norb is not in AUXGEN_DATA, and .* folder there with {STEM}-dat\.mat and "
    with pytest.raises(InputError, match=said):
        images.load_image_dataset("small_norb")
    with pytest.raises(InputError, match=r"^There is no small_norb split 'tran'; did you mean"):
        images.load_image_dataset("small_norb", "tran")


@pytest.mark.parametrize("part", ["dat", "cat", "info"])
def test_a_missing_file_is_named(folder: Path, part: str) -> None:
    (folder / f"{STEM}-{part}.mat").unlink()
    with pytest.raises(InputError, match=rf"small_norb has no {STEM}-{part}\.mat; split 'train'"):
        images.load_image_dataset("small_norb")


@pytest.mark.parametrize("part", ["dat", "cat", "info"])
@pytest.mark.parametrize("keep", [0, 7, 12, -1])
def test_a_truncated_file_is_refused(folder: Path, cache: Path, part: str, keep: int) -> None:
    file = folder / f"{STEM}-{part}.mat"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(InputError, match=rf"-{part}\.mat is truncated: \d+ bytes are left where"):
        images.load_image_dataset("small_norb")
    assert not list(cache.glob("*"))[1:]


@pytest.mark.parametrize("spoiled", [b"no gzip", None])
def test_a_gzipped_file_that_is_damaged_is_refused(folder: Path, spoiled: bytes | None) -> None:
    file = folder / f"{STEM}-dat.mat"
    whole = gzip.compress(file.read_bytes(), 1)
    file.unlink()
    (folder / f"{STEM}-dat.mat.gz").write_bytes(spoiled or whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"-dat\.mat\.gz cannot be unzipped \("):
        images.load_image_dataset("small_norb")


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        ("dat", matrix(FLOATS, pairs()), r"magic number 0x1E3D4C51; 0x1E3D4C55 is expected.*bytes"),
        ("cat", matrix(BYTES, np.array(Y)), r"number 0x1E3D4C55; 0x1E3D4C54 is expected.*int32"),
        ("dat", matrix(BYTES, pairs()[:, 0]), r"a matrix \(5, 96, 96\); pairs \(n, 2, 96, 96\)"),
        ("dat", struct.pack("<5i", BYTES, 9, 1, 1, 1), r"a matrix of 9 dimensions; 1 to 4 are"),
        ("dat", matrix(BYTES, pairs(6)), r"-cat\.mat holds a matrix \(5,\); \(6,\) is expected"),
        (
            "cat",
            matrix(INTEGERS, np.array(Y[:4])),
            r"holds a matrix \(4,\); \(5,\) is expected, an",
        ),
        ("info", matrix(INTEGERS, np.array(INFO)[:4]), r"matrix \(4, 4\); \(5, 4\) is expected"),
        ("cat", matrix(INTEGERS, np.array([0, 1, 5, 2, 3])), r"has a label 5; 0 to 4 are expected"),
        ("info", matrix(INTEGERS, np.array([*INFO[:4], [9, 1, 7, 4]])), r"has azimuth 7; one of"),
    ],
)
def test_a_file_of_other_content_is_refused(
    folder: Path, part: str, content: bytes, said: str
) -> None:
    (folder / f"{STEM}-{part}.mat").write_bytes(content)
    with pytest.raises(InputError, match=said):
        images.load_image_dataset("small_norb")
