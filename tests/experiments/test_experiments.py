"""Every experiment and every reproduction, at a budget of seconds."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from sklearn.datasets import load_digits

from auxgen.data import images, labels
from auxgen.data.dataset import Dataset
from auxgen.engine.settings import Engine
from auxgen.experiments import registry
from auxgen.experiments.adgm import digits
from auxgen.experiments.adgm import toys as adgm_toys
from auxgen.experiments.adgm.plans import DGMName
from auxgen.experiments.asl import toys as asl_toys
from auxgen.experiments.option_values import build_experiment, list_options
from auxgen.experiments.registry import load_reproduction_maker
from auxgen.inference.batched import map_batches
from auxgen.launch import draw_pictures, evaluate, train
from auxgen.plotting import panels as showing
from auxgen.reproduction import load_reproduction, reproduce
from auxgen.runs.evaluate import _run_once
from auxgen.runs.folder import Run

pytestmark = pytest.mark.usefixtures("few_draws", "coarse_pictures")

MODELS = get_args(DGMName)
MOONS = 500
SMALL: dict[str, Any] = {"steps": 10, "hidden": 16, "latent": 4}

OPTIONS: dict[str, dict[str, Any]] = {
    "asl.densities": {"steps": 2, "batch": 16, "width": 8, "transforms": 2},
    "asl.figure3": {"steps": 2, "batch": 16, "width": 8, "transforms": 2},
    "adgm.half_moons": {"epochs": 0.4},
    "adgm.digits": {"steps": 5},
    "adgm.mnist_100": {"epochs": 0.5, "hidden": 16, "latent": 4},
    "adgm.m1_m2": {"epochs": 1, "hidden": 16, "latent": 4, "hidden_above": 8, "keep_above": 0.0},
    "adgm.potential": {"steps": 4, "batch": 10},
    "adgm.table1": {"epochs": 1, "test_rows": 2},
    "adgm.figure2": {"epochs": 0.4},
    "adgm.half_moons_labels": {"epochs": 0.4},
    "adgm.figure3": {"epochs": 0.5, "hidden": 16, "latent": 4},
    "adgm.figure4": {"epochs": 0.5, "hidden": 16, "latent": 4},
    "adgm.figure5": {"epochs": 0.5, "hidden": 16, "latent": 4, "monitor_epochs": 0.5},
}
"""A tiny budget for each reproduction, but for those of images in test_asl_images.py."""
OTHER_TABLES = {
    *("asl.densities", "adgm.half_moons_labels", "adgm.figure2"),
    *("adgm.figure3", "adgm.figure4", "adgm.figure5"),
}
"""Other tables of the experiments that the rest of them train and measure."""
SLOW = {*OTHER_TABLES, "asl.figure3"}
NAMES = [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in OPTIONS]


@pytest.fixture(scope="module", autouse=True)
def fewer() -> Iterator[None]:
    """Fewer points of the moons, fewer draws for their picture, 20 steps for the classifier beside
    the digits' models, and distances between fewer points of ASL's toys."""

    def short(steps: int, *rest: Any, **more: Any) -> Engine:
        return Engine(min(steps, 20), *rest, **more)

    def quick(method: Any, ability: type) -> Any:
        del ability
        return SimpleNamespace(classify=lambda x, draws: method.classify(x, 2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adgm_toys, "ROWS", MOONS)
        patch.setattr(digits, "Engine", short)
        short_w1 = partial(asl_toys.WassersteinFromTruth, n=40)
        patch.setattr(asl_toys, "WassersteinFromTruth", short_w1)
        patch.setattr(showing, "require", quick)
        patch.setattr(showing, "map_batches", partial(map_batches, batch_size=160**2))
        yield


def png(file: Path, grey: np.ndarray, side: int = 8) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((grey * 255 / 16).astype(np.uint8)).resize((side, side)).save(file)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data sets with an `mnist` of 28 x 28 pixels, made of smaller digits."""
    folder = tmp_path_factory.mktemp("data")
    grey, y = load_digits(return_X_y=True)
    for i in range(400):
        part = "train" if i < 300 else "test"
        png(folder / "mnist" / part / str(y[i]) / f"{i}.png", grey[i].reshape(8, 8), 28)
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits 0, 1 and 2 as image files, every third of them labelled."""
    folder = tmp_path_factory.mktemp("own")
    grey, y = load_digits(n_class=3, return_X_y=True)
    lines = ["file_name,digit"]
    for i in range(60):
        png(folder / f"{i}.png", grey[i].reshape(8, 8))
        lines.append(f"{i}.png,{y[i] if i % 3 == 0 else ''}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clouds of points, every third of them labelled."""
    file = tmp_path_factory.mktemp("table") / "clouds.csv"
    noise = np.random.default_rng(0).normal(size=(60, 2))
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["length", "width", "kind"])
        for i, (a, b) in enumerate(noise):
            word = ("red", "blue")[i % 2] if i % 3 == 0 else ""
            writer.writerow([f"{a + 6 * (i % 2):.4f}", f"{b:.4f}", word])
    return file


def assert_measured(run: Run, model: str) -> Mapping[str, Any]:
    """The run's scores, which have all that is needed to compare them."""
    scores = evaluate(run.path, device="cpu")["scores"]
    assert f"{model}/test_error" in scores
    for score in scores.values():
        assert np.isfinite(score["value"])
        assert score["n"] > 0
        assert score["protocol"]
    assert json.loads((run.path / "scores.json").read_text())["scores"] == scores
    return scores


@pytest.mark.parametrize("model", MODELS)
def test_a_folder_of_ones_own_images_teaches_each_model(
    model: str, folder: Path, tmp_path: Path
) -> None:
    given = {"data": folder, "label": "digit", "model": model, **SMALL}
    run = train("adgm.own", run=tmp_path / "run", device="cpu", quiet=True, **given)
    assert assert_measured(run, model)[f"{model}/test_error"]["n"] == 4
    facts = run.config["facts"][model]
    assert len(facts["labelled_rows"]) == 16
    assert run.config["options"]["data"] == str(folder)


@pytest.mark.parametrize("model", MODELS)
def test_a_table_of_ones_own_teaches_each_model(model: str, table: Path, tmp_path: Path) -> None:
    given = {"data": table, "label": "kind", "model": model, **SMALL, "steps": 60, "lr": 1e-2}
    given |= {"labelled_bound": "marginal", "classes_summed": 2, "skip_below": 1e-3}
    run = train("adgm.own", run=tmp_path / "run", device="cpu", quiet=True, **given)
    assert run.config["options"]["skip_below"] == 1e-3
    assert assert_measured(run, model)[f"{model}/test_error"]["value"] == 0
    space = json.loads((run.path / model / "config.json").read_text())["space"]
    assert space["columns"] == ["length", "width"]
    assert space["classes"] == ["blue", "red"]


@pytest.mark.parametrize("model", MODELS)
def test_mnist_with_100_labels_teaches_each_model(
    model: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_DATA", str(home))
    given = {**OPTIONS["adgm.mnist_100"], "model": model}
    run = train("adgm.mnist_100", run=tmp_path / "run", device="cpu", quiet=True, **given)
    assert_measured(run, model)
    assert len(run.config["facts"][model]["labelled_rows"]) == 100
    shown = {file.stem.removeprefix(f"{model}-") for file in draw_pictures(run.path)}
    of_a = set() if model == "m2" else {"auxiliary space", "units"}
    assert shown == {"samples by class", "analogies", *of_a}


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_a_vae_of_mnist_is_trained_and_bounded(
    likelihood: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_DATA", str(home))
    given: dict[str, Any] = {"epochs": 1, "hidden": 16, "latent": 4, "likelihood": likelihood}
    given |= {"importance_samples": 20, "test_rows": 50}
    run = train("vae.mnist", run=tmp_path / "run", device="cpu", quiet=True, **given)
    scores = evaluate(run.path, device="cpu")["scores"]
    elbo, bound = (scores[f"vae/{name}"] for name in ("elbo", "importance_bound"))
    assert elbo["n"] == bound["n"] == 50
    assert elbo["value"] < bound["value"]
    assert draw_pictures(run.path)


@pytest.fixture(scope="session")
def real() -> Dataset:
    """A part of the real MNIST, where it is at hand."""
    place = os.environ.get("AUXGEN_DATA")
    if place is None or not (Path(place) / "mnist").is_dir():
        pytest.skip("AUXGEN_DATA names no folder with an mnist in it")
    return images.load_image_dataset("mnist", "train")


@pytest.mark.slow  # the whole set is decoded for it; test_image_sets.py counts the pixels
def test_the_real_mnist_has_100_labelled_rows_and_444_pixels(
    real: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = real[labels.sample_rows_per_class(real.y, 200, 0)]
    rows = {"train": real, "test": part}
    monkeypatch.setattr(images, "load_image_dataset", lambda name, split, **_: rows[split])
    given: dict[str, Any] = {"epochs": 0.02, "hidden": 16, "latent": 4}
    run = train("adgm.mnist_100", run=tmp_path / "run", device="cpu", quiet=True, **given)
    assert_measured(run, "sdgm")
    rows_shown = torch.tensor(run.config["facts"]["sdgm"]["labelled_rows"])
    assert real.y[rows_shown].bincount().tolist() == [10] * 10
    config = json.loads((run.path / "sdgm" / "config.json").read_text())
    assert config["arguments"]["x"] == 444


Reproduced = Callable[[str], Path]


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Reproduced:
    """The folder of a reproduction with one seed, which is made when it is asked for first."""

    @cache
    def make(name: str) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AUXGEN_DATA", str(home))
            return tiny(name, tmp_path_factory.mktemp("reproduced") / name)

    return make


def tiny(name: str, out: Path) -> Path:
    return reproduce(name, seeds=1, out=out, device="cpu", quiet=True, **OPTIONS[name])


def runs_in(folder: Path) -> list[Run]:
    return [Run(file.parent) for file in sorted(folder.rglob("run.json"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_reproduction_leaves_a_table_a_picture_and_a_report(
    name: str, reproduced: Reproduced
) -> None:
    folder = reproduced(name)
    found = load_reproduction(folder)
    assert found["reproduction"] == name
    is_chosen = load_reproduction_maker(name)("cpu").choose is not None
    assert found["seeds"] == [int(is_chosen)]  # trials have seed 0, what they chose a fresh one
    for row in found["rows"]:
        for column in row["columns"].values():
            assert np.isfinite(column["mean"])
            assert len(column["values"]) == 1
            assert column["protocol"]
        assert all((folder / run / "scores.json").exists() for run in row["runs"])
    with Image.open(folder / "table.png") as picture:
        assert min(picture.size) > 100
    page = (folder / "report.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")


@pytest.mark.parametrize("name", sorted(OTHER_TABLES))
def test_a_table_asks_for_scores_that_its_runs_have(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_DATA", str(home))
    rows = load_reproduction_maker(name)("cpu").rows
    assert rows
    for row in rows:
        entry = registry.find_experiment(row.experiment)
        taken = {option.name for option in list_options(entry, row.options)}
        small = {n: v for n, v in OPTIONS[name].items() if n in taken}
        stages = build_experiment(entry, {**row.options, **small})
        for score in row.scores.values():
            own, _, wanted = score.partition("/")
            stage = stages[own]
            parts = [n for n in stage.evaluations if wanted.startswith(f"{n}_")]
            found = {
                s for n in parts for s in _run_once(n, stage.evaluations[n], stage.method, 0, 0)
            }
            assert wanted in found | stage.evaluations.keys(), (row.name, score)


@pytest.mark.parametrize("name", NAMES)
def test_a_second_reproduction_trains_nothing_again(
    name: str,
    reproduced: Reproduced,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUXGEN_DATA", str(home))
    before = {file: file.stat().st_mtime_ns for file in reproduced(name).rglob("*.safetensors")}
    told = load_reproduction(reproduced(name))
    assert before
    assert tiny(name, reproduced(name)) == reproduced(name)
    after = {file: file.stat().st_mtime_ns for file in reproduced(name).rglob("*.safetensors")}
    assert after == before
    assert load_reproduction(reproduced(name)) == told


@pytest.mark.parametrize("name", ["adgm.digits", "adgm.half_moons"])
def test_a_reproduction_trains_and_measures_each_model(name: str, reproduced: Reproduced) -> None:
    runs = {run.config["stages"][-1]: run for run in runs_in(reproduced(name))}
    assert runs.keys() >= set(MODELS)
    for model, run in runs.items():
        assert run.trained_stages() == run.config["stages"]
        assert run.read_scores()["scores"].keys() >= {f"{model}/test_error", f"{model}/brier"}
        assert list((run.path / "pictures").glob("*.png"))


def test_five_digits_of_each_class_keep_their_label(reproduced: Reproduced) -> None:
    y = images.load_image_dataset("digits", "train").y
    drawn = []
    for run in runs_in(reproduced("adgm.digits")):
        for facts in run.config["facts"].values():
            assert y[torch.tensor(facts["labelled_rows"])].bincount().tolist() == [5] * 10
            drawn.append(facts["labelled_rows"])
    assert all(rows == drawn[0] for rows in drawn)


def test_six_points_of_the_moons_are_labelled(reproduced: Reproduced) -> None:
    for run in runs_in(reproduced("adgm.half_moons")):
        (facts,) = run.config["facts"].values()
        assert np.array(facts["labelled"]).shape == (6, 2)


def test_another_seed_draws_other_labels(tmp_path: Path) -> None:
    rows = []
    for seed in (0, 1):
        given: dict[str, Any] = {"seed": seed, "steps": 1, "hidden": 8, "latent": 2}
        run = train("adgm.digits", run=tmp_path / str(seed), device="cpu", quiet=True, **given)
        rows.append(run.config["facts"]["sdgm"]["labelled_rows"])
    assert rows[0] != rows[1]


def test_a_reproduction_that_was_stopped_goes_on(reproduced: Reproduced, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(reproduced("adgm.digits"), tmp_path / "stopped"))
    told = load_reproduction(folder)
    run = next(run for run in runs_in(folder) if run.config["stages"][-1] == "m2")
    weights = run.path / "m2" / "model.safetensors"
    before = load_file(weights)
    weights.unlink()
    (run.path / "scores.json").unlink()
    tiny("adgm.digits", folder)
    after = load_file(weights)
    assert all(before[name].equal(after[name]) for name in before)
    assert load_reproduction(folder) == told
