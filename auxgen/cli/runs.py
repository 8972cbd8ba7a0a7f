"""Commands that make runs and look at them as a whole."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TextIO

from ..errors import InputError
from .options import parse_options

_TRAIN_OPTIONS = ("--run", "--resume", "--device", "--precision", "--log")
"""Options of train itself; all others are the experiment's."""


def train(args: Sequence[str]) -> None:
    """auxgen train EXPERIMENT --run FOLDER [--device auto] [--precision 32] [--log tensorboard]
    [the experiment's options], or auxgen train --resume FOLDER."""
    own, rest = _split_options(args)
    if "--resume" in own:
        _resume_run(own, rest)
        return
    if not rest or rest[0].startswith("-"):
        raise InputError(
            "auxgen train EXPERIMENT --run FOLDER is wanted; auxgen experiments lists them."
        )
    from ..experiments import registry as experiments
    from ..launch import train as trained

    found = experiments.find_experiment(rest[0])
    asked = _parse_experiment_options(found, rest[1:])
    if "--run" not in own:
        raise InputError("--run FOLDER is wanted: where the run shall be.")
    logs = _parse_trackers(own)
    ours = sorted({"run", "device", "precision", "log", "quiet"} & asked.keys())
    if ours:
        raise InputError(f"{rest[0]} has an option {ours[0]!r}, which is train's own; rename it.")
    if found.file is not None:
        _print_on_first_rank(f"running your file {found.file}", sys.stderr)
    run = trained(
        rest[0],
        run=own["--run"],
        device=own.get("--device", "auto"),
        precision=_parse_precision(own.get("--precision")),
        log=logs,
        **asked,
    )
    _print_on_first_rank(
        f"trained {', '.join(run.trained_stages())}; next: auxgen evaluate {run.path}"
    )


def _parse_experiment_options(entry: Any, args: Sequence[str]) -> dict[str, Any]:
    """An experiment's options: those that choose its plan first, as defaults hang on them."""
    from ..experiments import registry

    given: dict[str, Any] = {}
    for name in registry.choose_plan_options(entry):
        option = "--" + name.replace("_", "-")
        for place, arg in enumerate(args):
            if arg == option and place + 1 < len(args):
                given[name] = args[place + 1]
            elif arg.startswith(f"{option}="):
                given[name] = arg.partition("=")[2]
    for arg in args:
        name = arg.removeprefix("--").partition("=")[0].replace("-", "_")
        if arg.startswith("--") and name in (entry.renamed or {}):
            registry.resolve_options(entry, {name: ""})
    function = registry.make_option_function(entry, given)
    return parse_options(function, args, f"auxgen train {entry.name}", _TRAIN_OPTIONS)


def _resume_run(own: dict[str, str], rest: list[str]) -> None:
    from ..launch import resume as resumed

    other = [name for name in own if name not in ("--resume", "--device", "--log")] + rest
    if other:
        raise InputError(
            f"--resume takes all but --device and --log from the run, and got {other[0]!r}."
        )
    run = resumed(own["--resume"], device=own.get("--device", "auto"), log=_parse_trackers(own))
    _print_on_first_rank(
        f"trained {', '.join(run.trained_stages())}; next: auxgen evaluate {run.path}"
    )


def _print_on_first_rank(sentence: str, file: TextIO | None = None) -> None:
    """Print, from the first rank alone."""
    if os.environ.get("RANK", "0") == "0":
        print(sentence, file=file)


def _split_options(args: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """train's own options, and all the rest."""
    own: dict[str, str] = {}
    rest: list[str] = []
    left = iter(args)
    for arg in left:
        name, equals, value = arg.partition("=")
        if name not in _TRAIN_OPTIONS:
            rest.append(arg)
            continue
        given = value if equals else next(left, None)
        if given is None or given.startswith("--"):
            raise InputError(f"{name} takes a value, and got none.")
        own[name] = given
    return own, rest


def _parse_trackers(own: dict[str, str]) -> list[str]:
    """The trackers that --log names, checked before a run folder is made."""
    from ..engine.trackers import check_trackers

    names = own["--log"].split(",") if "--log" in own else []
    check_trackers(names)
    return names


def _parse_precision(name: str | None) -> Literal["32", "bf16"] | None:
    if name not in (None, "32", "bf16"):
        raise InputError(f"--precision takes 32 or bf16, not {name!r}.")
    return name  # pyright: ignore[reportReturnType]


def list_experiments(*, json: bool = False) -> None:
    """Every experiment: what it shows, the paper's number, ours, and how long it takes.

    Args:
        json: Print a JSON list of objects instead of a table.
    """
    from ..experiments.registry import list_experiments, list_reproductions

    tables = set(list_reproductions())
    rows = [
        {
            "name": name,
            "shows": about.shows,
            "paper": about.paper,
            "ours": about.ours,
            "time": about.time,
            "reproduces": name in tables,
        }
        for name, about in list_experiments().items()
    ]
    if json:
        _print_json(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(show_lines=True)
    table.add_column("experiment", no_wrap=True)
    for title in ("shows", "paper", "ours", "time"):
        table.add_column(title)
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("name", "shows", "paper", "ours", "time")))
    Console().print(table)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def evaluate(
    runs: tuple[Path, ...],
    /,
    *,
    json: bool = False,
    metric: tuple[str, ...] = (),
    draws: int = 1,
    split: str = "test",
    rows: int | None = None,
    mixed: bool = False,
    device: str = "auto",
) -> None:
    """Measure what the runs' experiments list and write each run's scores.json.

    Args:
        runs: Folders of runs; several make one table.
        json: Print JSON: one object for one run, a list for several.
        metric: Only these: names that the experiment lists, or measures such as
            fd:cifar10-resnet56, nll, psnr, knn_accuracy (docs/evaluation.md has them all).
        draws: Repetitions with other seeds, for the spread.
        split: Rows that measures asked for by name are taken on: test, train or valid.
        rows: At most so many of them, and as many samples.
        mixed: Put scores of different protocols into one table all the same.
        device: auto, cpu or cuda.
    """
    from ..launch import evaluate as measured
    from ..report import tables

    if not runs:
        raise InputError("auxgen evaluate RUN... is wanted.")
    results = [
        measured(
            run, device=device, metrics=metric, draws=draws, split=split, rows=rows, quiet=json
        )
        for run in runs
    ]
    if json:
        _print_json(results[0] if len(results) == 1 else results)
    else:
        tables.show_scores([str(run) for run in runs], results, mixed)


def compare(
    real: str,
    fake: str,
    /,
    *,
    metric: tuple[str, ...],
    rows: int | None = None,
    json: bool = False,
    device: str = "auto",
) -> None:
    """Measure one set of pictures against another, such as a folder of samples against test images.

    Args:
        real: A set's name (its test split, or NAME/train), a folder, or an .npy file.
        fake: The other set, likewise.
        metric: fd, kd, cs, precision, recall, density or coverage, with a colon and an extractor:
            fd:cifar10-resnet56; fid, kid and is mean those of inception.
        rows: At most so many of each.
        json: Print JSON instead of a table.
        device: auto, cpu or cuda.
    """
    from ..evaluation.compare import compare_image_sets as compared
    from ..report import tables

    result = compared(real, fake, metric, rows=rows, device=device)
    if json:
        _print_json(result)
    else:
        tables.show_scores([f"{result['fake']} beside {result['real']}"], [result], mixed=False)


def report(runs: tuple[Path, ...], /, *, out: Path | None = None) -> None:
    """Write one self-contained HTML file of a run, or of several beside each other.

    Args:
        runs: Folders of runs.
        out: The file; RUN/report.html of the first where not given.
    """
    from ..launch import draw_pictures
    from ..report import write_report

    if not runs:
        raise InputError("auxgen report RUN... is wanted.")
    for run in runs:
        draw_pictures(run)
    print(write_report(list(runs), out or runs[0] / "report.html"))


def export(run: Path, folder: Path, /, *, stage: str | None = None) -> None:
    """Copy a trained stage's artefact to a folder of its own: JSON, safetensors, a model card.

    Args:
        run: The run.
        folder: Where; must not exist yet.
        stage: Which stage; the last trained where not given.
    """
    from ..files import make_save_error
    from ..model import load

    found = load(run, stage)
    if folder.exists():
        raise InputError(f"{folder} exists already; a new folder is wanted.")
    try:
        shutil.copytree(found.name, folder)
    except OSError as error:
        raise make_save_error(folder, 0.0, error) from error
    print(folder)


def reproduce(
    name: str,
    /,
    *,
    budget: Literal["cpu", "paper"] = "cpu",
    seeds: int | None = None,
    out: Path | None = None,
    device: str = "auto",
) -> None:
    """Train what is missing of a table or a figure, and print ours beside the paper's.

    Args:
        name: Such as adgm.digits.
        budget: What fits a laptop, or what the paper ran.
        seeds: Runs of each row; the reproduction's own number where not given.
        out: Folder for runs and results; runs/reproduce/NAME-BUDGET where not given.
        device: auto, cpu or cuda.
    """
    from ..report import tables
    from ..reproduction import load_reproduction
    from ..reproduction import reproduce as reproduced

    folder = reproduced(name, budget=budget, seeds=seeds, out=out, device=device)
    tables.show_reproduction(load_reproduction(folder))
    print(f"{folder}/table.json  {folder}/table.png  {folder}/report.html")


_DEMO_SCORES = {
    "SDGM: 50 labelled digits and 1,247 without a label": "sdgm/test_error",
    "the same classifier, the 50 labelled digits alone": "supervised/test_error",
    "label spreading, 7 nearest neighbours": "supervised/peer_label_spreading_knn_error",
    "label spreading, rbf kernel": "supervised/peer_label_spreading_rbf_error",
}


def demo(*, run: Path | None = None) -> None:
    """Learn handwritten digits from five labels a class, and leave a report.

    Args:
        run: Folder of the run; runs/demo, or the next free name, where not given.
    """
    from .. import report as reports
    from ..launch import draw_pictures
    from ..launch import evaluate as measured
    from ..launch import train as trained

    folder = run or _find_free_path(Path("runs/demo"))
    made = trained("adgm.digits", run=folder)
    result = measured(made.path)
    draw_pictures(made.path)
    page = reports.write_report([made.path], made.path / "report.html")
    scores = result["scores"]
    _print_on_first_rank(
        f"Error on {scores['sdgm/test_error']['n']} digits that training did not see:"
    )
    for title, score in _DEMO_SCORES.items():
        _print_on_first_rank(f"  {scores[score]['value']:5.1f} %  {title}")
    print(f"report: {page.resolve()}")


def _find_free_path(path: Path) -> Path:
    """The path, or the first of path-2, path-3, ... that is not taken."""
    names = [path, *(path.with_name(f"{path.name}-{i}") for i in range(2, 10_000))]
    return next(p for p in names if not p.exists())
