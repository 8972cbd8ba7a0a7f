"""Features on disk: never those of other pictures or of another extractor."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from auxgen.data.dataset import Dataset
from auxgen.errors import InputError, NotSaved
from auxgen.features.cache import compute_pictures_digest
from auxgen.features.extractors import (
    ExtractedFeatures,
    Extractor,
    compute_feature_moments,
    extract_cached_features,
    extract_features,
    make_extractor,
    make_feature_file,
)

torch.set_num_threads(1)


class Rows(nn.Module):
    """The pixels themselves, and how many pictures came in all."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        self.seen += len(pictures)
        return ExtractedFeatures(
            pictures.flatten(1).float(), pictures.flatten(1).float().softmax(1)
        )


def rows(weights: str = "one") -> tuple[Extractor, Rows]:
    network = Rows()
    return make_extractor("rows", network, channels=1, protocol="pixels", weights=weights), network


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def some(n: int = 6) -> Dataset:
    x = torch.randint(0, 256, (n, 1, 2, 2), generator=torch.Generator().manual_seed(0))
    y = torch.arange(n) % 2
    return Dataset(x=x.to(torch.uint8), y=y, classes=("a", "b"), name="some", fingerprint="same")


def test_features_are_extracted_once() -> None:
    found, network = rows()
    first, again = extract_cached_features(found, some()), extract_cached_features(found, some())
    assert network.seen == 6
    assert torch.equal(first.features, some().x.flatten(1).float())
    assert torch.equal(again.features, first.features)
    assert again.probs is not None
    assert first.probs is not None
    assert torch.equal(again.probs, first.probs)


@pytest.mark.parametrize(
    "chosen", [slice(0, 3), slice(1, 4), slice(None, None, 2), torch.tensor([5, 4, 3, 2, 1, 0])]
)
def test_rows_chosen_from_a_set_are_not_the_set(chosen: slice | Tensor) -> None:
    found, network = rows()
    extract_cached_features(found, some())
    part = some()[chosen]
    assert part.fingerprint == some().fingerprint  # which therefore cannot be the key
    expected = extract_features(found, part.x).features
    assert torch.equal(extract_cached_features(found, part).features, expected)
    assert network.seen == 6 + 2 * len(part)


def test_one_changed_pixel_is_another_set() -> None:
    found, _ = rows()
    extract_cached_features(found, some())
    changed = some().x.clone()
    changed[3, 0, 1, 1] ^= 1
    again = extract_cached_features(found, replace(some(), x=changed))
    assert torch.equal(again.features, changed.flatten(1).float())


def test_the_same_pixels_in_another_shape_are_another_set() -> None:
    x = some(4).x
    shapes = {
        compute_pictures_digest(x),
        compute_pictures_digest(x.reshape(4, 1, 1, 4)),
        compute_pictures_digest(x.reshape(2, 2, 2, 2)),
    }
    assert len(shapes) == 3
    assert compute_pictures_digest(x) == compute_pictures_digest(x.clone())
    assert compute_pictures_digest(x.transpose(2, 3)) == compute_pictures_digest(
        x.transpose(2, 3).contiguous()
    )


def test_the_same_pictures_under_another_name_or_label_are_the_same_set() -> None:
    found, network = rows()
    extract_cached_features(found, some())
    extract_cached_features(
        found, replace(some(), name="other", fingerprint="", y=some().y.flip(0))
    )
    assert network.seen == 6


def test_another_extractor_of_the_same_name_has_features_of_its_own() -> None:
    extract_cached_features(rows("one")[0], some())
    other, network = rows("two")
    extract_cached_features(other, some())
    assert network.seen == 6


def test_a_damaged_file_is_made_again() -> None:
    found, network = rows()
    expected = extract_cached_features(found, some())
    path = make_feature_file(found, some(), "features").path
    for content in (path.read_bytes()[:-5], b"", b"nothing"):
        path.write_bytes(content)
        assert torch.equal(extract_cached_features(found, some()).features, expected.features)
    assert network.seen == 6 * 4


def test_a_file_with_another_keys_features_is_not_believed() -> None:
    found, network = rows()
    extract_cached_features(found, some())
    path, other = (
        make_feature_file(found, some(), "features").path,
        make_feature_file(found, some(4), "features").path,
    )
    os.replace(path, other)
    assert extract_cached_features(found, some(4)).features.shape == (4, 4)
    assert network.seen == 6 + 4


def test_processes_that_want_the_same_wait_for_one() -> None:
    found, network = rows()
    with ThreadPoolExecutor(4) as pool:
        each = list(pool.map(lambda _: extract_cached_features(found, some()).features, range(4)))
    assert network.seen == 6
    assert all(torch.equal(one, each[0]) for one in each)


def test_a_cache_that_cannot_be_written_is_reported(cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    with pytest.raises(NotSaved, match="set AUXGEN_CACHE"):
        extract_cached_features(rows()[0], some())


def test_bad_pictures_leave_nothing(cache: Path) -> None:
    with pytest.raises(InputError, match="empty"):
        extract_cached_features(rows()[0], some()[:0])
    assert not cache.exists()


def test_statistics_are_numpys_and_kept(cache: Path) -> None:
    found, network = rows()
    mean, covariance, n = compute_feature_moments(found, some())
    x = some().x.flatten(1).double().numpy()
    np.testing.assert_allclose(mean.numpy(), x.mean(0), rtol=1e-14)
    np.testing.assert_allclose(covariance.numpy(), np.cov(x.T), rtol=1e-12)
    assert n == 6
    make_feature_file(found, some(), "features").path.unlink()
    again = compute_feature_moments(found, some())
    assert torch.equal(again.covariance, covariance)
    assert again.covariance.dtype == torch.float64
    assert network.seen == 6
    assert compute_feature_moments(found, some()[:4]).n == 4


def test_one_picture_has_no_covariance() -> None:
    with pytest.raises(InputError, match="2 or more"):
        compute_feature_moments(rows()[0], some(1))
