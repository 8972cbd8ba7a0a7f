"""Reproducing a table: train what is missing, evaluate, and print ours beside the paper's."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Literal

from . import report
from .engine.settings import Precision, PrecisionChoice
from .errors import require_at_least
from .experiments.common import Reproduction, TableRow
from .experiments.registry import find_experiment, load_reproduction_maker
from .files import encode_json, read_json, write_file
from .launch import draw_pictures, evaluate, resume, train
from .plotting.tables import plot_table
from .runs.folder import Run
from .runs.metrics_file import MetricsFile
from .score import Score
from .terminal import print_notes

ReproductionBudget = Literal["cpu", "paper"]


def reproduce(
    name: str,
    *,
    budget: ReproductionBudget = "cpu",
    seeds: int | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    precision: PrecisionChoice = "auto",
    quiet: bool = False,
    **options: Any,
) -> Path:
    """Train what is missing, evaluate, and write the table as JSON, PNG and an HTML report.

    Args:
        name: A table or figure, such as "adgm.figure2".
        budget: "cpu" or "paper".
        seeds: Runs of each row; the reproduction's own number when None.
        out: Folder for runs and results; runs/reproduce/<name>-<budget> when None. Runs that are
            there are not trained again, and unfinished ones are continued.
        device: As for `train`.
        precision: As for `train`; what is measured of a row's first run holds for its other seeds.
        quiet: No progress on stderr.
        options: Options of every experiment, such as epochs; they replace the table's own.

    Returns:
        The folder, with table.json, table.png and report.html; and trials.json, where the rows of
        the table were chosen by trials.

    Raises:
        InputError: There is no such reproduction.
    """
    require_at_least(1, seeds=1 if seeds is None else seeds)
    table: Reproduction = load_reproduction_maker(name)(budget)
    folder = Path(out) if out is not None else Path("runs/reproduce") / f"{name}-{budget}"
    how = _TrainingSettings(device, precision, quiet)
    about = {"reproduction": name, "budget": budget}
    if table.choose is not None:
        trials = _measure_table(table, seeds, folder, how, options)
        write_file(folder / "trials.json", encode_json({**about, **trials}))
        table = table.choose(_collect_means(trials["rows"]))
    result = {**about, **_measure_table(table, seeds, folder, how, options)}
    write_file(folder / "table.json", encode_json(result))
    plot_table(result, folder / "table.png")
    runs = sorted({folder / run for line in result["rows"] for run in line["runs"]})
    report.write_report(runs, folder / "report.html")
    return folder


def _describe_runs(table: Reproduction, seeds: int | None) -> list[str]:
    """Lines for a person beforehand: runs of each experiment, and how long one took."""
    runs: dict[str, set[str]] = {}
    for row in table.rows:
        each = {f"{row.options} {seed}" for seed in _list_seeds(table, row, seeds)}
        runs.setdefault(row.experiment, set()).update(each)
    lines = []
    for name, each in runs.items():
        time = find_experiment(name).about.time or "not known"
        lines.append(f"{name}: {len(each)} run{'s' * (len(each) != 1)}, each: {time}")
    return lines


def _list_seeds(table: Reproduction, row: TableRow, seeds: int | None) -> range:
    """Seeds of a row's runs; `seeds` is their number where a person says one."""
    count = seeds or row.seeds or table.seeds
    return range(table.first_seed, table.first_seed + count)


@dataclass(frozen=True)
class _TrainingSettings:
    """How runs are trained: the precision of all stages, or by stage."""

    device: str
    precision: PrecisionChoice | Mapping[str, Precision]
    quiet: bool


def _measure_table(
    table: Reproduction,
    seeds: int | None,
    folder: Path,
    how: _TrainingSettings,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """All rows of a table, JSON-able; `seeds` replaces the table's own number of runs."""
    if not how.quiet:
        print_notes(_describe_runs(table, seeds))
    lines = [
        _measure_row(row, _list_seeds(table, row, seeds), folder, how, options)
        for row in table.rows
    ]
    most = max(len(line["runs"]) for line in lines)
    named = {line["name"]: line for line in lines}
    less = [_subtract_rows(named[one], named[other]) for one, other in table.differences]
    return {
        "title": table.title,
        "seeds": list(range(table.first_seed, table.first_seed + most)),
        "options": options,
        "claim": table.claim(_collect_means(lines)) if table.claim else "",
        **({"differences": less} if less else {}),
        "rows": lines,
    }


def _collect_means(lines: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], float]:
    """Means by row and column."""
    return {(line["name"], c): v["mean"] for line in lines for c, v in line["columns"].items()}


def _subtract_rows(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a row less those of another, seed by seed, with a 95 % interval of the mean.

    The interval is Student's, of as many pairs as both rows have runs.
    """
    pairs = {
        column: list(zip(cell["values"], other["columns"][column]["values"], strict=False))
        for column, cell in one["columns"].items()
        if column in other["columns"]
    }
    columns = {c: measure_difference([a - b for a, b in each]) for c, each in pairs.items()}
    return {"row": one["name"], "less": other["name"], "columns": columns}


def measure_difference(values: Sequence[float]) -> dict[str, Any]:
    """The mean of differences and half of its 95 % interval by Student's t; None of one alone."""
    from scipy.stats import t as student

    n = len(values)
    half = student.ppf(0.975, n - 1) * stdev(values) / n**0.5 if n > 1 else None
    return {"mean": mean(values), "half_interval": half, "values": list(values)}


def _measure_row(
    row: TableRow,
    seeds: Sequence[int],
    folder: Path,
    how: _TrainingSettings,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Train and measure a row's runs, one for each seed, and average their scores."""
    settings = {**row.options, **options}
    name = "-".join([row.experiment, *(f"{k}={v}" for k, v in sorted(settings.items()))])
    runs, scores = [], []
    for seed in seeds:
        run = folder / name / f"seed={seed}"
        scores.append(_ensure_run_scores(run, row, {**settings, "seed": seed}, how))
        runs.append(str(run.relative_to(folder)))
        if how.precision == "auto":  # what was measured for the first seed holds for all
            how = replace(how, precision=Run(run).config.get("precisions", {}))
    configs = [Run(folder / run).config for run in runs]
    scored = {c: [each[key] for each in scores] for c, key in row.scores.items()}
    for column, term in row.terms.items():
        values = [_read_term(folder / run, term) for run in runs]
        if all(values):  # which runs of earlier versions may lack
            scored[column] = [_average_term(each, term) for each in values]
    curves = {c: [_read_curve(folder / run, key) for run in runs] for c, key in row.scores.items()}
    return {
        "name": row.name,
        "experiment": row.experiment,
        "options": settings,
        "columns": {c: _summarise_seeds(s, row, c) for c, s in scored.items()},
        "curves": {c: each for c, each in curves.items() if any(each)},
        "runs": runs,
        "made": [
            {fact: config.get(fact) for fact in ("hardware", "started", "commit", "precisions")}
            for config in configs
        ],
    }


def _ensure_run_scores(
    run: Path, row: TableRow, options: dict[str, Any], how: _TrainingSettings
) -> dict[str, dict[str, Any]]:
    """The scores of a run, which is trained, continued or measured first if necessary."""
    if not run.exists():
        if not how.quiet:
            print(f"training {run}", file=sys.stderr)
        given = {"device": how.device, "precision": how.precision, "quiet": how.quiet}
        train(row.experiment, run=run, **given, **options)
    elif len(Run(run).trained_stages()) < len(Run(run).config["stages"]):
        resume(run, device=how.device, quiet=how.quiet)
    if not set(row.scores.values()) <= Run(run).read_scores()["scores"].keys():
        draw_pictures(run)  # first: scores say that all of the run is done
        evaluate(run, device=how.device)
    return Run(run).read_scores()["scores"]


def _read_curve(run: Path, score: str) -> list[tuple[int, float]]:
    """Steps and values of a score that the run's monitor measured during training."""
    stage, _, metric = score.partition("/")
    return [
        (line["step"], line["scores"][metric])
        for line in MetricsFile(run / "metrics.jsonl").read_lines()
        if line["stage"] == stage and metric in line.get("scores", {})
    ]


def _read_term(run: Path, term: str) -> list[float]:
    """What a run has logged of a term of a stage."""
    stage, _, name = term.partition("/")
    return [
        line["terms"][name]
        for line in MetricsFile(run / "metrics.jsonl").read_lines()
        if line["stage"] == stage and name in line.get("terms", {})
    ]


def _average_term(values: Sequence[float], term: str) -> dict[str, Any]:
    """The mean of a logged term over the rounds of a run, as a score."""
    what = f"mean of {term.partition('/')[2]} over the lines of the log"
    return Score(mean(values), "", len(values), what).to_json()


def _summarise_seeds(
    scores: Sequence[dict[str, Any]], row: TableRow, column: str
) -> dict[str, Any]:
    """Mean and standard deviation over seeds, with the protocol and the paper's number.

    Where the row says when a run has failed, also how many have.
    """
    failed_above = row.failed_above.get(column)
    values, spreads, n = ([s[key] for s in scores] for key in ("value", "spread", "n"))
    return {
        "mean": mean(values),
        "sd": stdev(values) if len(values) > 1 else None,
        "values": values,
        "spreads": spreads,
        "spread_is": scores[0]["spread_is"],
        "n": n,
        "unit": scores[0]["unit"],
        "protocol": scores[0]["protocol"],
        "paper": row.paper.get(column, ""),
        **({} if failed_above is None else _count_failed_runs(values, failed_above)),
    }


def _count_failed_runs(values: Sequence[float], failed_above: float) -> dict[str, float]:
    failed = sum(value > failed_above for value in values)
    return {"failed_above": failed_above, "failed_runs": failed}


def load_reproduction(folder: Path) -> dict[str, Any]:
    """The table that `reproduce` wrote."""
    return read_json(folder / "table.json", "reproduction")
