"""Artefacts and runs of commit 3ba1356, version 0.1, load, predict, resume and report for ever."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from cli.conftest import left_with
from safetensors.torch import load_file

import auxgen as public
from auxgen.data.images import load_image_dataset
from auxgen.method import Classifies, Encodes, Samples, require

OLD = Path(__file__).parent / "old_3ba1356"
ARTEFACTS = sorted(folder.name for folder in (OLD / "artefacts").iterdir() if folder.is_dir())


@pytest.mark.parametrize("name", ARTEFACTS)
def test_an_artefact_loads_with_its_weights(name: str) -> None:
    weights = load_file(OLD / "artefacts" / name / "model.safetensors")
    state = public.load(OLD / "artefacts" / name).method.state_dict()
    assert state.keys() == weights.keys()
    assert all(torch.equal(state[key], weights[key]) for key in weights)


@pytest.mark.parametrize("name", ARTEFACTS)
def test_an_artefact_gives_what_it_gave(name: str) -> None:
    """Under the same seed, the same samples, mean codes and probabilities but for rounding."""
    known = load_file(OLD / "artefacts" / f"{name}.safetensors")
    method, x = public.load(OLD / "artefacts" / name).method, known.pop("x")
    calls = {
        "samples": lambda: require(method, Samples).sample(5),
        "codes": lambda: require(method, Encodes).encode(x).mean,
        "probabilities": lambda: require(method, Classifies).classify(x).probs,
    }
    assert known
    for what, expected in known.items():
        torch.manual_seed(0)
        torch.testing.assert_close(calls[what](), expected, rtol=1e-5, atol=1e-6)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OLD / "finished", tmp_path / "finished"))


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OLD / "stopped", tmp_path / "stopped"))


def test_a_finished_run_predicts_what_it_predicted(finished: Path) -> None:
    rows = load_image_dataset("digits", "test")[:8].x
    expected = load_file(OLD / "finished.safetensors")["probabilities"]
    found = public.load(finished).predict(rows, draws=1).probabilities
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_a_finished_run_is_measured_as_it_was(finished: Path) -> None:
    """But for rounding, which may change the class of one row in 500."""
    before = json.loads((finished / "scores.json").read_text())["scores"]
    after = public.evaluate(finished, device="cpu")["scores"]
    assert after.keys() == before.keys()
    for name, score in before.items():
        assert (after[name]["unit"], after[name]["n"]) == (score["unit"], score["n"])
        one_row = 100 / score["n"] if score["unit"] == "%" else 0.0
        assert after[name]["value"] == pytest.approx(score["value"], rel=1e-4, abs=one_row)


def test_a_finished_run_is_reported(finished: Path) -> None:
    assert left_with(["report", str(finished)]) == 0
    page = (finished / "report.html").read_text()
    assert "adgm.digits" in page
    assert "35.4" in page  # per cent of digits that M2 gets wrong


def test_a_stopped_run_is_resumed_to_the_model_of_the_finished_one(stopped: Path) -> None:
    """The same bits on the same processor. On others rounding grows over 30 rounds of Adam, most in
    biases before batch normalisation, which have no gradient but rounding's: the model stays."""
    checkpoint = load_file(stopped / "checkpoints" / "m2-30" / "average.safetensors")
    assert left_with(["train", "--resume", str(stopped), "--device", "cpu"]) == 0
    assert left_with(["evaluate", str(stopped), "--metric", "test_error", "--device", "cpu"]) == 0
    found, expected = (
        load_file(run / "m2" / "model.safetensors") for run in (stopped, OLD / "finished")
    )
    left, way = (
        sum(float((state[name] - expected[name]).abs().sum()) for name in checkpoint)
        for state in (found, checkpoint)
    )
    assert left < 0.1 * way  # 0.02 between sets of instructions
    rows = load_image_dataset("digits", "test").x
    each = (public.load(run).predict(rows, draws=1) for run in (stopped, OLD / "finished"))
    probabilities = [predictions.probabilities for predictions in each]
    torch.testing.assert_close(*probabilities, rtol=0, atol=0.01)  # 0.3 from the checkpoint's


@pytest.fixture
def text_table(tmp_path: Path) -> Path:
    """A folder with a table that has texts, and a stopped and a finished run of it."""
    folder = Path(shutil.copytree(OLD / "text_table", tmp_path / "text_table"))
    for file in folder.glob("*/run.json"):
        config = json.loads(file.read_text())
        config["options"]["data"] = str(folder / "t.csv")
        file.write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("command", ["evaluate finished", "train --resume stopped"])
def test_a_run_of_a_table_with_texts_says_what_to_do_instead(
    command: str, text_table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its rows had other entries, so that it can be neither measured nor continued."""
    *words, run = command.split()
    assert left_with([*words, str(text_table / run)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.endswith(("train a new run to measure it.", "or train a new run."))


def test_a_model_of_a_table_with_texts_is_used_and_reported(
    text_table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, table = str(text_table / "finished"), str(text_table / "t.csv")
    assert left_with(["predict", run, table]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 60
    assert left_with(["sample", run, "--of", "x", "--out", str(text_table / "s.csv")]) == 0
    assert left_with(["report", run]) == 0
    assert "The report shows what is stored." in capsys.readouterr().err
