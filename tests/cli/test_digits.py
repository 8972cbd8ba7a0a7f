"""Every command end to end on real digits, from training to an exported artefact."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cli.conftest import Command, left_with
from PIL import Image
from sklearn.datasets import load_digits

import auxgen as public
from auxgen.inference.prediction import predict_rows

CLASSES = 10


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 20 steps."""
    run = tmp_path_factory.mktemp("digits") / "run"
    args = ["train", "adgm.digits", "--steps", "20", "--hidden", "20", "--latent", "4"]
    assert left_with([*args, "--run", str(run), "--device", "cpu"]) == 0
    return run


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first five digits."""
    folder = tmp_path_factory.mktemp("images")
    grey, _ = load_digits(return_X_y=True)
    for i, pixels in enumerate((grey[:5] * 255 / 16).astype(np.uint8)):
        Image.fromarray(pixels.reshape(8, 8)).save(folder / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def scores(digits: Path) -> dict[str, Any]:
    """What evaluate measured, which the run keeps."""
    return public.evaluate(digits, device="cpu")["scores"]


def table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_run_leaves_all_that_is_needed(digits: Path) -> None:
    config = json.loads((digits / "run.json").read_text())
    assert config["experiment"] == "adgm.digits"
    assert config["options"]["steps"] == 20
    for stage in ("supervised", "sdgm"):
        for name in ("model.safetensors", "config.json", "README.md"):
            assert (digits / stage / name).stat().st_size > 0


def test_resuming_a_finished_run_says_that_it_is_trained(auxgen: Command, digits: Path) -> None:
    outcome = auxgen("train", "--resume", digits, "--device", "cpu")
    assert outcome.status == 0
    assert outcome.out == f"trained supervised, sdgm; next: auxgen evaluate {digits}\n"


def test_evaluate_json_is_one_object_of_scores(
    auxgen: Command, digits: Path, scores: dict[str, Any]
) -> None:
    outcome = auxgen("evaluate", digits, "--json", "--metric", "test_error", "--device", "cpu")
    found = json.loads(outcome.out)
    assert found.keys() == {"run", "scores"}
    assert found["scores"].keys() == {"supervised/test_error", "sdgm/test_error"}
    for name, score in found["scores"].items():
        assert score.keys() >= {"value", "unit", "n", "spread", "protocol"}
        assert (score["unit"], score["n"]) == ("%", 500)
        assert score["value"] == scores[name]["value"]


def test_two_runs_make_one_table(auxgen: Command, digits: Path) -> None:
    args = ("evaluate", digits, digits, "--metric", "test_error", "--device", "cpu")
    outcome = auxgen(*args)
    assert outcome.status == 0
    lines = [line for line in outcome.out.splitlines() if "sdgm/test_error" in line]
    assert len(lines) == 2  # a row of the table, and how it was measured


def test_a_report_is_one_file_with_the_scores(
    auxgen: Command, digits: Path, scores: dict[str, Any], tmp_path: Path
) -> None:
    (digits / "scores.json").write_text(json.dumps({"run": {}, "scores": scores}))
    page = tmp_path / "report.html"
    assert auxgen("report", digits, "--out", page).status == 0
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    text = page.read_text()
    assert f"{scores['supervised/test_error']['value']:.4g}" in text
    assert "data:image/png;base64," in text
    assert 'src="http' not in text


@pytest.mark.parametrize("drawn", [(), ("--of", "3")])
def test_samples_are_pictures_and_numbers(
    drawn: tuple[str, ...], auxgen: Command, digits: Path, tmp_path: Path
) -> None:
    for ending in ("png", "csv", "npy"):
        out = tmp_path / f"x.{ending}"
        outcome = auxgen("sample", digits, *drawn, "--n", "6", "--out", out)
        assert outcome.out == f"{out}\n"
    rows = np.load(tmp_path / "x.npy")
    assert rows.shape == (6, 1, 8, 8)
    assert 0 <= rows.min() <= rows.max() <= 1
    written = [[float(v) for v in row.values()] for row in table(tmp_path / "x.csv")]
    assert np.allclose(written, rows.reshape(6, 64), atol=1e-5)
    with Image.open(tmp_path / "x.png") as page:
        assert min(page.size) > 56


def test_samples_by_class_have_a_column_for_each(
    auxgen: Command, digits: Path, tmp_path: Path
) -> None:
    for ending in ("npy", "png"):
        out = tmp_path / f"x.{ending}"
        assert auxgen("sample", digits, "--by-class", "--n", "2", "--out", out).status == 0
    assert np.load(tmp_path / "x.npy").shape == (2 * CLASSES, 1, 8, 8)
    with Image.open(tmp_path / "x.png") as page:
        assert page.width > 4 * page.height


def test_the_same_seed_draws_the_same_samples(
    auxgen: Command, digits: Path, tmp_path: Path
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        auxgen("sample", digits, "--n", "3", "--seed", seed, "--out", tmp_path / f"{name}.npy")
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    assert (a == b).all()
    assert (a != c).any()


def test_originals_stand_beside_their_reconstructions(
    auxgen: Command, digits: Path, images: Path, tmp_path: Path
) -> None:
    for ending in ("npy", "png"):
        assert auxgen("reconstruct", digits, images, "--out", tmp_path / f"x.{ending}").status == 0
    pairs = np.load(tmp_path / "x.npy").reshape(5, 2, 8, 8)
    with Image.open(images / "0.png") as image:
        assert np.allclose(pairs[0, 0], np.asarray(image) / 255)


def test_interpolations_lead_from_each_image_to_the_next(
    auxgen: Command, digits: Path, images: Path, tmp_path: Path
) -> None:
    ends, out = (images / "0.png", images / "1.png", images / "2.png"), tmp_path / "x.npy"
    outcome = auxgen("interpolate", digits, *ends, "--steps", "4", "--out", out)
    assert outcome.status == 0
    assert np.load(out).shape == (2 * 4, 1, 8, 8)


def test_codes_are_written_for_other_programs(
    auxgen: Command, digits: Path, images: Path, tmp_path: Path
) -> None:
    for ending in ("csv", "npz"):
        assert auxgen("embed", digits, images, "--out", tmp_path / f"z.{ending}").status == 0
    rows = table(tmp_path / "z.csv")
    assert [row["name"] for row in rows] == [f"{i}.png" for i in range(5)]
    with np.load(tmp_path / "z.npz") as arrays:
        assert arrays["codes"].shape == (5, 4)
        assert np.allclose([float(row["z0"]) for row in rows], arrays["codes"][:, 0], atol=1e-5)


def test_predictions_are_printed_and_written(
    auxgen: Command, digits: Path, images: Path, tmp_path: Path
) -> None:
    printed = [line.split("\t") for line in auxgen("predict", digits, images).out.splitlines()]
    out = tmp_path / "p.csv"
    assert auxgen("predict", digits, images, "--out", out).out == f"{out}\n"
    rows = table(out)
    assert [(name, c) for name, c, _ in printed] == [(r["name"], r["class"]) for r in rows]
    for row in rows:
        each = {c: float(row[f"p({c})"]) for c in "0123456789"}
        assert sum(each.values()) == pytest.approx(1, abs=1e-4)
        assert max(each, key=lambda c: each[c]) == row["class"]


def test_the_rows_of_least_confidence_can_be_left_open(
    auxgen: Command, digits: Path, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "open.csv"
    given = ("predict", digits, images, "--abstain", "0.4", "--temperature", "3")
    printed = [line.split("\t") for line in auxgen(*given).out.splitlines()]
    assert [word for _, word, _ in printed].count("?") == 2
    auxgen(*given, "--out", out)
    rows = table(out)
    left = [float(row["probability"]) for row in rows if not row["class"]]
    named = [float(row["probability"]) for row in rows if row["class"]]
    assert (len(left), len(named)) == (2, 3)
    assert max(left) <= min(named)


def test_a_bound_stands_beside_each_class_on_demand(
    auxgen: Command, digits: Path, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bounds.csv"
    given = ("predict", digits, images, "--bound")
    printed = [line.split("\t") for line in auxgen(*given).out.splitlines()]
    auxgen(*given, "--out", out)
    written = [float(row["bound"]) for row in table(out)]
    assert [float(bound) for *_, bound in printed] == pytest.approx(written, abs=0.06)
    assert all(bound < 0 for bound in written)


def test_a_measure_of_outsiders_needs_another_set_of_images(auxgen: Command, digits: Path) -> None:
    outcome = auxgen("evaluate", digits, "--metric", "auroc:digits", "--rows", "20", "--json")
    score = json.loads(outcome.out)["scores"]["sdgm/auroc:digits"]
    assert score["value"] == pytest.approx(0.5)
    assert "against 20 rows of digits/test" in score["protocol"]
    assert "another set of images" in auxgen("evaluate", digits, "--metric", "auroc").err


def test_an_exported_artefact_loads_and_predicts_the_same(
    auxgen: Command, digits: Path, images: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "artefact"
    assert auxgen("export", digits, folder).out == f"{folder}\n"
    of_run, of_artefact = (auxgen("predict", model, images).out for model in (digits, folder))
    assert of_run == of_artefact
    model = public.load(folder)
    with Image.open(images / "0.png") as image:
        raw = torch.from_numpy(np.asarray(image, np.float32) / 255).reshape(1, 1, 8, 8)
    torch.manual_seed(0)
    alone = predict_rows(model.method, model.space, raw, 100)
    assert alone.names[0] == of_run.split("\t")[1]


def test_the_help_of_an_experiment_has_its_options(auxgen: Command) -> None:
    outcome = auxgen("train", "adgm.digits", "--help")
    for option in ("--seed", "--model", "--labels-per-class", "--steps", "--classification-weight"):
        assert option in outcome.out
    assert "Rows of each class that keep their label." in outcome.out


def test_experiments_are_listed_in_the_terminal(auxgen: Command) -> None:
    outcome = auxgen("experiments")
    assert outcome.status == 0
    assert "half_moons" in outcome.out


def python(*args: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "auxgen", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )


def test_a_process_that_is_terminated_says_how_to_continue(
    auxgen: Command, own: Path, tmp_path: Path
) -> None:
    run, steps = tmp_path / "run", "100000"
    process = python("train", own, "--run", run, "--device", "cpu", "--steps", steps)
    until = time.monotonic() + 60
    while not (run / "metrics.jsonl").exists() or not (run / "metrics.jsonl").stat().st_size:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    last = stderr.splitlines()[-1]
    assert last.startswith("Stopped by SIGTERM after step ")
    assert last.endswith(f"all is saved, continue with: auxgen train --resume {run}")
    config = json.loads((run / "run.json").read_text())
    config["options"]["steps"] = int(last.split()[5]) + 3
    (run / "run.json").write_text(json.dumps(config))
    assert auxgen("train", "--resume", run, "--device", "cpu").status == 0
    assert (run / "sdgm" / "model.safetensors").exists()


def test_python_m_auxgen_is_the_command() -> None:
    process = python("--version")
    assert process.communicate() == (f"{public.__version__}\n", "")
    assert process.returncode == 0
