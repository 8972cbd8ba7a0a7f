"""Weights of losses, errors, networks and rows of IntroVAC's experiments as options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from auxgen.cli.main import main
from auxgen.data.augmentation import flip_randomly
from auxgen.data.batches import InMemoryBatches, LabelledBatches
from auxgen.errors import InputError
from auxgen.experiments.introvac.face_rows import get_face_options
from auxgen.experiments.option_values import build_experiment, resolve_options
from auxgen.experiments.registry import find_experiment
from auxgen.experiments.runs import read_run_options
from auxgen.features.pretrained import VGG19_FILE
from auxgen.files import pack_tensors
from auxgen.launch import evaluate, resume, train
from auxgen.methods.vac import VariationalClassifier
from auxgen.model import load
from auxgen.networks.feature_error import FeatureError
from auxgen.networks.taps import VGG
from auxgen.runs.folder import Run

FACES = ("eye", "eyefacial", "facial")
SHORT: dict[str, Any] = {"introvac_epochs": 1, "vac_epochs": 1, "pretraining_epochs": 0.2}
SHORT |= {"widths": (4,), "latent": 2, "scorers": ()}


def build(name: str, **options: Any) -> Any:
    return build_experiment(find_experiment(f"introvac.{name}"), options)


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of pictures of noise."""
    root = tmp_path_factory.mktemp("colours")
    for i in range(24):
        place = root / ["bright", "dark"][i % 2]
        place.mkdir(exist_ok=True)
        pixels = np.random.default_rng(i).integers(128, size=(32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels + np.uint8(100 * (i % 2 == 0))).save(place / f"{i}.png")
    return root


def own(colours: Path, **more: Any) -> dict[str, Any]:
    tiny = {"size": 32, "widths": (4, 4, 4), "latent": 4, "batch": 8, "least_steps": 4}
    passes = {"introvac_epochs": 1, "vac_epochs": 1, "pretraining_epochs": 1}
    return {"data": colours, **tiny, **passes, **more}


def test_the_command_line_s_weights_are_those_of_the_model(tmp_path: Path) -> None:
    betas = {"ae": 90.0, "cl": 8.0, "reg": 2.0, "ec": 0.5, "g": 4.0}
    words = [word for name, beta in betas.items() for word in (f"--beta-{name}", f"{beta}")]
    words += ["--introvac-epochs", "1", "--pretraining-epochs", "0.2", "--widths", "4"]
    run = tmp_path / "run"
    main(
        ["train", "introvac.digits", "--model", "introvac", *words, "--no-game", "--run", f"{run}"]
    )
    config = json.loads((run / "introvac" / "config.json").read_text())
    assert config["arguments"]["betas"] == betas
    assert config["arguments"]["game"] is False
    assert load(run).method.betas.ec == 0.5  # pyright: ignore[reportAttributeAccessIssue]


def test_the_rounds_log_the_logits_of_the_game(tmp_path: Path) -> None:
    run = train("introvac.digits", run=tmp_path / "run", device="cpu", quiet=True, **SHORT)
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    logged = {name for line in lines if line["stage"] == "introvac" for name in line["terms"]}
    whose = ("real rows", "reconstructions", "samples")
    assert logged >= {f"fake logit of {rows}" for rows in whose}
    evaluate(run.path, device="cpu")
    protocol = run.read_scores()["scores"]["introvac/fakes told"]["protocol"]
    assert "-5.1 is best if real and fake look alike" in protocol


@pytest.mark.parametrize(
    ("name", "given", "reg"),
    [
        ("eyefacial", {}, 0.75),
        ("eye", {"latent": 128}, 1.5),
        ("facial", {"budget": "paper"}, 3.0),
        ("facial", {"beta_reg": 3.0}, 3.0),
        ("digits", {}, 3.0),
        ("fashion", {}, 3.0),
        ("plane", {}, 0.5),
    ],
)
def test_a_nat_costs_what_it_costs_in_the_paper_unless_it_is_said(
    name: str, given: dict[str, Any], reg: float
) -> None:
    entry = find_experiment(f"introvac.{name}")
    values = resolve_options(entry, given)
    weight = values["beta_reg"]
    assert (3 * values["latent"] / 256 if weight is None else weight) == reg
    if name in ("digits", "plane"):
        assert build(name, **given)["vac"].method.betas.reg == reg


def test_the_weight_follows_the_width_of_a_person_s_own_model(colours: Path) -> None:
    stages = build("own", **own(colours, latent=32))
    assert stages["introvac"].method.betas.reg == 0.375
    assert build("own", **own(colours, beta_reg=2.0))["introvac"].method.betas.reg == 2


@pytest.mark.parametrize("name", [*FACES, "own"])
def test_runs_from_before_the_weight_followed_the_width_keep_theirs(
    name: str, tmp_path: Path
) -> None:
    """They have no weight among their options: it was 3 at every width."""
    config = {"format": 2, "id": "a", "seed": 0, "stages": [], "options": {"latent": 64}}
    (tmp_path / "run.json").write_text(json.dumps(config))
    options = read_run_options(Run(tmp_path), find_experiment(f"introvac.{name}"))
    assert options["beta_reg"] == 3


def test_the_committed_tables_keep_their_weight() -> None:
    assert get_face_options("cpu")["beta_reg"] == 3
    assert "beta_reg" not in get_face_options("paper")


@pytest.mark.parametrize(
    ("option", "value"),
    [("beta_ae", 0.0), ("beta_reg", 0.0), ("beta_ec", -1.0), ("feature_weight", -0.1)],
)
def test_weights_that_make_no_loss_are_refused(option: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{option} is {value}"):
        build("digits", **{option: value})


def test_half_of_the_images_are_mirrored_when_asked(colours: Path) -> None:
    stages = build("own", **own(colours, flip=True, model="all"))
    for name, kind in (("vae", InMemoryBatches), ("introvac", LabelledBatches)):
        assert isinstance(stages[name].batches, kind)
        assert stages[name].batches.corruption is flip_randomly
    batches = build("own", **own(colours))["introvac"].batches
    assert batches.corruption is not flip_randomly


def test_features_are_vgg_s_in_every_stage_and_after_a_resumption(
    colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    weights = VGG().state_dict()
    (tmp_path / VGG19_FILE).write_bytes(pack_tensors(weights))
    monkeypatch.setenv("AUXGEN_WEIGHTS", str(tmp_path))
    chosen = own(colours, feature_weight=0.1, pixel_shuffle=True)
    run = train("introvac.own", run=tmp_path / "run", device="cpu", quiet=True, **chosen)
    for stage in ("pretrained", "introvac"):
        method = load(run.path / stage).method
        assert isinstance(method, VariationalClassifier)
        assert isinstance(method.error, FeatureError)
        own_weights = method.error.h.network.state_dict()  # pyright: ignore
        assert all(torch.equal(own_weights[name], weights[name]) for name in weights)
    monkeypatch.delenv("AUXGEN_WEIGHTS")
    assert resume(run.path, device="cpu", quiet=True).trained_stages()


def test_grey_images_have_no_features_to_compare() -> None:
    with pytest.raises(InputError, match="1 channels and VGG-19"):
        build("digits", feature_weight=0.1, scorers=())


@pytest.mark.parametrize("model", ["all", "introvac", "vac"])
def test_features_that_are_not_there_are_told_before_the_first_round(
    model: str, colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_WEIGHTS", str(tmp_path))
    chosen = own(colours, feature_weight=0.1, model=model)
    with pytest.raises(InputError, match="VGG-19 is neither in AUXGEN_WEIGHTS"):
        train("introvac.own", run=tmp_path / "run", device="cpu", quiet=True, **chosen)
    assert not list((tmp_path / "run").glob("checkpoints/*"))
    assert not Run(tmp_path / "run").trained_stages()
