"""Rounds of a person's own data: so many passes, but enough rounds where rows are few."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auxgen.data.batches import count_passes
from auxgen.errors import InputError
from auxgen.experiments.adgm import own as adgm
from auxgen.experiments.adgm import plans as adgm_plans
from auxgen.experiments.common import count_steps, raise_epochs
from auxgen.experiments.discreg import sets as discreg
from auxgen.experiments.discreg.budgets import OWN
from auxgen.experiments.introvac import own as introvac
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment
from auxgen.launch import train
from auxgen.runs.config import make_config
from auxgen.runs.runtime import RuntimeSettings
from auxgen.stage import Experiment

pytestmark = pytest.mark.usefixtures("few_draws", "coarse_pictures")

ROWS = 24
SMALL: dict[str, dict[str, Any]] = {
    "adgm.own": {"size": 8, "hidden": 8, "latent": 2, "batch": 8},
    "features.own": {"size": 8, "width": 2, "batch": 8},
    "introvac.own": {"size": 32, "widths": (2, 2, 2), "latent": 2, "batch": 8, "model": "all"},
    "discreg.own": {"widths": (2, 2, 2), "latent": 2, "batch": 8, "classifier_batch": 8},
    "asl.given": {"size": 8, "width": 2, "transforms": 2, "latent": 2, "batch": 8},
}
PASSES: dict[str, dict[str, Any]] = {
    "adgm.own": {"epochs": 2},
    "features.own": {"epochs": 2},
    "introvac.own": {"introvac_epochs": 2, "vac_epochs": 2, "pretraining_epochs": 1},
    "discreg.own": {"vae_epochs": 2, "classifier_epochs": 2, "adjusting_epochs": 1},
    "asl.given": {"epochs": 2},
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for part, rows in (("train", ROWS), ("test", 8)):
        for i in range(rows):
            place = folder / part / ("dark" if i % 2 else "light")
            place.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def encoder(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("encoder") / "run"
    options = {**SMALL["features.own"], "epochs": 1, "least_steps": 0}
    return train("features.own", run=run, device="cpu", quiet=True, data=pictures, **options).path


def build(name: str, pictures: Path, encoder: Path, **options: Any) -> Experiment:
    options = {**SMALL[name], "data": str(pictures), **options}
    if name == "asl.given":
        options["encoder"] = str(encoder)
    return build_experiment(find_experiment(name), options)


def count_most(stages: Experiment) -> int:
    """Rounds of the longest way to a model; IntroVAC and VAC begin with those of pretraining."""
    before = stages["pretrained"].engine.steps if "pretrained" in stages else 0
    after = [s.engine.steps for name, s in stages.items() if name in ("vac", "introvac")]
    return max([before + n for n in after] + [s.engine.steps for s in stages.values()])


@pytest.mark.parametrize("name", SMALL)
def test_few_rows_are_passed_over_until_there_are_enough_rounds(
    name: str, pictures: Path, encoder: Path
) -> None:
    least = {o.name: o.default for o in list_all(name)}["least_steps"]
    assert count_most(build(name, pictures, encoder)) == least
    stages = build(name, pictures, encoder, least_steps=170, **PASSES[name])
    assert count_most(stages) == 170
    monitored = [stage for stage in stages.values() if stage.monitor is not None]
    assert all(s.engine.steps <= 10 * s.monitor.every for s in monitored if s.monitor is not None)


def list_all(name: str) -> list[Any]:
    from auxgen.experiments.option_values import list_options

    return list_options(find_experiment(name))


@pytest.mark.parametrize("name", SMALL)
def test_passes_alone_decide_where_no_least_is_asked_for(
    name: str, pictures: Path, encoder: Path
) -> None:
    stages = build(name, pictures, encoder, least_steps=0, **PASSES[name])
    longest = max(stages.values(), key=lambda stage: stage.engine.steps)
    passes = count_passes(longest.batches, count_most(stages))
    assert passes == pytest.approx(2, abs=0.5)


@pytest.mark.parametrize("rows", [1, 7, 90, 1000, 33_333, 1_000_000])
@pytest.mark.parametrize("epochs", [0.0, 0.5, 30.0])
@pytest.mark.parametrize("least", [0, 1, 1500])
def test_rounds_are_those_of_the_passes_or_the_fewest(rows: int, epochs: float, least: int) -> None:
    rounds = count_steps(rows, 64, raise_epochs(epochs, rows, 64, least))
    assert rounds == (max(least, round(epochs * rows / 64)) if epochs else 0)  # no pass is none


@pytest.mark.parametrize(
    ("rows", "rounds"), [(100, 1000), (20_000, 4000), (1_000_000, 5000), (1, 1000)]
)
def test_a_table_has_enough_rounds_and_not_too_many(rows: int, rounds: int) -> None:
    plan = replace(adgm_plans.OWN_PLAN, epochs=20, least_steps=1000, most_steps=5000, batch=100)
    assert adgm.count_own_steps(plan, rows) == rounds
    assert adgm.count_own_steps(replace(plan, steps=7), rows) == 7


@pytest.mark.parametrize("name", SMALL)
def test_every_experiment_stops_early_by_rows_that_it_does_not_learn_from(
    name: str, pictures: Path, encoder: Path, tmp_path: Path
) -> None:
    plain = build(name, pictures, encoder, least_steps=0, stop_early=0, **PASSES[name])
    assert all(stage.stopping is None for stage in plain.values())
    options = {**SMALL[name], **PASSES[name], "least_steps": 40, "stop_early": 2}
    options["data"] = str(pictures) if name == "asl.given" else pictures
    if name == "asl.given":
        options["encoder"] = str(encoder)
    run = train(name, run=tmp_path / "run", device="cpu", quiet=True, **options)
    stages = build_experiment(find_experiment(name), {**options, "data": str(pictures)})
    for stage in stages.values():
        learned, held = ({r.numpy().tobytes() for r in stage.data[s].x} for s in ("train", "valid"))
        assert held
        assert not learned & held
    assert run.config["ends"].keys() == run.config["early_stopping"].keys() == stages.keys()
    lines = [json.loads(o) for o in (run.path / "metrics.jsonl").read_text().splitlines()]
    looks = [
        o["scores"] for o in lines if any(n.startswith("held_out") for n in o.get("scores", {}))
    ]
    assert len(looks) >= 3 * len(stages)
    assert all(isfinite(value) for scores in looks for value in scores.values())


def test_images_without_a_label_cannot_end_a_stage_that_learns_labels(tmp_path: Path) -> None:
    rng, names = np.random.default_rng(0), ["dark", "light"] * 20 + [""] * 20
    place = tmp_path / "pictures"
    place.mkdir()
    for i in range(len(names)):
        pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{i}.png")
    rows = "".join(f"{i}.png,{label}\n" for i, label in enumerate(names))
    (place / "metadata.csv").write_text(f"file_name,label\n{rows}")
    options = {"data": str(place), "stop_early": 1, "size": 8, "width": 2, "batch": 8}
    (stage,) = build_experiment(find_experiment("features.own"), options).values()
    assert (stage.data["valid"].y >= 0).all()
    assert len(stage.data["valid"]) == 4
    sheet = (place / "metadata.csv").read_text().replace("dark", "", 16).replace("light", "", 16)
    (place / "metadata.csv").write_text(sheet)
    with pytest.raises(InputError, match="more rows are expected"):
        build_experiment(find_experiment("features.own"), options)


def test_a_stage_without_answers_to_look_at_plays_all_rounds_beside_others(tmp_path: Path) -> None:
    for part, rows in (("train", 8), ("valid", 4), ("test", 4)):
        (tmp_path / part).mkdir()
        for i in range(rows):
            Image.new("RGB", (8, 8), (i, 0, 0)).save(tmp_path / part / f"{i}.png")
        answers = "".join(f"{i}.png,{'' if part == 'valid' else i % 2}\n" for i in range(rows))
        (tmp_path / part / "metadata.csv").write_text(f"file_name,Smiling\n{answers}")
    options = {**SMALL["discreg.own"], "data": str(tmp_path), "batch": 4, "classifier_batch": 4}
    stages = build_experiment(find_experiment("discreg.own"), options)
    assert [name for name, stage in stages.items() if stage.stopping is None] == ["classifier"]
    assert {stage.stopping.patience for stage in stages.values() if stage.stopping} == {4}
    config = make_config("discreg.own", stages, {}, RuntimeSettings(device="cpu"))
    told = [words for words in config["warnings"] if "does not stop early" in words]
    assert told == ["classifier does not stop early: no held-out row has an answer that it learns."]
    unstopped = {name: replace(stage, stopping=None) for name, stage in stages.items()}
    config = make_config("discreg.own", unstopped, {}, RuntimeSettings(device="cpu"))
    assert not any("stop early" in words for words in config["warnings"])


def test_shorter_stages_have_a_share_of_the_fewest_rounds() -> None:
    plan = OWN[32]
    few, many = (discreg.raise_own_epochs(plan, rows) for rows in (600, 100_000))
    other = discreg.raise_own_epochs(replace(plan, classifier_batch=200), 600)
    assert other.classifier_epochs * 600 / 200 == pytest.approx(500)
    assert few.vae_epochs * 600 / few.batch == pytest.approx(1500)
    assert few.adjusting_epochs * 600 / few.batch == pytest.approx(150)
    assert few.classifier_epochs * 600 / few.batch == pytest.approx(500)
    assert many == plan
    faces = introvac.raise_own_epochs(introvac.OWN_PLAN, 400)
    assert faces.introvac_epochs * 400 / faces.batch == pytest.approx(2000)
    assert faces.pretraining_epochs * 400 / faces.batch == pytest.approx(500)
    assert introvac.raise_own_epochs(introvac.OWN_PLAN, 10_000) == introvac.OWN_PLAN
