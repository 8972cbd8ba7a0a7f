"""Reproducing a table: train what is missing, evaluate, and print ours beside the paper's."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Literal

from . import report
from .engine.settings import Precision, PrecisionChoice
from .engine.watch import MetricsFile
from .errors import require_at_least
from .experiments.common import Reproduction, TableRow
from .experiments.registry import load_reproduction_maker
from .files import encode_json, read_json, write_file
from .launch import draw_pictures, evaluate, resume, train
from .plotting.grids import PALETTE
from .runs.folder import Run

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
        The folder, with table.json, table.png and report.html.

    Raises:
        InputError: There is no such reproduction.
    """
    table: Reproduction = load_reproduction_maker(name)(budget)
    count = table.seeds if seeds is None else seeds
    require_at_least(1, seeds=count)
    folder = Path(out) if out is not None else Path("runs/reproduce") / f"{name}-{budget}"
    how = _TrainingSettings(device, precision, quiet)
    lines = [_measure_row(row, count, folder, how, options) for row in table.rows]
    means = {(line["name"], c): v["mean"] for line in lines for c, v in line["columns"].items()}
    result = {
        "reproduction": name,
        "title": table.title,
        "budget": budget,
        "seeds": list(range(count)),
        "options": options,
        "claim": table.claim(means) if table.claim else "",
        "rows": lines,
    }
    write_file(folder / "table.json", encode_json(result))
    _plot_reproduction(result, folder / "table.png")
    runs = sorted({folder / run for line in lines for run in line["runs"]})
    report.write_report(runs, folder / "report.html")
    return folder


@dataclass(frozen=True)
class _TrainingSettings:
    """How runs are trained: the precision of all stages, or by stage."""

    device: str
    precision: PrecisionChoice | Mapping[str, Precision]
    quiet: bool


def _measure_row(
    row: TableRow, seeds: int, folder: Path, how: _TrainingSettings, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Train and measure a row's runs, one for each seed, and average their scores."""
    settings = {**row.options, **options}
    name = "-".join([row.experiment, *(f"{k}={v}" for k, v in sorted(settings.items()))])
    runs, scores = [], []
    for seed in range(seeds):
        run = folder / name / f"seed={seed}"
        scores.append(_ensure_run_scores(run, row, {**settings, "seed": seed}, how))
        runs.append(str(run.relative_to(folder)))
        if how.precision == "auto":  # what was measured for the first seed holds for all
            how = replace(how, precision=Run(run).config.get("precisions", {}))
    configs = [Run(folder / run).config for run in runs]
    scored = {c: [each[key] for each in scores] for c, key in row.scores.items()}
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


def _plot_reproduction(table: Mapping[str, Any], file: Path) -> None:
    """Plot the first column: dots for the seeds, with their mean, and curves below it, if any."""
    from matplotlib.figure import Figure

    rows = table["rows"]
    column = next(iter(rows[0]["columns"]))
    what = ", ".join(filter(None, (column, rows[0]["columns"][column]["unit"])))
    drawn = [row for row in rows if column in row["curves"]]
    heights = [1.2 + 0.45 * len(rows), *([3.2] if drawn else [])]
    figure = Figure(figsize=(6.5, sum(heights)), dpi=110, layout="constrained")
    panels = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _plot_seeds(panels[0], rows, column, f"{what}\ndots are seeds, bars their mean")
    if drawn:
        _plot_seed_curves(panels[1], drawn, column, f"{what}, while training")
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    write_file(file, lambda out: figure.savefig(out, format="png"))


def _plot_seeds(axes: Any, rows: Sequence[Mapping[str, Any]], column: str, label: str) -> None:
    for place, row in enumerate(reversed(rows)):
        cell = row["columns"][column]
        axes.plot(cell["values"], [place] * len(cell["values"]), "o", color=PALETTE[5], alpha=0.7)
        axes.plot(cell["mean"], place, "|", color=PALETTE[0], markersize=18, markeredgewidth=2.5)
    axes.set_yticks(range(len(rows)), [row["name"] for row in reversed(rows)])
    axes.set(ylim=(-0.6, len(rows) - 0.4), xlabel=label)
    axes.locator_params(axis="x", nbins=6)
    if all(value >= 0 for row in rows for value in row["columns"][column]["values"]):
        axes.set_xlim(0, 1.08 * axes.get_xlim()[1])


def _plot_seed_curves(
    axes: Any, rows: Sequence[Mapping[str, Any]], column: str, label: str
) -> None:
    for place, row in enumerate(rows):
        for seed, curve in enumerate(row["curves"][column]):
            name = row["name"] if seed == 0 else None
            steps, values = zip(*curve, strict=True)
            axes.plot(steps, values, color=PALETTE[place], alpha=0.8, label=name)
    axes.set(xlabel="rounds of training; one line for each seed", ylabel=label)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)


def load_reproduction(folder: Path) -> dict[str, Any]:
    """The table that `reproduce` wrote."""
    return read_json(folder / "table.json", "reproduction")
