"""Commands that list experiments, and that look at runs as a whole."""

import json
import shutil
import sys
import textwrap
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError, NotRebuilt
from ..runs.commands import find_free_folder
from .train import print_on_first_rank


def experiments_command(text: tuple[str, ...] = (), /, *, json: bool = False) -> None:
    """List experiments; with TEXT, those that fit, and their numbers.

    Args:
        text: Words that must all be in an experiment's name or description. What is found is shown
            with the paper's number, ours, and how long it takes.
        json: Print a JSON list of objects.
    """
    from ..experiments.registry import list_experiments, list_papers, list_reproductions

    tables, papers = list_reproductions(), list_papers()
    words = " ".join(text).casefold().split()
    rows: list[dict[str, Any]] = []
    for name, about in list_experiments().items():
        description = f"{name} {about.shows} {papers[name.partition('.')[0]]}".casefold()
        if all(word in description for word in words):
            shown = {key: getattr(about, key) for key in ("shows", "paper", "ours", "time")}
            rows.append({"name": name, **shown, "reproduces": name in tables})
    if json:
        _print_json(rows)
        return
    if not rows:
        what = f"There is no experiment with {' '.join(text)!r} in its name or description"
        raise InputError(f"{what}; auxgen experiments lists all.")
    for paper, title in papers.items():
        found = [row for row in rows if row["name"].startswith(f"{paper}.")]
        if found:
            _print_wrapped(f"{paper}: {title}")
            for row in found:
                _print_experiment(row, in_detail=bool(text))
            names = [name for name in tables if name.startswith(f"{paper}.")]
            if names and not text:
                _print_wrapped(f"  auxgen reproduce: {', '.join(names)}", indent=4)
            print()
    if not text:
        _print_wrapped(
            "auxgen experiments TEXT shows the papers' numbers, ours, and how long an experiment "
            "takes; auxgen train NAME --help shows its options."
        )


def _print_experiment(row: Mapping[str, Any], *, in_detail: bool) -> None:
    """What an experiment shows; in detail, the paper's number, ours and the time below."""
    width = 24  # columns of the longest name, and two
    _print_wrapped(f"  {row['name']:<{width}}{row['shows']}", indent=2 + width)
    for key in ("paper", "ours", "time") if in_detail else ():
        if row[key]:
            _print_wrapped(f"    {key:<7}{row[key]}", indent=11)


def _print_wrapped(line: str, indent: int = 2) -> None:
    """Print a line in as many as the terminal's width takes, the later ones indented."""
    width = max(shutil.get_terminal_size().columns, 2 * indent)
    print(textwrap.fill(line, width, subsequent_indent=" " * indent, break_on_hyphens=False))


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def evaluate_command(
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
    """Measure the scores of runs, each with its protocol.

    Several runs make one table. Each run's scores.json keeps its scores.

    Args:
        runs: Folders of runs.
        json: Print JSON: one object for one run, a list for several.
        metric: Only these: names that the experiment lists, or measures such as
            fd:cifar10-resnet56, nll, psnr, knn_accuracy (docs/evaluation.md has them all).
        draws: Repetitions with other seeds, for the spread.
        split: Rows on which measures are taken that the experiment does not list: test, train or
            valid.
        rows: At most this many of these rows, and as many samples.
        mixed: Put scores of different protocols into one table.
        device: auto, cpu, cuda or cuda:1.
    """
    from ..engine.device import is_first_process
    from ..launch import evaluate
    from ..report import tables

    given = {"device": device, "metrics": metric, "draws": draws, "split": split, "rows": rows}
    results = [evaluate(run, quiet=json, **given) for run in runs]
    if not is_first_process():
        return
    if json:
        _print_json(results[0] if len(results) == 1 else results)
    else:
        tables.show_scores([str(run) for run in runs], results, mixed)


def compare_command(
    real: str,
    fake: str,
    /,
    *,
    metric: tuple[str, ...],
    rows: int | None = None,
    json: bool = False,
    device: str = "auto",
) -> None:
    """Measure one set of pictures against another.

    Args:
        real: A dataset's name (its test split, or NAME/train), a folder, or an .npy file.
        fake: The other set, such as a folder of samples.
        metric: fd, kd, cs, precision, recall, density or coverage, with a colon and an extractor:
            fd:cifar10-resnet56; fid, kid and is are those of inception.
        rows: At most this many of each.
        json: Print JSON instead of a table.
        device: auto, cpu, cuda or cuda:1.
    """
    from ..evaluation.compare import compare_image_sets
    from ..launch import train_missing_extractors_for
    from ..report import tables

    compare = partial(compare_image_sets, real, fake, metric, rows=rows, device=device)
    result = train_missing_extractors_for(compare, device)
    if json:
        _print_json(result)
    else:
        tables.show_scores([f"{result['fake']} beside {result['real']}"], [result], mixed=False)


def report_command(runs: tuple[Path, ...], /, *, out: Path | None = None) -> None:
    """Write one HTML file about a run, or several side by side.

    Args:
        runs: Folders of runs.
        out: The file (.html); report.html in the first run's folder by default.
    """
    if out is not None and out.suffix.lower() not in (".html", ".htm", ""):
        raise InputError(f"--out ends in {out.suffix!r}; expected .html.")
    from ..launch import draw_pictures
    from ..report import write_report

    notes: dict[Path, str] = {}
    for run in runs:
        try:
            draw_pictures(run)
        except NotRebuilt as error:
            notes[run] = f"This is what was stored when it was measured. {error}"
            print(f"{error} The report shows what is stored.", file=sys.stderr)
    print(write_report(runs, out or runs[0] / "report.html", notes))


def reproduce_command(
    name: str,
    /,
    *,
    budget: Literal["cpu", "paper"] = "cpu",
    seeds: int | None = None,
    out: Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "32", "bf16"] = "auto",
) -> None:
    """Reproduce a table or figure of a paper: ours beside theirs.

    What is missing is trained, and unfinished runs are continued.

    Args:
        name: A name that auxgen experiments lists, such as adgm.digits.
        budget: What fits a laptop, or what the paper ran.
        seeds: Runs of each row; the table's own number by default.
        out: Folder for runs and results; runs/reproduce/NAME-BUDGET by default.
        device: auto, cpu, cuda or cuda:1.
        precision: 32, bf16, or auto, measured once for all seeds of a row.
    """
    from ..report import tables
    from ..reproduction import load_reproduction, reproduce

    given = {"budget": budget, "seeds": seeds, "out": out, "device": device}
    folder = reproduce(name, **given, precision=precision)
    tables.show_reproduction(load_reproduction(folder))
    print(f"{folder}/table.json  {folder}/table.png  {folder}/report.html")


_DEMO_SCORES = {
    "SDGM: 50 labelled digits and 1,247 without a label": "sdgm/test_error",
    "the same classifier, the 50 labelled digits alone": "supervised/test_error",
    "label spreading, 7 nearest neighbours": "supervised/peer_label_spreading_knn_error",
    "label spreading, rbf kernel": "supervised/peer_label_spreading_rbf_error",
}


def demo_command(*, run: Path | None = None) -> None:
    """Learn handwritten digits from five labels a class; a report.

    Args:
        run: Folder of the run; runs/demo by default, or the next free name.
    """
    from ..launch import draw_pictures, evaluate, train
    from ..report import write_report

    folder = train("adgm.digits", run=run or find_free_folder(Path("runs/demo"))).path
    scores = evaluate(folder)["scores"]
    draw_pictures(folder)
    page = write_report([folder], folder / "report.html")
    digits = scores["sdgm/test_error"]["n"]
    print_on_first_rank(f"Error on {digits} digits that training did not see:")
    for title, score in _DEMO_SCORES.items():
        print_on_first_rank(f"  {scores[score]['value']:5.1f} %  {title}")
    print(f"report: {page.resolve()}")
