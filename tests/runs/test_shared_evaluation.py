"""Two ranks that share the rows of measures get the scores of one, to the last bit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from runs.shared_measures import make_watched_stage, measure_all
from warm import run_python

from auxgen.engine.device import Ranks
from auxgen.runs.evaluate import measure_scores
from auxgen.runs.folder import Run
from auxgen.runs.metrics_file import MetricsFile

TESTS = str(Path(__file__).parent.parent)
RANKS = ("-m", "torch.distributed.run", "--nproc-per-node", "2")
BEGIN = """
import json, os, signal, sys
from functools import partial
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from auxgen.engine.device import exit_cleanly, init_ranks
out = Path({out!r})
"""


def torchrun(code: str, out: Path) -> subprocess.CompletedProcess[str]:
    """How two ranks end that carry out a probe; `out` is a folder for what they find."""
    probe = out / "probe.py"
    probe.write_text(BEGIN.format(tests=TESTS, out=str(out)) + code)
    return run_python(*RANKS, str(probe))


MEASURING = """
from runs.shared_measures import count_rows, measure_all
from auxgen.engine.shared_rows import share_rows
from auxgen.inference.batched import map_batches
with exit_cleanly(), init_ranks("cpu") as here:
    counted = []
    with share_rows(here):
        rows = torch.arange(13.0)
        found = map_batches(partial(count_rows, counted), rows, device="cpu", batch_size=2)
    assert torch.equal(found, rows)
    scores = {"scores": measure_all(here), "counted": counted}
    (out / f"{here.rank}.json").write_text(json.dumps(scores))
"""


def test_two_ranks_share_rows_and_get_the_scores_of_one_to_the_last_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "of_two"))
    done = torchrun(MEASURING, tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "of_one"))
    alone = json.loads(json.dumps(measure_all(Ranks())))
    assert first["scores"] == alone
    assert second["scores"] == alone
    assert (first["counted"], second["counted"]) == ([2, 2, 2, 1], [2, 2, 2])
    files = {
        each: sorted(p.name for p in (tmp_path / each).rglob("*.safetensors"))
        for each in ("of_one", "of_two")
    }
    assert len(files["of_one"]) == 2  # features of the real pictures, and their moments
    assert files["of_two"] == files["of_one"]


TRAINING = """
from runs.shared_measures import make_watched_stage
from auxgen.launch import train
with exit_cleanly(), init_ranks("cpu"):
    train({{"vae": make_watched_stage()}}, run=out / "run", device="cpu", quiet=True)
"""


def test_two_ranks_share_the_rows_of_a_monitor_and_of_looks(tmp_path: Path) -> None:
    """The last ones see the weights of the artefact, which one process measures here."""
    done = torchrun(TRAINING.format(), tmp_path)
    assert done.returncode == 0, done.stderr
    lines = MetricsFile(tmp_path / "run" / "metrics.jsonl").read_lines()
    scores = [line["scores"] for line in lines if "scores" in line and line["step"] == 4]
    stage = make_watched_stage()
    Run(tmp_path / "run").restore_stage("vae", stage)
    assert stage.monitor is not None
    method = stage.method.eval().requires_grad_(False)
    alone = measure_scores("vae", method, stage.monitor.evaluations, 0)["vae/elbo"]["value"]
    assert scores == [{"look": alone}, {"elbo": alone}]


EXPERIMENT = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
import laws
from auxgen.evaluation.classification import TestError
from auxgen.features.trained import MissingExtractor, is_run_finished
from auxgen.files import get_cache_folder

x = torch.rand(40, laws.X, generator=torch.Generator().manual_seed(0))
error = TestError(x, torch.arange(40) % laws.K, rows=8)

def need_extractor(method):
    name = "features.digits"
    run = get_cache_folder() / "extractors" / name
    if not is_run_finished(run):
        raise MissingExtractor(name, name, 0, run)
    return error(method)

def die(method):
    if os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    return error(method)

def stop(method):
    if os.environ["RANK"] == "1":
        signal.raise_signal(signal.SIGTERM)
    return error(method)

def experiment(*, seed: int = 0):
    own = {{"error": error, "late": need_extractor, "dies": die, "stops": stop}}
    return {{"sdgm": replace(laws.stage("sdgm", 2), evaluations=own)}}
"""
EVALUATING = """
from dataclasses import replace
from auxgen.cli.main import main
from auxgen.experiments.features import plans, sets
whole = sets.digits

def short(*, seed: int = 0, epochs: float = 0.1):
    return whole(plans.FeaturesPlan(epochs=epochs, width=4, batch=8), seed=seed)

sets.digits = short
main(["evaluate", str(out / "run"), *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is trained and measured by one process, in a folder of its own."""
    folder = tmp_path_factory.mktemp("shared")
    file = folder / "mine.py"
    file.write_text(EXPERIMENT.format(tests=TESTS))
    made = str(folder / "run")
    for words in (["train", str(file), "--run", made], ["evaluate", made, "--metric", "error"]):
        done = run_python("-m", "auxgen", *words)
        assert done.returncode == 0, done.stderr
    return folder / "run"


def evaluate(run: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """How `auxgen evaluate RUN WORDS` ends on two ranks."""
    probe = run.parent / "probe.py"
    probe.write_text(BEGIN.format(tests=TESTS, out=str(run.parent)) + EVALUATING)
    return run_python(*RANKS, str(probe), *words)


def read_value(run: Path, name: str) -> float:
    return json.loads((run / "scores.json").read_text())["scores"][f"sdgm/{name}"]["value"]


def test_the_command_on_two_ranks_writes_and_says_once_what_one_does(run: Path) -> None:
    before = read_value(run, "error")
    (run / "scores.json").unlink()
    done = evaluate(run, "--metric", "error", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scores"]["sdgm/error"]["value"] == before
    assert read_value(run, "error") == before


def test_bad_input_is_told_once(run: Path) -> None:
    done = evaluate(run, "--metric", "errors")
    assert done.returncode != 0
    assert done.stderr.count("There is no metric 'errors'; did you mean 'error'?") == 1
    assert "exitcode  : 2" in done.stderr


def test_one_rank_trains_an_extractor_that_is_not_there_while_the_other_waits(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUXGEN_CACHE", str(run.parent / "cache"))
    done = evaluate(run, "--metric", "late")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("training it once") == 1
    assert read_value(run, "late") == read_value(run, "error")
    config = json.loads((run.parent / "cache/extractors/features.digits/run.json").read_text())
    assert config["ranks"] == 1


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("dies", "Another rank has ended before its time; no score was written"),
        ("stops", "Stopped by another rank; nothing was written"),
    ],
)
def test_a_rank_that_is_lost_or_stopped_ends_all_with_a_sentence(
    metric: str, sentence: str, run: Path
) -> None:
    before = (run / "scores.json").read_bytes()
    done = evaluate(run, "--metric", metric)
    assert done.returncode != 0
    assert done.stderr.count(sentence) == 1
    assert 'auxgen/cli/main.py", line' not in done.stderr
    assert (run / "scores.json").read_bytes() == before


@pytest.mark.slow
def test_real_processes_of_torchrun_evaluate_as_one_does(run: Path) -> None:
    before = read_value(run, "error")
    command = [sys.executable, *RANKS, "-m", "--", "auxgen", "evaluate", str(run)]
    asked = [*command, "--metric", "error"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("sdgm/error: most probable class") == 1
    assert done.stderr.count("sdgm/error  ") == 1
    assert read_value(run, "error") == before
