"""A mistyped extractor is refused before hours of training, not by the scores after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auxgen import launch
from auxgen.errors import InputError
from auxgen.experiments import registry
from auxgen.experiments.extractor_options import EXTRACTOR_OPTIONS, check_extractor_options
from auxgen.experiments.option_values import list_options, list_required_options

TAKING = [
    (name, option.name)
    for name in registry.list_experiments()
    for option in list_options(registry.find_experiment(name))
    if option.name in EXTRACTOR_OPTIONS
]


def test_every_default_exists() -> None:
    assert {option for _, option in TAKING} == set(EXTRACTOR_OPTIONS)
    for name, _ in TAKING:
        options = list_options(registry.find_experiment(name))
        check_extractor_options({option.name: option.default for option in options})


@pytest.mark.parametrize(("experiment", "option"), TAKING)
def test_one_that_does_not_exist_is_refused_before_a_run_is_made(
    experiment: str, option: str, tmp_path: Path
) -> None:
    needed = list_required_options(registry.find_experiment(experiment))
    given: dict[str, Any] = {name: str(tmp_path) for name in needed}
    given[option] = ("nowhere",) if option == "scorers" else "nowhere"
    with pytest.raises(InputError, match="There is no extractor 'nowhere'"):
        launch.train(experiment, run=tmp_path / "run", **given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "inception",
        "vgg19-relu3_1",
        "efficientnet-lite0",
        "efficientnet-lite2-size=224",
        "timm:any",
        "features.celeba",
        "features.celeba_32-seed=7",
    ],
)
def test_what_can_be_loaded_here_or_elsewhere_is_taken(name: str) -> None:
    check_extractor_options({"extractor": name, "scorers": (name, "auto")})


def test_a_folder_is_taken(tmp_path: Path) -> None:
    check_extractor_options({"extractor": str(tmp_path)})


@pytest.mark.parametrize(
    "name", ["features.celebb", "features.celeba-seed=x", "inceptoin", "a/b", ""]
)
def test_mistakes(name: str) -> None:
    with pytest.raises(InputError, match=name or "no extractor ''"):
        check_extractor_options({"second_scorer": name})
