"""Denoising feature matching, at a budget of seconds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import pytest
import torch
from PIL import Image

from auxgen import model as artefact
from auxgen.data.images import load_image_dataset
from auxgen.errors import InputError
from auxgen.experiments.common import Budget
from auxgen.experiments.dfm import plans, sets, tables
from auxgen.experiments.dfm.plans import ARCHITECTURES, Objective
from auxgen.experiments.dfm.rows import (
    FD,
    MODES,
    OBJECTIVE_TITLES,
    QUALITY,
    RING_COLUMNS,
    SCORE,
    SHARE,
)
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment, load_reproduction_maker
from auxgen.experiments.runs import update_old_options
from auxgen.launch import draw_pictures, evaluate, train
from auxgen.method import Extracts, Samples
from auxgen.methods.dfm import DenoisingGAN
from auxgen.methods.gan import GAN
from auxgen.methods.historical_averaging import HistoricalAveraging
from auxgen.reproduction import load_reproduction, reproduce
from auxgen.runs.folder import Run
from auxgen.runs.metrics_file import MetricsFile
from auxgen.stage import Experiment

OBJECTIVES = get_args(Objective)
SMALL: dict[str, Any] = {"steps": 10, "batch": 16, "width": 8}
TINY: dict[str, Any] = {"data": "digits", "epochs": 0.05, "batch": 16, "measured_samples": 40}
TINY |= {"denoiser_depth": 1, "denoiser_width": 8}


def build(name: str, **options: Any) -> Experiment:
    return build_experiment(find_experiment(name), options)


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 rows and samples of the ring, and 40 watched of any set."""
    monkeypatch.setattr(sets, "ModeCoverage", partial(sets.ModeCoverage, n=200))
    monkeypatch.setattr(sets, "RING_ROWS", 200)
    monkeypatch.setattr(sets, "WATCHED", 40)


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
    wanted = {f"{objective}/{score}" for score in RING_COLUMNS.values()}
    assert scores.keys() == wanted
    watched = [
        line for line in MetricsFile(run.path / "metrics.jsonl").read_lines() if "scores" in line
    ]
    assert [line["step"] for line in watched] == list(range(1, 11))
    assert draw_pictures(run.path)
    method = artefact.load(run.path / objective).method
    assert isinstance(method, DenoisingGAN if "dfm" in objective else GAN)
    assert isinstance(method, Samples)
    assert method.sample(7).shape == (7, 2)


def test_objectives_differ_by_weights_and_by_the_denoiser() -> None:
    weights = {}
    for objective in OBJECTIVES:
        method = build("dfm.ring", objective=objective, **SMALL)[objective].method
        denoising = getattr(method, "denoising", 0.0)
        weights[objective] = (method.adversarial, method.matching, denoising)
    assert weights == {
        "gan": (1, 0, 0),
        "fm": (0, 1, 0),
        "gan_fm": (1, 1, 0),
        "dfm": (1, 0, 0.03),
        "fm_dfm": (1, 1, 0.03),
    }


def test_all_players_descend_as_in_the_paper() -> None:
    stages = build("dfm.cifar10", data="digits", architecture="small", budget="paper")
    engine = stages["dfm"].engine
    optimizer = engine.optimizers("denoiser", [torch.nn.Parameter(torch.zeros(2))])
    assert optimizer.defaults["lr"] == 1e-4
    assert optimizer.defaults["betas"] == (0.5, 0.999)
    assert engine.average == 0


def test_players_may_have_rates_of_their_own() -> None:
    given = {**SMALL, "lr": 3e-4, "discriminator_lr": 1e-4, "denoiser_lr": 2e-3}
    engine = build("dfm.ring", **given)["dfm"].engine
    own = [torch.nn.Parameter(torch.zeros(2))]
    rates = {p: engine.optimizers(p, own).defaults["lr"] for p in ("generator", "denoiser")}
    assert rates == {"generator": 3e-4, "denoiser": 2e-3}
    assert engine.optimizers("discriminator", own).defaults["lr"] == 1e-4
    with pytest.raises(InputError, match="denoiser_lr is 0"):
        build("dfm.ring", **SMALL, denoiser_lr=0.0)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("anneal_noise", True),
        ("denoiser_depth", 4),
        ("denoiser_norm", "running"),
        ("denoiser_width", 5),
        ("feature_noise", 0.3),
        ("l1_matching", True),
        ("spectral_norm", True),
    ],
)
def test_every_ablation_changes_its_own_thing(option: str, value: Any) -> None:
    plain = build("dfm.ring", **SMALL)["dfm"].recipe
    other = build("dfm.ring", **SMALL, **{option: value})["dfm"].recipe
    assert plain is not None
    assert other is not None
    changed = {k for k, v in other.arguments.items() if plain.arguments[k] != v}
    arguments = {"anneal_noise": "annealed", "feature_noise": "noise", "l1_matching": "l1"}
    arguments |= {"denoiser_norm": "norm", "spectral_norm": "sizes"}
    assert changed == {arguments.get(option, "denoiser")}
    widths = {"denoiser_depth": [8] * 4, "denoiser_width": [5, 5]}
    assert other.arguments["denoiser"] == widths.get(option, [8, 8])


def test_historical_averaging_is_a_game_around_the_game(tmp_path: Path) -> None:
    given = {**SMALL, "history_weight": 0.1}
    run = train("dfm.ring", run=tmp_path / "run", device="cpu", quiet=True, **given)
    method = artefact.load(run.path / "dfm").method
    assert isinstance(method, HistoricalAveraging)
    assert method.penalised_players == ("discriminator", "generator")
    last = MetricsFile(run.path / "metrics.jsonl").read_lines()[-1]
    assert (run.path / "dfm").is_dir()
    assert last["stage"] == "dfm"


@pytest.mark.parametrize("objective", ["gan", "fm_dfm"])
def test_images_are_generated_and_measured(objective: str, features: Path, tmp_path: Path) -> None:
    given = {**TINY, "objective": objective, "extractor": str(features)}
    if objective == "gan":
        given["measured_epochs"] = (0.02, 0.05, 7.0)
    run = train("dfm.fashion", run=tmp_path / "run", device="cpu", quiet=True, **given)
    scores = evaluate(run.path, device="cpu")["scores"]
    for score in ("CS(features.run)", "FD(features.run)", "recall(features.run)", "duplicates"):
        assert np.isfinite(scores[f"{objective}/{score}"]["value"])
    assert 1 <= scores[f"{objective}/CS(features.run)"]["value"] <= 10
    real = scores[f"{objective}/CS(features.run) of real images"]
    assert real["n"] == 500
    assert "class score, 125 groups of 4; the 500 test images themselves" in real["protocol"]
    assert "class score, 10 groups of 4;" in scores[f"{objective}/CS(features.run)"]["protocol"]
    lines = MetricsFile(run.path / "metrics.jsonl").read_lines()
    watched = [line["step"] for line in lines if "CS(features.run)" in line.get("scores", {})]
    assert watched == ([2, 4] if objective == "gan" else [])
    model = artefact.load(run.path / objective)
    assert model.space.shift == model.space.scale == (0.5,)
    assert draw_pictures(run.path)


def test_settings_are_chosen_on_rows_that_are_held_out() -> None:
    plain, stage = (build("dfm.digits", **TINY, held_out_rows=n)["dfm"] for n in (0, 297))
    assert list(plain.data) == ["train", "test"]
    assert list(stage.data) == ["train", "validation"]
    x = plain.data["train"].x
    assert torch.equal(stage.data["train"].x, x[:-297])
    assert torch.equal(stage.data["validation"].x, x[-297:])
    for name in ("variety", "samples", "real"):
        shown = cast(Any, stage.evaluations[name]).real
        assert torch.equal(shown.x, x[-297:][: len(shown)])
    with pytest.raises(InputError, match="held_out_rows is 1297 and digits/train has 1297 rows"):
        build("dfm.digits", **TINY, held_out_rows=1297)


def test_images_are_seen_between_minus_one_and_one() -> None:
    stage = build("dfm.digits", **TINY)["dfm"]
    x = stage.batches(0, 0, 1, "cpu")
    assert x.shape == (16, 1, 8, 8)
    assert (x.amin(), x.amax()) == (-1, 1)
    assert stage.space is not None
    back = stage.space.inverse_transform(x)
    rows = stage.batches.sampler(0)  # pyright: ignore[reportAttributeAccessIssue]
    torch.testing.assert_close(back, stage.data["train"].raw_rows()[rows])


@pytest.mark.parametrize("name", ["dfm.digits", "dfm.fashion", "dfm.cifar10"])
@pytest.mark.parametrize("budget", ["cpu", "paper"])
def test_every_budget_makes_a_game(name: str, budget: str) -> None:
    given = {**TINY, "budget": budget, "architecture": "small"}
    method = build(name, **given)["dfm"].method
    assert isinstance(method, DenoisingGAN)
    assert isinstance(method, Extracts)
    assert method.features(torch.zeros(3, 1, 8, 8)).shape == (3, ARCHITECTURES["small"].n_h(8))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"denoiser_depth": 0}, "denoiser_depth is 0"),
        ({"denoiser_width": 0}, "denoiser_width is 0"),
        ({"feature_noise": -1.0}, "feature_noise is -1.0; 0 or more is expected"),
        ({"denoising_weight": -0.1}, "denoising_weight is -0.1; 0 or more is expected"),
        ({"batch": 1}, "batch is 1"),
        ({"lr": 0.0}, "lr is 0.0"),
    ],
)
def test_what_cannot_be_trained_is_told_in_a_sentence(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        build("dfm.ring", **{**SMALL, **given})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "columns", "given"),
    [
        ("ring_study", RING_COLUMNS, {"steps": 1, "batch": 16, "width": 8}),
        (
            "ablations",
            tables.ABLATION_COLUMNS,
            {"epochs": 0.05, "batch": 16, "measured_samples": 40},
        ),
    ],
)
def test_a_reproduction_trains_and_measures_each_row(
    name: str,
    columns: Mapping[str, str],
    given: Mapping[str, Any],
    features: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "features.digits").symlink_to(features)
    monkeypatch.setenv("AUXGEN_WEIGHTS", str(tmp_path / "weights"))
    out, lines = tmp_path / "out", {"ring_study": 4, "ablations": 13}[name]
    reproduce(f"dfm.{name}", seeds=1, out=out, device="cpu", quiet=True, **given)
    table = load_reproduction(out)
    assert len(table["rows"]) == lines
    for row in table["rows"]:
        own = {SHARE} if "dfm" in row["options"]["objective"] else set()
        assert row["columns"].keys() == columns.keys() | own
    assert (out / "report.html").is_file()
    assert len(list(out.rglob("run.json"))) == lines
    assert ("GAN" in table["claim"]) == (name == "ring_study")


def test_the_variants_differ_from_denoising_feature_matching_in_one_thing_each() -> None:
    rows = tables.make_ablations("cpu").rows
    assert [row.options["objective"] for row in rows[:5]] == list(OBJECTIVES)
    assert all(len(row.options) == 2 and row.options["objective"] == "dfm" for row in rows[5:])
    assert len({str(row.options) for row in rows}) == len(rows) == 13
    for row in rows[5:]:
        recipes = [build("dfm.digits", **given)["dfm"].recipe for given in ({}, row.options)]
        assert recipes[0] is not None
        assert recipes[1] is not None
        first, second = (recipe.arguments for recipe in recipes if recipe)
        assert sum(first[k] != second[k] for k in first) == 1, row.name


def test_the_claims_are_of_the_means() -> None:
    study = {
        (t, c): v
        for t in OBJECTIVE_TITLES.values()
        for c, v in (("modes of 8", 7.0), ("high quality", 70.0))
    }
    said = tables.check_modes_found(study)
    assert "modes of 8 at least 6: holds (7.0; GAN 7.0, feature" in said
    assert "high quality at least 75: does not hold" in said
    means = {(title, SCORE): 6.0 for title in OBJECTIVE_TITLES.values()}
    assert ": holds" in tables.check_class_score_loss(means)
    means[OBJECTIVE_TITLES["dfm"], SCORE] = 5.7
    assert "does not hold (5.70 against 6.00)" in tables.check_class_score_loss(means)


@pytest.mark.parametrize(
    ("name", "best"),
    [("weights", {FD: 1.0}), ("ring_weights", {MODES: 8.0, QUALITY: 70.0})],
)
def test_a_sweep_confirms_its_best_cell_by_fresh_seeds(name: str, best: dict[str, float]) -> None:
    """Trials are on held-out rows, and neither of their baselines can be chosen."""
    trials = load_reproduction_maker(f"dfm.{name}")("cpu")
    assert trials.choose is not None
    assert len(trials.rows) == 2 + 15
    held = [row.options.get("held_out_rows") for row in trials.rows]
    assert held == [297 if name == "weights" else None] * 17
    worse = {FD: 2.0} if FD in best else {MODES: 8.0, QUALITY: 60.0}
    means = {(row.name, c): v for row in trials.rows for c, v in worse.items()}
    means |= {("GAN", c): v for c, v in ({FD: 0.5} if FD in best else {MODES: 8.5}).items()}
    means |= {("weight 3, sigma 0.3", c): v for c, v in best.items()}
    table = trials.choose(means)
    assert (trials.seeds, table.first_seed, table.seeds) == (3, 3, 10)
    cells = [row.options for row in table.rows if "denoising_weight" in row.options]
    assert cells == [
        {"objective": o, "denoising_weight": 3.0, "feature_noise": 0.3} for o in ("dfm", "fm_dfm")
    ]
    names = {row.name for row in table.rows}
    assert all(set(pair) <= names for pair in table.differences)


def test_table_1_asks_for_scores_that_runs_have(features: Path, tmp_path: Path) -> None:
    given = {**TINY, "objective": "gan", "extractor": str(features)}
    run = train("dfm.digits", run=tmp_path / "run", device="cpu", quiet=True, **given)
    evaluate(run.path, device="cpu")
    have = Run(run.path).read_scores()["scores"].keys()
    rows = [r for r in tables.make_table1("cpu").rows if r.options["objective"] == "gan"]
    assert len(rows) == 2
    for row in rows:
        for score in row.scores.values():
            assert score.replace("features.digits", "features.run") in have


def test_samples_are_shown_beside_rows_that_were_not_learned(tmp_path: Path) -> None:
    shown = []
    for name, given in (("dfm.ring", SMALL), ("dfm.digits", TINY)):
        stage = build(name, **given)["dfm"]
        file = tmp_path / name / "samples.png"
        stage.pictures["samples"](stage.method.eval(), file)
        shown.append(np.asarray(Image.open(file).convert("RGB")))
    cloud, grids = shown
    blue = np.array([0x00, 0x72, 0xB2])
    assert (np.abs(cloud.astype(int) - blue).sum(-1) < 200).any()
    assert grids.shape[1] > 1.8 * grids.shape[0]
    left, right = np.split(grids[:, : grids.shape[1] // 2 * 2], 2, axis=1)
    assert left.std() > 0
    assert right.std() > 2 * left.std()  # an untrained generator is grey, real digits are not


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_architecture_brings_its_own_denoiser(architecture: plans.ArchitectureName) -> None:
    plan = sets.make_stl10_plan("paper", architecture)
    wanted = ARCHITECTURES[architecture]
    assert plan.architecture == architecture
    assert plan.denoiser_depth == wanted.denoiser_depth
    assert plan.denoiser_width == wanted.denoiser_width
    assert (plan.data, plan.epochs) == ("stl10", 50)


@pytest.mark.parametrize(
    "budgets",
    [plans.DIGITS, plans.FASHION, plans.CIFAR10, plans.STL10, plans.IMAGENET32],
)
@pytest.mark.parametrize("budget", ["cpu", "paper"])
def test_a_budgets_denoiser_is_that_of_its_architecture(
    budgets: Mapping[Budget, plans.DfmImagePlan], budget: Budget
) -> None:
    make_plan, plan = plans.make_plan_maker(budgets), budgets[budget]
    assert make_plan(budget, plan.architecture) == make_plan(budget, None) == plan


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(InputError, match="no architecture 'smal'; did you mean 'small'"):
        build("dfm.digits", architecture="smal")


@pytest.mark.parametrize("name", ["dfm.digits", "dfm.ring"])
def test_a_denoiser_is_as_wide_as_its_input_where_no_width_is_given(name: str) -> None:
    small = SMALL if name == "dfm.ring" else {"epochs": 0.1}
    recipe = build(name, **small, denoiser_width=None)["dfm"].recipe
    assert recipe is not None
    assert recipe.arguments["denoiser"] == ([8, 8] if name == "dfm.ring" else [128, 128])


def test_options_of_the_first_version_that_were_0_for_the_architectures_own() -> None:
    entry = find_experiment("dfm.digits")
    assert update_old_options(entry, {"depth": 0, "denoiser_width": 0, "z": None}) == {}
    assert update_old_options(entry, {"depth": 3, "train": "a"}) == {
        "denoiser_depth": 3,
        "train_split": "a",
    }
    with pytest.raises(InputError, match="gone; it is called 'denoiser_depth' now"):
        build("dfm.digits", depth=3)


@pytest.mark.parametrize(
    ("name", "given", "extractor"),
    [
        ("dfm.digits", {}, "features.digits"),
        ("dfm.fashion", {"data": "digits"}, "features.digits"),
        ("dfm.tiny_imagenet", {"data": "digits", "size": None}, "features.digits"),
        ("dfm.cifar10", {"data": "digits", "extractor": "other"}, "other"),
        ("dfm.cifar10", {"data": "cifar10"}, "cifar10-resnet56"),
        ("dfm.cifar10", {"data": "pictures"}, "cifar10-resnet56"),
        ("dfm.fashion", {"data": "cifar10"}, "features.cifar10"),
        ("dfm.fashion", {"data": "pictures"}, None),
    ],
)
def test_scores_are_in_the_features_that_fit_the_data(
    name: str, given: dict[str, Any], extractor: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = load_image_dataset("digits")
    monkeypatch.setattr(sets, "load_image_dataset", lambda *_, **__: digits)
    evaluations = build(name, **{**TINY, "architecture": "small", **given})["dfm"].evaluations
    found = evaluations.get("samples")
    assert getattr(found, "extractor", None) == extractor
