"""Experiments of the ADGM paper on sets that are written here as the official ones are."""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat
from sklearn.datasets import load_digits

from auxgen.builders import Recipe
from auxgen.data import images
from auxgen.data.augmentation import apply_corruptions, binarise, dequantise
from auxgen.data.dataset import Preprocessor
from auxgen.data.fitting import fit_preprocessor
from auxgen.data.labels import sample_rows_per_class
from auxgen.engine.settings import Engine, adam
from auxgen.errors import InputError
from auxgen.evaluation import catalogue
from auxgen.evaluation.likelihood import Elbo
from auxgen.experiments.adgm import figures, study_tables, tables
from auxgen.experiments.adgm.budgets import DIGITS_PLAN
from auxgen.experiments.adgm.splits import (
    make_semi_supervised_data,
    sample_calibration_rows,
    see_warped_pixels,
)
from auxgen.experiments.adgm.stages import make_dgm_recipe, make_semi_supervised_stage
from auxgen.experiments.adgm.table2 import (
    compute_channel_std,
    concat_datasets,
    make_authors_rate,
    make_dequantised_data,
    make_pixel_space,
)
from auxgen.experiments.option_values import build_experiment, list_options, resolve_options
from auxgen.experiments.registry import find_experiment, list_experiments
from auxgen.experiments.runs import update_old_options
from auxgen.launch import draw_pictures, evaluate, train
from auxgen.methods.adgm import AuxiliaryDGM
from auxgen.reproduction import load_reproduction, reproduce

pytestmark = pytest.mark.usefixtures("few_draws", "coarse_pictures")

SIDE = 96
STEMS = {
    "train": "smallnorb-5x46789x9x18x6x2x96x96-training",
    "test": "smallnorb-5x01235x9x18x6x2x96x96-testing",
}


def svhn(folder: Path, name: str, n: int, seed: int) -> None:
    x = np.random.default_rng(seed).integers(0, 256, (32, 32, 3, n), dtype=np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / f"{name}_32x32.mat", {"X": x, "y": (np.arange(n) % 10 + 1)[:, None]})


def norb(folder: Path, part: str, n: int) -> None:
    pairs = np.random.default_rng(n).integers(0, 256, (n, 2, SIDE, SIDE), dtype=np.uint8)
    contents = {
        "dat": (0x1E3D4C55, pairs, "u1"),
        "cat": (0x1E3D4C54, np.arange(n) % 5, "<i4"),
        "info": (0x1E3D4C54, np.tile([[4, 0, 0, 0]], (n, 1)), "<i4"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (magic, entries, kind) in contents.items():
        sizes = [*entries.shape, *[1] * (3 - entries.ndim)]
        head = struct.pack(f"<ii{len(sizes)}i", magic, entries.ndim, *sizes)
        (folder / f"{STEMS[part]}-{name}.mat").write_bytes(head + entries.astype(kind).tobytes())


def mnist(folder: Path) -> None:
    grey, y = load_digits(return_X_y=True)
    for i in range(400):
        file = folder / ("train" if i < 300 else "test") / str(y[i]) / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = (grey[i].reshape(8, 8) * 255 / 16).astype(np.uint8)
        Image.fromarray(pixels).resize((28, 28)).save(file)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small sets in the official formats of SVHN and NORB, and an `mnist`."""
    root = tmp_path_factory.mktemp("sets")
    for seed, (name, n) in enumerate({"train": 60, "test": 20, "extra": 30}.items()):
        svhn(root / "svhn", name, n, seed)
    norb(root / "small_norb", "train", 50)
    norb(root / "small_norb", "test", 15)
    mnist(root / "mnist")
    return root


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUXGEN_DATA", str(home))


SMALL: dict[str, Any] = {"hidden": 8, "latent": 2, "batch": 20}


def of(name: str, tmp_path: Path, **given: Any) -> tuple[Any, dict[str, Any]]:
    run = train(name, run=tmp_path / "run", device="cpu", quiet=True, epochs=1, **given)
    return run, evaluate(run.path, device="cpu")["scores"]


@pytest.mark.parametrize("extra", [True, False])
def test_svhn_is_learned_with_and_without_its_extra_images(extra: bool, tmp_path: Path) -> None:
    run, scores = of("adgm.svhn", tmp_path, extra=extra, labels_per_class=3, **SMALL)
    assert scores["sdgm/test_error"]["n"] == 20
    facts = run.config["facts"]["sdgm"]
    assert facts["data"] == ("svhn/train+svhn/extra" if extra else "svhn/train")
    assert max(facts["labelled_rows"]) < 60
    shown = {file.stem for file in draw_pictures(run.path)}
    names = ("samples by class", "analogies", "auxiliary space", "units")
    assert shown == {f"sdgm-{name}" for name in names}


@pytest.mark.parametrize("single", [True, False])
def test_norb_is_learned_from_pairs_and_from_single_images(single: bool, tmp_path: Path) -> None:
    run, scores = of(
        "adgm.norb", tmp_path, single=single, labels_per_class=4, model="adgm", **SMALL
    )
    assert scores["adgm/test_error"]["n"] == (30 if single else 15)
    assert len(run.config["facts"]["adgm"]["labelled_rows"]) == 20


def test_rows_are_spread_over_a_grey_level_and_seen_in_units_of_their_channel() -> None:
    train = images.load_image_dataset("svhn", "train")
    space = make_pixel_space(train, scale=compute_channel_std(train))
    raw = train.raw_rows()
    exact = raw.double().std((0, 2, 3), correction=0).repeat_interleave(1024)
    torch.testing.assert_close(torch.tensor(space.scale).double(), exact, rtol=1e-5, atol=0)
    data = make_dequantised_data(train, train, space, torch.arange(4))
    assert data.x_unlabelled.dtype == torch.uint8
    generator = torch.Generator().manual_seed(0)
    seen = data.corruption(raw.flatten(1), generator)
    off = (seen - data.x_test) * torch.tensor(space.scale) * 255
    assert off.abs().max() < 0.5 + 1e-3
    assert off.mean().abs() < 0.01
    assert off.var().item() == pytest.approx(1 / 12, rel=0.02)


def test_noise_of_a_grey_level_is_uniform_about_the_pixel() -> None:
    """Mean x, variance 1/12 of a squared level, inside half a level: those of U(-1/2, 1/2)."""
    x = torch.full((40_000, 2), 0.25, dtype=torch.float64)
    shift, scale = torch.tensor([0.1, 0.0]).double(), torch.tensor([2.0, 1.0]).double()
    found = dequantise(x, torch.Generator().manual_seed(0), shift, scale)
    level = (found * scale + shift - 0.25) * 255
    assert level.abs().max() <= 0.5
    assert level.mean().item() == pytest.approx(0, abs=0.005)
    assert level.var().item() == pytest.approx(1 / 12, rel=0.02)


def test_images_of_another_shape_cannot_join() -> None:
    with pytest.raises(InputError, match="differ in their pictures"):
        concat_datasets(
            images.load_image_dataset("svhn", "train"), images.load_image_dataset("mnist", "train")
        )


def test_m2_is_measured_on_validation_rows_that_it_was_not_trained_on(tmp_path: Path) -> None:
    run, scores = of("adgm.m2_pyro", tmp_path, **SMALL, valid_rows=50)
    assert scores["m2/validation_error"]["n"] == 50
    assert "validation split" in scores["m2/validation_error"]["protocol"]
    assert max(run.config["facts"]["m2"]["labelled_rows"]) < 250


def test_m2_is_held_against_the_tutorials_accuracies() -> None:
    means = {
        (study_tables.format_label_count(n), study_tables.ERROR): 100 - x
        for n, x in study_tables.PYRO_ACCURACIES.items()
    }
    means[study_tables.format_label_count(600), study_tables.ERROR] += 0.5
    said = study_tables.check_pyro_accuracies(means)
    assert said.count(": holds") == 3
    assert "600 labels: does not hold (93.87 % right against 94.37)" in said


def test_table_2_leaves_out_sets_that_are_not_at_hand(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert any("SVHN" in row.name for row in tables.make_table2("cpu").rows)
    assert any("NORB" in row.name for row in tables.make_table2("cpu").rows)
    (tmp_path / "mnist").symlink_to(home / "mnist")
    monkeypatch.setenv("AUXGEN_DATA", str(tmp_path))
    names = [row.name for row in tables.make_table2("cpu").rows]
    assert not any("SVHN" in name or "NORB" in name for name in names)
    assert {"M1+M2", "M2", "ADGM, deterministic a", "ADGM", "SDGM"} <= set(names)


def test_kl_of_each_unit_is_that_of_the_whole_split_up() -> None:
    """The units' KLs sum to the KLs of the joint diagonal Gaussians, in closed form."""
    torch.manual_seed(0)
    sizes = {"x": 6, "classes": 3, "hidden": [8], "a": 2, "z": 4, "alpha": 1.0, "prior_rows": 9}
    for name in ("adgm", "sdgm", "adgm_uninformed"):
        m = Recipe(name, sizes).build().double().eval()
        assert isinstance(m, AuxiliaryDGM)
        x = torch.rand(50, 6, dtype=torch.float64)
        torch.manual_seed(1)
        found = figures.measure_kl_per_unit(m, x)
        torch.manual_seed(1)
        q_a = m.q_a(x)
        a = q_a.rsample()
        y = torch.eye(3, dtype=torch.float64)[m.q_y(a, x).probs.argmax(-1)]
        q_z = m.q_z(a, y, x)
        p_a = m.p_a(y, q_z.rsample()) if name == "sdgm" else m.p_a(x, y, q_z.rsample())
        v, s = q_z.variance, p_a.variance
        kl_z = 0.5 * (q_z.mean**2 + v - v.log() - 1).mean(0)
        ratio = (q_a.variance + (q_a.mean - p_a.mean) ** 2) / s
        kl_a = 0.5 * (ratio - 1 + s.log() - q_a.variance.log()).mean(0)
        torch.testing.assert_close(found["z"], kl_z)
        torch.testing.assert_close(found["a"], kl_a)


@pytest.mark.parametrize(
    ("name", "last", "options"),
    [
        ("adgm.norb", "NORB: SDGM, single images", {**SMALL, "labels_per_class": 4}),
        pytest.param(
            *("adgm.svhn", "SVHN: SDGM, no extra", {**SMALL, "labels_per_class": 2}),
            marks=pytest.mark.slow,
        ),
        ("adgm.m2_pyro", "100 labels", {**SMALL, "valid_rows": 50}),
        ("adgm.table2", "SDGM", {"hidden": 8, "latent": 2}),
    ],
)
def test_a_reproduction_is_tabled(
    name: str,
    last: str,
    options: dict[str, Any],
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = {100: study_tables.PYRO_ACCURACIES[100]}
    monkeypatch.setattr(study_tables, "PYRO_ACCURACIES", few)
    if name == "adgm.table2":  # with MNIST alone, and all codes of an M1 that has learned nothing
        (tmp_path / "mnist").symlink_to(home / "mnist")
        monkeypatch.setenv("AUXGEN_DATA", str(tmp_path))
        m1_m2 = tables.make_m1_m2("cpu")
        every = [replace(r, options={**r.options, "keep_above": 0.0}) for r in m1_m2.rows]
        kept = replace(m1_m2, rows=every)
        monkeypatch.setattr(tables, "make_m1_m2", lambda budget: kept)
    given: dict[str, Any] = {"device": "cpu", "quiet": True, "epochs": 1, **options}
    out = reproduce(name, seeds=1, out=tmp_path / "out", **given)
    found = load_reproduction(out)["rows"]
    assert [row["name"] for row in found][-1] == last
    assert all(np.isfinite(c["mean"]) for row in found for c in row["columns"].values())
    assert (out / "table.png").exists()


def test_rows_for_a_temperature_are_not_those_whose_labels_are_learned() -> None:
    train = images.load_image_dataset("mnist", "train")
    shown = sample_rows_per_class(train.y, 10, 0)
    held = sample_calibration_rows(train, shown, 5, 0)
    assert held is not None
    assert not set(held.tolist()) & set(shown.tolist())
    assert train.y[held].bincount().tolist() == [5] * 10
    every = sample_calibration_rows(train, shown, 1000, 0)
    assert every is not None
    counts = train.y.bincount() - 10
    assert train.y[every].bincount().tolist() == [int(counts.min())] * 10
    few = train[shown]
    assert sample_calibration_rows(few, torch.arange(len(few)), 5, 0) is None


def test_mnist_is_told_what_its_probabilities_are_worth(tmp_path: Path) -> None:
    given: dict[str, Any] = {"hidden": 16, "latent": 4, "hold": 0.5, "labelled_bound": "marginal"}
    given["warm_up"] = 0.5
    _, scores = of("adgm.mnist_100", tmp_path, model="adgm", **given)
    assert scores["adgm/accuracy_of_surest"]["n"] == 90
    held = scores["adgm/temperature"]["detail"]
    assert held["nll_tempered"] <= held["nll"]
    said = scores["adgm/label_nll_tempered"]["protocol"]
    assert "training rows whose labels training does not see" in said
    assert {"adgm/label_nll", "adgm/calibration_error_tempered"} <= scores.keys()


def test_warped_digits_are_bits_of_the_pixels_that_the_model_sees(home: Path) -> None:
    entry = find_experiment("adgm.mnist_100")
    (plain,) = build_experiment(entry, {"model": "m2"}).values()
    (warped,) = build_experiment(entry, {"model": "m2", "warp": 1.0}).values()
    before, after = (stage.batches(0, 0, 1, "cpu") for stage in (plain, warped))
    assert all(map(torch.equal, before, after[:3]))  # the bound is on what it would be on
    again = warped.batches(0, 0, 1, "cpu")
    for x, seen, twice in zip((after[0], after[2]), after[3:], again[3:], strict=True):
        assert torch.equal(seen, twice)  # a round that is played again is the same
        assert seen.shape == x.shape
        assert set(seen.unique().tolist()) == {0.0, 1.0}
        assert (seen != x).any(1).all()
    white = torch.ones(3, torch.Size(plain.space.shape).numel())
    kept = see_warped_pixels(white, torch.Generator().manual_seed(0), plain.space, 0.0)
    assert kept.shape == (3, plain.space.width)
    assert (kept == 1).all()
    with pytest.raises(InputError, match=r"^warp is -1"):
        build_experiment(entry, {"warp": -1.0})


REFUSED_AT_0 = (
    "lr",
    "hidden",
    "latent",
    "batch",
    "draws",
    "labels_per_class",
    "hidden_above",
    "classes_summed",
    "iwae_weights",
    "stochastic_layers",
    "test_rows",
    "importance_samples",
    "valid_rows",
)
OURS = [name for name in list_experiments() if name.startswith(("adgm.", "vae."))]


def few_rows(name: str, home: Path) -> dict[str, Any]:
    """Options with which an experiment of ours is built of the small sets."""
    own: dict[str, dict[str, Any]] = {
        "adgm.norb": {"labels_per_class": 4},
        "adgm.svhn": {"labels_per_class": 2},
        "adgm.own": {"data": home / "mnist"},
        "adgm.m2_pyro": {"valid_rows": 50},
        "adgm.table1": {"stochastic_layers": 2},
    }
    return own.get(name, {})


@pytest.mark.parametrize("name", OURS)
def test_0_is_refused_in_one_sentence_or_taken_as_0(name: str, home: Path) -> None:
    entry = find_experiment(name)
    given = few_rows(name, home)
    known = {option.name for option in list_options(entry)}
    refused = known.intersection(REFUSED_AT_0)
    assert {"lr", "batch"} <= refused
    for option in refused:
        with pytest.raises(InputError) as found:
            build_experiment(entry, {**given, option: 0})
        said = str(found.value)
        assert "0" in said, option
        assert said.endswith((".", "?")), option
        assert "\n" not in said, option
    with pytest.raises(InputError, match=r"^lr is 0.0; a number above 0 is expected"):
        build_experiment(entry, {**given, "lr": 0.0})
    zero = dict.fromkeys(known & {"epochs", "average", "monitor_epochs", "held_out_rows"}, 0)
    zero |= dict.fromkeys(known & {"warm_up", "warm_up_steps", "warm_up_share"}, 0)
    zero |= {} if "epochs" in known else {"steps": 1}  # no round is no training
    stage = list(build_experiment(entry, {**given, **zero}).values())[-1]
    assert stage.engine.steps == (0 if "epochs" in known else 1)
    assert stage.engine.average == 0
    assert stage.recipe.arguments.get("warm_up", 0) == 0
    if "monitor_epochs" in known:
        assert stage.monitor is None
    if "classification_weight" in known:
        weightless = build_experiment(entry, {**given, **zero, "classification_weight": 0})
        assert list(weightless.values())[-1].recipe.arguments["alpha"] == 0


def test_a_run_of_no_rounds_is_a_run(tmp_path: Path) -> None:
    given: dict[str, Any] = {"epochs": 0, "hidden": 8, "latent": 2, "device": "cpu", "quiet": True}
    run = train("adgm.mnist_100", run=tmp_path / "run", **given)
    assert run.trained_stages() == ["sdgm"]
    assert evaluate(run.path, device="cpu")["scores"]["sdgm/test_error"]["n"] == 100


def test_the_authors_rate_falls_in_runs_of_fewer_than_five_rounds(tmp_path: Path) -> None:
    given: dict[str, Any] = {"budget": "paper", "epochs": 1, "hidden": 8, "latent": 2}
    engine = build_experiment(find_experiment("adgm.mnist_100"), given)["sdgm"].engine
    assert engine.steps == 3
    rates = [engine.learning_rate(torch.tensor(step)).item() for step in range(3)]
    assert rates == [1, 0.75, 0.75**2]
    ten = [make_authors_rate(10)(torch.tensor(step)).item() for step in range(10)]
    assert ten == pytest.approx([0.75 ** (step // 2) for step in range(10)])
    run = train("adgm.mnist_100", run=tmp_path / "run", device="cpu", quiet=True, **given)
    assert run.trained_stages() == ["sdgm"]


def test_a_model_of_bits_is_one_by_its_space_whatever_draws_the_bits() -> None:
    train, test = (images.load_image_dataset("digits", part) for part in ("train", "test"))
    space = fit_preprocessor(train, binary=True)
    rows = sample_rows_per_class(train.y, 5, 0)
    twice = partial(apply_corruptions, corruptions=(binarise,))
    data = make_semi_supervised_data(train, test, space, rows, corruption=twice)
    recipe = make_dgm_recipe(DIGITS_PLAN, data, likelihood="bernoulli")
    stage = make_semi_supervised_stage(recipe, data, Engine(1, adam(1e-3)), batch=5, seed=0)
    listed = stage.evaluations["elbo"]
    named = catalogue.select_evaluations(
        {"a": replace(stage, evaluations={})}, ["elbo"], split="test", rows=9
    )["a"]["elbo"]
    for found in (listed, named):
        assert isinstance(found, Elbo)
        assert found.binarised_seed == 0


def test_bits_stand_in_the_json_of_a_space_where_there_are_any() -> None:
    train = images.load_image_dataset("digits", "train")
    grey, bits = (fit_preprocessor(train, binary=binary) for binary in (False, True))
    assert "binary" not in grey.to_json()
    assert bits.to_json() == {**grey.to_json(), "binary": True}
    assert all(Preprocessor.from_json(space.to_json()) == space for space in (grey, bits))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("m2_pyro", {"labels": 600, "warm_up": 12.0, "epochs": None}, {"warm_up_share": 0.75}),
        ("m2_pyro", {"labels": 100, "warm_up": 12.0, "epochs": 48.0}, {"warm_up_share": 0.25}),
        ("m2_pyro", {"labels": 100, "budget": "paper", "warm_up": 50.0}, {"warm_up_share": 0.25}),
        ("mnist_100", {"plain_start": True, "held_out": True}, {"preset": "equal"}),
        ("mnist_100", {"held_out": True, "monitor": 2.0}, {"held_out_rows": 10_000}),
        ("norb", {"labels": 500}, {"labels_per_class": 100}),
        ("potential", {"draws": 7, "start": 0.3}, {"batch": 7, "energy_from": 0.3}),
    ],
)
def test_options_of_earlier_versions_have_new_names(
    name: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    found = update_old_options(find_experiment(f"adgm.{name}"), old)
    assert new.items() <= found.items()


def test_an_option_that_is_gone_is_refused_with_what_to_give_instead() -> None:
    for name, said in {
        "labels": "give the labels of one class as 'labels_per_class'",
        "warm_up": "give the share of the run as 'warm_up_share'",
    }.items():
        with pytest.raises(InputError, match=f"'{name}' of adgm.m2_pyro is gone; {said}"):
            resolve_options(find_experiment("adgm.m2_pyro"), {name: 1})
    with pytest.raises(InputError, match="digits is called 'classification_weight' now"):
        resolve_options(find_experiment("adgm.digits"), {"beta": 0.1})
