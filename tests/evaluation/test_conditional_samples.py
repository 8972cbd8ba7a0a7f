"""Samples with an attribute, of a model and a classifier that can be checked by hand."""

from __future__ import annotations

import pytest
from evaluation.dots import SPACE, Eye, Model

from auxgen.evaluation.recognition import LangevinSampleAccuracy


def test_conditional_draws_show_the_attribute_more_often_and_kept_ones_most() -> None:
    found = LangevinSampleAccuracy(SPACE, scorer=Eye(), n=400, alpha=0.2, steps=60)(Model())
    prior, drawn, kept = (
        found[f"Wide {of}"].value for of in ("in prior samples", "in draws", "in draws kept")
    )
    assert prior == pytest.approx(50, abs=8)
    assert prior + 20 < drawn <= kept
    assert kept > 95
    assert found["Wide kept"].value == pytest.approx(89, abs=6)
    assert found["Bright in draws"].value < found["Bright in draws kept"].value
    assert 80 < found["Wide acceptance"].value <= 100
    assert found["Wide effective size"].value > 3
