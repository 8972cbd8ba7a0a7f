"""scikit-learn's own checks of estimators, none of which may fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from auxgen.estimators import GenerativeModel, SemiSupervisedClassifier
from auxgen.few_labels import parts

SMALL = [
    SemiSupervisedClassifier("m2", steps=15, hidden=20, latent=2, learning_rate=2e-2),
    SemiSupervisedClassifier(steps=5, hidden=10, latent=2, learning_rate=2e-2),
    GenerativeModel(steps=10, hidden=10, latent=2, draws=3),
    GenerativeModel("iwae", steps=10, hidden=10, latent=2, draws=3),
    GenerativeModel("mi_asl", steps=5, hidden=10, latent=2),
]
SLOW = [
    *(SemiSupervisedClassifier(name) for name in ("committee", "m2", "sdgm", "adgm")),
    *(GenerativeModel(name) for name in ("vae", "iwae", "asl", "mi_asl")),
]


@pytest.fixture(scope="module")
def ten_trees() -> Iterator[None]:
    """A committee's forest of a hundred trees would take most of the time of its fit."""

    def grow(trees: int, **settings: Any) -> RandomForestClassifier:
        return RandomForestClassifier(min(trees, 10), **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "RandomForestClassifier", grow)
        yield


@pytest.mark.usefixtures("few_draws", "ten_trees")
@parametrize_with_checks(SMALL)  # pyright: ignore[reportArgumentType]
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::sklearn.exceptions.SkipTestWarning")
def test_small_estimators_keep_the_contract(estimator, check) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(SLOW)  # pyright: ignore[reportArgumentType]
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::sklearn.exceptions.SkipTestWarning")
def test_defaults_keep_the_contract(estimator, check) -> None:
    check(estimator)
