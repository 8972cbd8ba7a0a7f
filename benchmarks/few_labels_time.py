"""How long `SemiSupervisedClassifier().fit` takes at its defaults on 10,000 rows of 30 columns.

OMP_NUM_THREADS=1 python benchmarks/few_labels_time.py > results/few_labels.time.json

Seconds are the processor's, of one thread; a busy machine takes more of them. Those of fits on
2,000 rows or fewer are read from results/few_labels.json.
"""

from __future__ import annotations

import json
import os
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import make_classification

from auxgen.engine.device import describe_hardware
from auxgen.estimators import SemiSupervisedClassifier


def measure_fit(x: np.ndarray, y: np.ndarray) -> float:
    """Seconds of a fit."""
    start = time.process_time()
    SemiSupervisedClassifier().fit(x, y)
    return time.process_time() - start


def main() -> None:
    made: Any = make_classification(10_000, 30, n_informative=10, n_classes=3, random_state=0)
    x, y = made
    measure_fit(x[:100], y[:100])  # imports
    large = measure_fit(x, np.where(np.arange(len(y)) < 30, y, -1))
    tables = json.loads(Path("results/few_labels.json").read_text())["seconds_of_a_fit"]["auxgen"]
    found = {
        "hardware": describe_hardware("cpu"),
        "seconds_are": "of the processor, one thread",
        "processes_that_wanted_a_core": round(os.getloadavg()[0], 1),
        "cores": os.cpu_count(),
        "date": date.today().isoformat(),
        "versions": {name: version(name) for name in ("torch", "scikit-learn", "numpy")},
        "10,000 rows of 30 columns, 3 classes, 30 labels": round(large, 2),
        "tables of at most 2,000 rows": tables,
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
