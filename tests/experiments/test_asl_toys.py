"""The toys of auxiliary supervised learning, at a budget of seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import log, pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from auxgen import model as artefact
from auxgen.data import toys
from auxgen.experiments.asl import toy_tables as tables
from auxgen.experiments.asl import toys as asl_toys
from auxgen.experiments.asl.evaluations import HeldOutDensity
from auxgen.experiments.asl.toys import TOY_MODEL_TITLES, StandardisedToy
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment, load_reproduction_maker
from auxgen.inference.initialization import initialize_from_source
from auxgen.launch import evaluate, train
from auxgen.methods.asl import ExplicitASL, ImplicitASL
from auxgen.methods.mi_encoder import InformativeEncoder
from auxgen.methods.vae import VAE
from auxgen.networks.densities import GMM
from auxgen.networks.distributions import Regression
from auxgen.reproduction import load_reproduction, reproduce
from auxgen.runs.folder import Run

pytestmark = pytest.mark.usefixtures("few_draws", "coarse_pictures")

SMALL: dict[str, Any] = {"steps": 4, "batch": 16, "width": 8, "transforms": 2}


@pytest.fixture(scope="module", autouse=True)
def fewer() -> Iterator[None]:
    """200 rows, and distances between 40."""

    def short(fresh: Any) -> Any:
        return whole(fresh, n=40, pairs=2)

    whole = asl_toys.WassersteinFromTruth
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asl_toys, "ROWS", 200)
        patch.setattr(asl_toys, "WassersteinFromTruth", short)
        yield


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, fewer: None) -> Path:
    """The folder that both figures share, with the runs of figure 2."""
    del fewer
    folder = tmp_path_factory.mktemp("figures") / "out"
    reproduce("asl.figure2", seeds=1, out=folder, device="cpu", quiet=True, **SMALL)
    return folder


@pytest.mark.parametrize("toy", tables.TOYS)
def test_a_run_trains_and_measures_five_models(toy: str, out: Path) -> None:
    runs = [Run(file.parent) for file in out.rglob("run.json")]
    (run,) = [run for run in runs if run.config["experiment"] == f"asl.{toy}"]
    assert run.trained_stages() == ["vae", "vae_asl", "mi", "mi_asl", "flow"]
    scores = run.read_scores()["scores"]
    wanted = {
        score
        for row in tables.build_toy_rows(toy, TOY_MODEL_TITLES)
        for score in row.scores.values()
    }
    assert scores.keys() >= wanted | {"mi/w1", "mi/code_noise", "vae/stein_discrepancy"}
    assert (
        scores["vae/w1_of_truth"]["detail"]["pairs"] == scores["mi_asl/w1"]["detail"]["true_pairs"]
    )
    assert np.isfinite(
        [scores[f"{stage}/nll"]["value"] for stage in ("vae_asl", "mi_asl", "flow")]
    ).all()
    assert (run.path / "pictures" / "flow-beside the truth.png").exists()
    d = 3 if toy == "swiss_roll" else 2
    model = artefact.load(run.path / "mi_asl")
    assert isinstance(model.method, ImplicitASL)
    assert model.method.sample(7).shape == (7, d)


def test_asl_starts_from_the_encoder_and_the_decoder_that_were_trained() -> None:
    stages = build_experiment(find_experiment("asl.ring"), SMALL)
    vae, mi = stages["vae"].method, stages["mi"].method
    assert isinstance(vae, VAE)
    assert isinstance(mi, InformativeEncoder)
    for name, of, q_u, g in (
        ("vae_asl", ExplicitASL, vae.q_z, vae.p_x.network),
        ("mi_asl", ImplicitASL, mi.q_u, mi.g),
    ):
        method, start = stages[name].method, stages[name].start
        assert isinstance(method, of)
        assert start is not None
        start(method)
        assert isinstance(method.p_x, Regression)
        for mine, its in ((method.q_u, q_u), (method.p_x.g, g)):
            for key, value in its.state_dict().items():
                assert torch.equal(mine.state_dict()[key], value)


def test_a_run_keeps_the_encoder_of_its_first_stage(tmp_path: Path) -> None:
    run = train("asl.ring", run=tmp_path / "run", device="cpu", quiet=True, **SMALL)
    mi, asl = (artefact.load(run.path / name).method for name in ("mi", "mi_asl"))
    assert isinstance(mi, InformativeEncoder)
    assert isinstance(asl, ImplicitASL)
    assert isinstance(asl.p_x, Regression)
    for key, value in mi.q_u.state_dict().items():
        assert torch.equal(asl.q_u.state_dict()[key], value)
    pairs = zip(mi.g.parameters(), asl.p_x.g.parameters(), strict=True)
    assert not any(torch.equal(before, after) for before, after in pairs)


@pytest.mark.parametrize("density", ["additive", "spline", "mixture", "vae"])
def test_another_density_takes_the_place_of_the_affine_flow(density: str, tmp_path: Path) -> None:
    given = {**SMALL, "density": density, "components": 3}
    run = train("asl.moons", run=tmp_path / "run", device="cpu", quiet=True, **given)
    config = json.loads((run.path / "mi_asl" / "config.json").read_text())
    assert config["arguments"]["kind"] == density
    assert evaluate(run.path, device="cpu")["scores"]["mi_asl/w1"]["value"] > 0


def test_a_mixture_starts_on_the_codes() -> None:
    given = {**SMALL, "density": "mixture", "components": 3}
    stages = build_experiment(find_experiment("asl.ring"), given)
    method, x = stages["mi_asl"].method, stages["mi_asl"].batches(0, 0, 1, "cpu")
    assert isinstance(method, ImplicitASL)
    assert isinstance(method.p_u, GMM)
    before = method.p_u().log_prob(method.q_u(x).sample()).mean()
    initialize_from_source(method, source=stages["mi"].method, x=x)
    assert method.p_u().log_prob(method.q_u(x).sample()).mean() > before


def test_models_see_standardised_rows_and_fresh_ones_are_others() -> None:
    made = build_experiment(find_experiment("asl.swiss_roll"), SMALL)["vae"]
    assert made.space is not None
    x = made.space.transform(made.data["train"].raw_rows())
    torch.testing.assert_close(x.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(x.std(0, correction=0), torch.ones(3))
    points = StandardisedToy(toys.make_swiss_roll, 0, made.data["train"], made.space)
    assert not torch.equal(points.sample_held_out(5, 0), points.sample_held_out(5, 1))
    assert not torch.isin(points.sample_held_out(5, 0), x).any()


def test_densities_of_codes_have_a_rate_of_their_own() -> None:
    stages = build_experiment(find_experiment("asl.ring"), SMALL)
    own = [torch.nn.Parameter(torch.zeros(2))]

    def rate(stage: str, player: str) -> float:
        return stages[stage].engine.optimizers(player, own).defaults["lr"]

    assert (rate("mi_asl", "density"), rate("mi_asl", "generator")) == (1e-3, 5e-3)
    assert (rate("flow", "flow"), rate("vae", "vae")) == (1e-3, 5e-3)
    stages = build_experiment(find_experiment("asl.ring"), {**SMALL, "density_lr": None})
    assert rate("mi_asl", "density") == 5e-3


def test_held_out_codes_have_the_density_that_the_method_says() -> None:
    stages = build_experiment(find_experiment("asl.ring"), SMALL)
    x = torch.randn(50, 2)
    flow = stages["flow"].method
    found = HeldOutDensity(x)(flow)  # pyright: ignore[reportArgumentType]
    expected = -Normal(0, 1).log_prob(x).sum(1)  # couplings start as the identity
    assert found.value == pytest.approx(expected.mean().item(), rel=1e-5)
    method = stages["mi_asl"].method
    assert isinstance(method, ImplicitASL)
    encoder: Any = method.q_u
    with torch.no_grad():
        encoder.network.head.weight.zero_()
        encoder.network.head.bias.fill_(1.0)
    found = HeldOutDensity(x)(method)
    assert found.value == pytest.approx(log(2 * pi) + 1, rel=1e-5)  # of the code (1, 1)


def test_the_best_rate_is_of_all_codes_of_a_density() -> None:
    trials = load_reproduction_maker("asl.densities")("cpu")
    assert trials.choose is not None
    means = {(row.name, column): 1.0 for row in trials.rows for column in row.scores}
    name = tables.describe_trial("spline", 2e-3, "grid")
    means[name, tables.VAE_NLL] = 0.5
    means[name, "flow on x, -log p(x)"] = 9.0  # which is another density
    table = trials.choose(means)
    rates = {row.options["density"]: row.options["density_lr"] for row in table.rows}
    assert rates == {**dict.fromkeys(tables.DENSITY_TITLES, 5e-4), "spline": 2e-3}
    assert (trials.seeds, table.first_seed, table.seeds) == (1, 1, 3)


def test_the_claim_compares_with_another_true_set_and_with_the_vae() -> None:
    means = {
        (row.name, tables.W1): 0.1
        for toy in tables.TOYS
        for row in tables.build_toy_rows(toy, TOY_MODEL_TITLES)
    }
    means |= {(f"{toy}: VAE", tables.W1): 0.3 for toy in ("ring", "circle")}
    assert "circle: holds" in tables.check_toy_distances(means)
    assert "nearer than the VAE on ring, circle" in tables.check_toy_distances(means)
    means["moons: MI-ASL", tables.W1] = 0.26
    assert "does not hold (1.00 on ring, 2.60 on moons" in tables.check_toy_distances(means)


@pytest.mark.parametrize("name", ["figure2", "figure8"])
def test_figures_2_and_8_are_of_the_same_runs(name: str, out: Path) -> None:
    folder = reproduce(f"asl.{name}", seeds=1, out=out, device="cpu", quiet=True, **SMALL)
    assert len(load_reproduction(folder)["rows"]) == 3 * len(tables.TOYS)
    assert "beside the truth" in (folder / "report.html").read_text()
    assert len(list(out.rglob("run.json"))) == len(tables.TOYS)
