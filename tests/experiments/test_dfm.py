"""Denoising feature matching, at a budget of seconds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from auxgen import artefact
from auxgen.engine.watch import Metrics
from auxgen.errors import InputError
from auxgen.evaluating import draw, evaluate
from auxgen.experiments import find, reproductions
from auxgen.experiments.dfm import _images, ablations, ring, ring_study, table1
from auxgen.experiments.dfm._architectures import ARCHITECTURES
from auxgen.experiments.dfm._stages import TITLES, Objective
from auxgen.method import Extracts, Samples
from auxgen.methods.denoising_gan import DenoisingGAN
from auxgen.methods.gan import GAN
from auxgen.methods.historical_averaging import HistoricalAveraging
from auxgen.reproduction import load, reproduce
from auxgen.run import Run
from auxgen.training import train

OBJECTIVES = get_args(Objective)
SMALL: dict[str, Any] = {"steps": 10, "batch": 16, "width": 8}
TINY: dict[str, Any] = {"data": "digits", "epochs": 0.05, "batch": 16, "samples": 40}
TINY |= {"depth": 1, "denoiser_width": 8}


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 rows and samples of the ring, and 40 watched of any set."""
    monkeypatch.setattr(ring, "Modes", partial(ring.Modes, n=200))
    monkeypatch.setattr(ring, "ROWS", 200)
    monkeypatch.setattr(ring, "WATCHED", 40)
    monkeypatch.setattr(_images, "WATCHED", 40)


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run of features of digits."""
    folder = tmp_path_factory.mktemp("features") / "run"
    given: dict[str, Any] = {"epochs": 0.5, "width": 4}
    run = train("features.digits", run=folder, device="cpu", quiet=True, **given)
    evaluate(run.path, device="cpu")
    return run.path


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_objective_is_trained_watched_and_measured(objective: str, tmp_path: Path) -> None:
    given = {**SMALL, "objective": objective}
    run = train("dfm.ring", run=tmp_path / "run", device="cpu", quiet=True, **given)
    scores = evaluate(run.path, device="cpu")["scores"]
    wanted = {f"{objective}/{score}" for score in ring_study.COLUMNS.values()}
    assert scores.keys() == wanted
    watched = [line for line in Metrics(run.path / "metrics.jsonl").lines() if "scores" in line]
    assert [line["step"] for line in watched] == list(range(1, 11))
    assert draw(run.path)
    method = artefact.load(run.path / objective).method
    assert isinstance(method, DenoisingGAN if "dfm" in objective else GAN)
    assert isinstance(method, Samples)
    assert method.sample(7).shape == (7, 2)


def test_objectives_differ_by_weights_and_by_the_denoiser() -> None:
    weights = {}
    for objective in OBJECTIVES:
        method = find("dfm.ring").function(objective=objective, **SMALL)[objective].method
        denoising = getattr(method, "denoising", 0.0)
        weights[objective] = (method.adversarial, method.matching, denoising)
    assert weights == {
        "gan": (1, 0, 0),
        "fm": (0, 1, 0),
        "dfm": (1, 0, 0.03),
        "fm_dfm": (1, 1, 0.03),
    }


def test_all_players_descend_as_in_the_paper() -> None:
    engine = (
        find("dfm.cifar10")
        .function(data="digits", architecture="small", budget="paper")["dfm"]
        .engine
    )
    optimizer = engine.optimizers("denoiser", [torch.nn.Parameter(torch.zeros(2))])
    assert optimizer.defaults["lr"] == 1e-4
    assert optimizer.defaults["betas"] == (0.5, 0.999)
    assert engine.average == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [("annealed", True), ("depth", 4), ("denoiser_width", 5), ("noise", 0.3), ("l1", True)],
)
def test_every_ablation_changes_its_own_thing(option: str, value: Any) -> None:
    plain = find("dfm.ring").function(**SMALL)["dfm"].recipe
    other = find("dfm.ring").function(**SMALL, **{option: value})["dfm"].recipe
    assert plain is not None
    assert other is not None
    changed = {k for k, v in other.arguments.items() if plain.arguments[k] != v}
    assert changed == {{"depth": "denoiser", "denoiser_width": "denoiser"}.get(option, option)}
    widths = {"depth": [8] * 4, "denoiser_width": [5, 5]}
    assert other.arguments["denoiser"] == widths.get(option, [8, 8])


def test_historical_averaging_is_a_game_around_the_game(tmp_path: Path) -> None:
    given = {**SMALL, "history": 0.1}
    run = train("dfm.ring", run=tmp_path / "run", device="cpu", quiet=True, **given)
    method = artefact.load(run.path / "dfm").method
    assert isinstance(method, HistoricalAveraging)
    assert method.of == ("discriminator", "generator")
    last = Metrics(run.path / "metrics.jsonl").lines()[-1]
    assert (run.path / "dfm").is_dir()
    assert last["stage"] == "dfm"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_images_are_generated_and_measured(objective: str, features: Path, tmp_path: Path) -> None:
    given = {**TINY, "objective": objective, "extractor": str(features)}
    run = train("dfm.fashion", run=tmp_path / "run", device="cpu", quiet=True, **given)
    scores = evaluate(run.path, device="cpu")["scores"]
    for score in ("CS(features.run)", "FD(features.run)", "recall(features.run)", "duplicates"):
        assert np.isfinite(scores[f"{objective}/{score}"]["value"])
    assert 1 <= scores[f"{objective}/CS(features.run)"]["value"] <= 10
    real = scores[f"{objective}/CS(features.run) of test images"]
    assert real["n"] == 500
    assert "500 test images themselves" in real["protocol"]
    model = artefact.load(run.path / objective)
    assert model.space.shift == model.space.scale == (0.5,)
    assert draw(run.path)


def test_images_are_seen_between_minus_one_and_one() -> None:
    stage = find("dfm.digits").function(**TINY)["dfm"]
    x = stage.batches(0, 0, 1, "cpu")
    assert x.shape == (16, 1, 8, 8)
    assert (x.amin(), x.amax()) == (-1, 1)
    assert stage.space is not None
    back = stage.space.leave(x)
    rows = stage.batches.stream(0)  # pyright: ignore[reportAttributeAccessIssue]
    torch.testing.assert_close(back, stage.data["train"].raw()[rows])


@pytest.mark.parametrize("name", ["dfm.digits", "dfm.fashion", "dfm.cifar10"])
@pytest.mark.parametrize("budget", ["cpu", "paper"])
def test_every_budget_makes_a_game(name: str, budget: str) -> None:
    given = {**TINY, "budget": budget, "architecture": "small"}
    method = find(name).function(**given)["dfm"].method
    assert isinstance(method, DenoisingGAN)
    assert isinstance(method, Extracts)
    assert method.features(torch.zeros(3, 1, 8, 8)).shape == (3, ARCHITECTURES["small"].n_h(8))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"depth": 0}, "depth is 0"),
        ({"noise": -1.0}, "noise is -1.0"),
        ({"denoising": -0.1}, "denoising is -0.1"),
        ({"batch": 1}, "batch is 1"),
        ({"lr": 0.0}, "learning rate"),
    ],
)
def test_what_cannot_be_trained_is_told_in_a_sentence(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        find("dfm.ring").function(**{**SMALL, **given})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "columns", "lines"),
    [
        ("ring_study", ring_study.COLUMNS, 4),
        ("ablations", ablations.COLUMNS, 9),
    ],
)
def test_a_reproduction_trains_and_measures_each_row(
    name: str,
    columns: Mapping[str, str],
    lines: int,
    tmp_path: Path,
) -> None:
    given: dict[str, Any] = {"steps": 1, "batch": 16, "width": 8}
    reproduce(f"dfm.{name}", seeds=1, out=tmp_path, device="cpu", quiet=True, **given)
    table = load(tmp_path)
    assert len(table["rows"]) == lines
    assert all(row["columns"].keys() == columns.keys() for row in table["rows"])
    assert (tmp_path / "report.html").is_file()
    assert len(list(tmp_path.rglob("run.json"))) == lines
    assert ("GAN" in table["claim"]) == (name == "ring_study")


def test_the_claims_are_of_the_means() -> None:
    study = {
        (t, c): v for t in TITLES.values() for c, v in (("modes of 8", 7.0), ("high quality", 70.0))
    }
    said = ring_study.claim(study)
    assert "modes of 8 at least 6: holds (7.0; GAN 7.0)" in said
    assert "high quality at least 75: does not hold" in said
    means = {(title, table1.SCORE): 6.0 for title in TITLES.values()}
    assert ": holds" in table1.claim(means)
    means[TITLES["dfm"], table1.SCORE] = 5.7
    assert "does not hold (5.70 against 6.00)" in table1.claim(means)


def test_tables_ask_for_scores_that_runs_have(features: Path, tmp_path: Path) -> None:
    assert {"dfm.ring_study", "dfm.ablations", "dfm.table1"} <= set(reproductions())
    given = {**TINY, "objective": "gan", "extractor": str(features)}
    run = train(
        "dfm.cifar10", run=tmp_path / "run", device="cpu", quiet=True, architecture="small", **given
    )
    evaluate(run.path, device="cpu")
    have = Run(run.path).scores()["scores"].keys()
    for budget in ("cpu", "paper"):
        for row in table1.reproduction(budget).rows:
            for score in row.scores.values():
                if score.startswith("gan/"):
                    named = "fashion_mnist" if budget == "cpu" else "cifar10"
                    assert score.replace(f"features.{named}", "features.run") in have
