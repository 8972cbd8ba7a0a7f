"""The Frechet distance of edits from real pictures that have the attribute."""

from __future__ import annotations

import pytest
import torch
from evaluation import dots
from evaluation.pictures import quadrants

from auxgen.evaluation import edited_pictures
from auxgen.evaluation.edited_pictures import EditedPictureQuality
from auxgen.metrics.frechet import fit_gaussian, frechet_distance


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path))
    monkeypatch.setattr(edited_pictures, "load_extractor", quadrants)


def test_rows_without_it_are_moved_and_compared_with_those_that_have_it() -> None:
    """Of dots the code is the picture, and the first direction the first pixel."""
    train, test = dots.rows(60), dots.rows(40)
    distance = EditedPictureQuality(train, test, dots.SPACE, extractor="quadrants", distance=1.6)
    found = distance(dots.Model())
    assert list(found) == ["Bright edited FD(quadrants)", "Wide edited FD(quadrants)"]
    for k, score in enumerate(found.values()):
        moved = test.x[test.require_attributes()[:, k] == 0].flatten(1) / 255
        moved[:, k] += 1.6 / 20
        real = train.x[train.require_attributes()[:, k] == 1].flatten(1) / 255
        sets = (fit_gaussian((255 * p).round() / 255) for p in (real, moved.clamp(0, 1)))
        assert score.value == pytest.approx(frechet_distance(*sets).item(), rel=1e-4)
        assert score.n == len(moved)
    assert "moved by 1.6, beside" in found["Wide edited FD(quadrants)"].protocol


def test_a_longer_way_leads_beyond_them_and_blanks_are_no_rows_without() -> None:
    train, test = dots.rows(60), dots.rows(40)
    settings = {"extractor": "quadrants"}
    near, far = (
        EditedPictureQuality(train, test, dots.SPACE, **settings, distance=d)(dots.Model())
        for d in (2.0, 6.0)
    )
    assert all(near[name].value < far[name].value for name in near)
    y = test.require_attributes()
    y[:, 0] = torch.nan
    left = EditedPictureQuality(train, test, dots.SPACE, **settings, distance=2.0)(dots.Model())
    assert list(left) == ["Wide edited FD(quadrants)"]
