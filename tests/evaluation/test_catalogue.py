"""Measures by name: which stages take them, how they are grouped, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evaluation.pictures import SPACE, Copier, Weighing, pictures
from torch import nn

from auxgen.data.batches import InMemoryBatches
from auxgen.engine.settings import Engine, adam
from auxgen.errors import InputError
from auxgen.evaluation import catalogue
from auxgen.evaluation.images import ExplainedVariance, PixelSimilarity, SampleQuality
from auxgen.evaluation.likelihood import ImportanceNll
from auxgen.metrics.wasserstein import exact_wasserstein_distance, sliced_wasserstein_distance
from auxgen.rng import get_device, use_seed
from auxgen.score import Score
from auxgen.stage import Stage


def stage(method=None, **more) -> Stage:
    data = {"train": pictures(20, 1), "test": pictures(12)}
    batches = InMemoryBatches(SPACE.transform(data["train"].raw_rows()), 4, 0)
    made = {"space": SPACE, "data": data, **more}
    return Stage(method or Copier(), batches, Engine(1, adam(1e-3)), **made)


def listed(method: object) -> Score:
    return Score(1.0, "", 1, "listed")


def test_measures_that_share_their_work_are_one_evaluation():
    names = ["fd:cifar10-resnet56", "psnr", "precision:cifar10-resnet56", "l1", "fid", "explained"]
    chosen = catalogue.select_evaluations({"copier": stage()}, names, split="test", rows=5)[
        "copier"
    ]
    both, close, canonical, explained = chosen.values()
    assert isinstance(both, SampleQuality)
    assert (both.extractor, both.measures) == ("cifar10-resnet56", ("FD", "precision"))
    assert len(both.real) == 5
    assert isinstance(close, PixelSimilarity)
    assert close.measures == ("psnr", "l1")
    assert isinstance(canonical, SampleQuality)
    assert canonical.extractor == "inception"
    assert isinstance(explained, ExplainedVariance)


def test_what_a_stage_lists_comes_before_the_catalogue():
    one = stage(evaluations={"psnr": listed, "other": listed})
    assert catalogue.select_evaluations({"a": one}, ["psnr"], split="test", rows=None) == {
        "a": {"psnr": listed}
    }


def test_a_measure_goes_to_the_stages_that_can_be_measured_so():
    chosen = catalogue.select_evaluations(
        {"bare": stage(data={}), "copier": stage()}, ["knn_accuracy"], split="test", rows=None
    )
    assert list(chosen["bare"]) == []
    assert list(chosen["copier"]) == ["knn_accuracy"]


@pytest.mark.parametrize("others", [{"data": {}}, {}])
def test_a_split_that_no_stage_keeps_is_named_whatever_else_stages_lack(others: dict) -> None:
    stages = {"a": stage(nn.Identity(), **others), "b": stage(Weighing())}
    with pytest.raises(InputError, match="There is no split 'valid'; known are test, train"):
        catalogue.select_evaluations(stages, ["nll:5", "psnr"], split="valid", rows=None)


def test_what_the_last_stage_lacks_is_said() -> None:
    stages = {"a": stage(nn.Identity()), "b": stage(Copier())}
    with pytest.raises(InputError, match="Copier cannot weigh draws"):
        catalogue.select_evaluations(stages, ["nll:5"], split="test", rows=None)


def test_bits_are_measured_as_bits_and_draws_are_counted():
    chosen = catalogue.select_evaluations(
        {"a": stage(Weighing(), space=replace(SPACE, binary=True))},
        ["nll:7"],
        split="test",
        rows=None,
    )["a"]["nll:7"]
    assert isinstance(chosen, ImportanceNll)
    assert (chosen.k, chosen.binarised_seed, chosen.split_name) == (7, 0, "test")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("psnrr", "did you mean 'psnr'"),
        ("fd", "needs an extractor after a colon"),
        ("psnr:3", "takes nothing after a colon, and got '3'"),
        ("nll", "Copier cannot weigh draws"),
        ("importance_bound", "Copier cannot weigh draws"),
    ],
)
def test_what_cannot_be_measured_is_refused(name: str, message: str):
    with pytest.raises(InputError, match=message):
        catalogue.select_evaluations({"a": stage()}, [name], split="test", rows=None)


def test_a_number_of_draws_and_a_split_are_checked():
    with pytest.raises(
        InputError, match="Expected a number of draws after the colon, and got 'many'"
    ):
        catalogue.select_evaluations(
            {"a": stage(Weighing())}, ["nll:many"], split="test", rows=None
        )
    with pytest.raises(InputError, match="split 'tset'; did you mean 'test'"):
        catalogue.select_evaluations({"a": stage()}, ["psnr"], split="tset", rows=None)


def test_a_distance_of_samples_has_the_distance_of_other_true_rows_beside_it():
    chosen = catalogue.select_evaluations(
        {"a": stage()}, ["w1", "sliced_w1"], split="test", rows=10
    )["a"]
    found = chosen["w1+sliced_w1"](Copier())
    assert isinstance(found, dict)
    real, others = (SPACE.transform(pictures(n, s).raw_rows())[:10] for n, s in ((12, 0), (20, 1)))
    assert found["w1"].n == 10
    assert found["w1"].detail["of_other_rows"] == exact_wasserstein_distance(real, others).item()
    assert (
        found["sliced_w1"].detail["of_other_rows"]
        == sliced_wasserstein_distance(real, others).item()
    )
    with use_seed(0, get_device(None)):
        assert found["w1"].value == exact_wasserstein_distance(real, Copier().sample(10)).item()
    alone = stage(data={"test": pictures(12)})
    with pytest.raises(InputError, match="second split"):
        catalogue.select_evaluations({"a": alone}, ["w1"], split="test", rows=None)
