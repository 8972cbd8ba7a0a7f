"""Runs and artefacts that are damaged, unfinished or contradict themselves: one sentence each."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli.conftest import Command, assert_refused
from warm import run_python

from auxgen.engine.loop import Training
from auxgen.files import compute_checksum

STEPS = ("--device", "cpu", "--steps", "6")


@pytest.fixture
def stopped(auxgen: Command, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that Ctrl-C stopped after step 3 of 6."""
    run, played = tmp_path / "stopped", Training.run_round

    def play(self: Training, batch: object) -> None:
        if self.step == 2:
            signal.raise_signal(signal.SIGINT)
        played(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "run_round", play)
        outcome = auxgen("train", own, "--run", run, *STEPS)
    assert outcome.status == 130
    assert f"auxgen train --resume {run}" in outcome.err
    return run


@pytest.fixture
def copied(run: Path, tmp_path: Path) -> Path:
    """A trained run to harm."""
    return Path(shutil.copytree(run, tmp_path / "copied"))


def damage(file: Path, harm: str) -> bytes:
    data = bytearray(file.read_bytes())
    if harm == "truncated":
        data = data[: len(data) // 2]
    else:
        data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    return bytes(data)


def trust_file(run: Path) -> None:
    """Write the checksum of the run's own file into run.json, as a person does who changed it."""
    config = json.loads((run / "run.json").read_text())
    config["experiment_sha256"] = compute_checksum((run / "experiment.py").read_bytes())
    (run / "run.json").write_text(json.dumps(config))


def test_a_stopped_run_is_finished_by_resume(auxgen: Command, stopped: Path) -> None:
    outcome = auxgen("train", "--resume", stopped)
    assert outcome.status == 0, outcome.err
    assert outcome.out == f"trained sdgm; next: auxgen evaluate {stopped}\n"
    assert auxgen("evaluate", stopped).status == 0


def test_an_unfinished_run_is_neither_measured_nor_explored(
    auxgen: Command, stopped: Path, tmp_path: Path
) -> None:
    hint = f"auxgen train --resume {stopped}"
    assert_refused(auxgen("evaluate", stopped), "is not trained", hint)
    out = tmp_path / "x.png"
    assert_refused(auxgen("sample", stopped, "--out", out), "no trained stage yet", hint)
    assert_refused(auxgen("export", stopped, tmp_path / "artefact"), "no trained stage", hint)
    assert not out.exists()
    assert not (tmp_path / "artefact").exists()


def test_an_unfinished_run_is_not_overwritten(auxgen: Command, stopped: Path, own: Path) -> None:
    before = sorted(stopped.rglob("*"))
    outcome = auxgen("train", own, "--run", stopped, *STEPS)
    assert_refused(outcome, "exists already", f"auxgen train --resume {stopped}")
    assert sorted(stopped.rglob("*")) == before


@pytest.mark.parametrize("harm", ["truncated", "flipped"])
@pytest.mark.parametrize(
    "name", ["model.safetensors", "average.safetensors", "optimizers.safetensors"]
)
def test_a_damaged_checkpoint_is_named_and_left_alone(
    name: str, harm: str, auxgen: Command, stopped: Path
) -> None:
    file = stopped / "checkpoints" / "sdgm-3" / name
    data = damage(file, harm)
    assert_refused(auxgen("train", "--resume", stopped), f"{file} is damaged")
    assert file.read_bytes() == data


def test_a_checkpoint_whose_state_is_cut_short_is_named(auxgen: Command, stopped: Path) -> None:
    file = stopped / "checkpoints" / "sdgm-3" / "state.json"
    damage(file, "truncated")
    assert_refused(auxgen("train", "--resume", stopped), str(file), "is not JSON")


def test_a_checkpoint_of_another_run_is_refused(
    auxgen: Command, stopped: Path, copied: Path
) -> None:
    (stopped / "checkpoints" / "sdgm-3").rename(copied / "checkpoints" / "sdgm-3")
    (copied / "sdgm" / "model.safetensors").unlink()
    outcome = auxgen("train", "--resume", copied)
    assert_refused(outcome, "belongs to another experiment", "its run is")


@pytest.mark.parametrize("harm", ["truncated", "flipped"])
def test_damaged_weights_are_not_measured(harm: str, auxgen: Command, copied: Path) -> None:
    damage(copied / "sdgm" / "model.safetensors", harm)
    for args in (("evaluate", copied), ("report", copied), ("train", "--resume", copied)):
        assert_refused(auxgen(*args), "model.safetensors is missing, truncated or not the one")


def test_weights_that_the_experiment_no_longer_fits_are_refused(
    auxgen: Command, copied: Path
) -> None:
    file = copied / "experiment.py"
    file.write_text(file.read_text().replace("made = stage(model", 'made = stage("adgm"'))
    trust_file(copied)
    assert_refused(auxgen("evaluate", copied), "does not fit the weights", "train a new run")
    assert auxgen("report", copied).status == 0


@pytest.mark.parametrize("missing", ["id", "options", "seed", "stages"])
def test_what_a_run_json_lacks_is_named(missing: str, auxgen: Command, copied: Path) -> None:
    file = copied / "run.json"
    config = json.loads(file.read_text())
    del config[missing]
    file.write_text(json.dumps(config))
    assert_refused(auxgen("evaluate", copied), f"has no {missing!r}")


@pytest.mark.parametrize("name", ["versions", "datasets", "facts", "rounds", "passes", "cautions"])
def test_what_a_run_json_has_of_another_kind_is_named(
    name: str, auxgen: Command, copied: Path
) -> None:
    file = copied / "run.json"
    config = json.loads(file.read_text())
    for value in ("x", [1], None):
        file.write_text(json.dumps({**config, name: value}))
        assert_refused(auxgen("train", "--resume", copied), f"has {name} {value!r}")


@pytest.mark.parametrize(
    ("text", "words"), [("{", "is not JSON"), ("[]", "holds no JSON object"), ("{}", "'id'")]
)
def test_a_damaged_run_json_is_refused(
    text: str, words: str, auxgen: Command, copied: Path
) -> None:
    (copied / "run.json").write_text(text)
    for args in (("evaluate", copied), ("train", "--resume", copied)):
        assert_refused(auxgen(*args), words)


def test_a_folder_that_is_no_run_is_refused(auxgen: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for command in ("evaluate", "report"):
        assert_refused(auxgen(command, tmp_path / "empty"), "is no run: it has no run.json")
    outcome = auxgen("predict", tmp_path / "empty", "x.png")
    assert_refused(outcome, "is no artefact: it has no config.json")


def test_an_unknown_stage_or_metric_is_refused(auxgen: Command, run: Path, tmp_path: Path) -> None:
    outcome = auxgen("sample", run, "--stage", "sdmg", "--out", tmp_path / "x.png")
    assert_refused(outcome, "no trained stage 'sdmg'; it has sdgm.")
    outcome = auxgen("evaluate", run, "--metric", "test_eror")
    assert_refused(outcome, "no metric 'test_eror'; did you mean 'test_error'?")


LIES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "builder": (lambda c: c.update(builder="sdmg"), "no builder 'sdmg'; did you mean 'sdgm'?"),
    "a function": (lambda c: c.update(builder="exec"), "no builder 'exec'"),
    "argument": (lambda c: c["arguments"].update(hiden=[8]), "refuses its arguments"),
    "width": (lambda c: c["arguments"].update(hidden=[9, 8]), "does not fit the weights"),
    "checksum": (lambda c: c.update(sha256="0"), "not the one config.json was made for"),
    "classes": (lambda c: c["space"].update(classes=["cat", "dog"]), "contradicts itself"),
    "space": (lambda c: c.pop("space"), "does not say how the model sees rows"),
    "format": (lambda c: c.update(format=3), "has format 3; expected 1 to 2"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_artefact_that_lies_is_not_used(
    lie: str, auxgen: Command, eight: Path, tmp_path: Path
) -> None:
    artefact, out = Path(shutil.copytree(eight, tmp_path / "lying")), tmp_path / "x.png"
    config = json.loads((artefact / "config.json").read_text())
    change, words = LIES[lie]
    change(config)
    (artefact / "config.json").write_text(json.dumps(config))
    assert_refused(auxgen("sample", artefact, "--out", out), words)
    assert_refused(auxgen("predict", artefact, out), words)
    assert not out.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("sample", "--n", "0", "--out", "x.png"), "n is 0; 1 or more is expected."),
        (("sample", "--of", "dgo", "--out", "x.png"), "no class 'dgo'; did you mean 'dog'?"),
        (("sample", "--of", "3", "--out", "x.png"), "no class '3'; known are cat, dog, owl."),
        (("sample", "--out", "x.gif"), "--out ends in '.gif'"),
        (("embed", "rows.npy", "--out", "x.png"), "expected .npz, .csv"),
        (("predict",), "Expected auxgen predict MODEL FILE..."),
        (("predict", "rows.npy", "--draws", "0"), "draws is 0; 1 or more is expected."),
        (("interpolate", "rows.npy", "--out", "x.png", "--steps", "1"), "steps is 1; 2 or more"),
        (
            ("interpolate", "row.npy", "--out", "x.png"),
            "rows is 1; expected 2 or more.",
        ),
    ],
)
def test_what_a_model_cannot_do_is_refused(
    given: tuple[str, ...],
    words: str,
    auxgen: Command,
    eight: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import numpy as np

    monkeypatch.chdir(tmp_path)
    np.save("rows.npy", np.zeros((2, 64), np.float32))
    np.save("row.npy", np.zeros((1, 64), np.float32))
    assert_refused(auxgen(given[0], eight, *given[1:]), words)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["row.npy", "rows.npy"]


def limited(*args: str | Path) -> subprocess.CompletedProcess[str]:
    """The command where no file can be larger than 3000 bytes, as on a device that is full."""
    return run_python("-m", "auxgen", *args, file_size=3000)


def test_a_full_device_ends_training_in_a_sentence_and_resume_continues(
    auxgen: Command, stopped: Path
) -> None:
    done = limited("train", "--resume", stopped)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "could not be written: no space is left" in done.stderr.splitlines()[-1]
    assert [p.name for p in (stopped / "checkpoints").iterdir()] == ["sdgm-3"]
    assert auxgen("train", "--resume", stopped).status == 0


@pytest.mark.parametrize("ending", ["npy", "csv", "png"])
def test_a_full_device_ends_sampling_in_a_sentence(
    ending: str, eight: Path, tmp_path: Path
) -> None:
    done = limited("sample", eight, "--n", "100", "--out", tmp_path / f"x.{ending}")
    assert done.returncode == 1
    assert done.stderr.endswith("could not be written: no space is left.\n")
    assert done.stderr.count("\n") == 1


def test_a_full_device_at_the_start_leaves_no_half_a_run(own: Path, tmp_path: Path) -> None:
    own.write_text(own.read_text() + "#" * 4000)
    done = limited("train", own, "--run", tmp_path / "run", *STEPS)
    assert done.returncode == 1
    assert "no space is left" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "run").exists()
