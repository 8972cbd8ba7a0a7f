"""What run.json holds: all that is needed to do a run again."""

import platform
import subprocess
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

import torch

from ..data.batches import LabelledBatches, describe_storage
from ..data.storage import get_memory_for_rows
from ..engine.device import describe_hardware, get_device_memory, resolve_device
from ..files import compute_checksum
from ..model.run_files import FORMAT
from ..ranges import check_ranges
from ..stage import Experiment
from ..version import __version__
from .datasets import describe_datasets, list_warnings
from .rounds import describe_rounds
from .runtime import RuntimeSettings


def make_config(
    name: str | None,
    stages: Experiment,
    options: Mapping[str, Any],
    settings: RuntimeSettings,
    *,
    file: Path | None = None,
    ranks: int = 1,
) -> dict[str, Any]:
    """What run.json holds: all that is needed to do the run again.

    Args:
        name: Name of the experiment; None for stages made in Python.
        options: Its options, JSON-able; the seed among them.
        settings: How it is trained.
        file: A person's own file, from which the stages were made.
        ranks: Processes that train it.
    """
    precision = settings.precision
    datasets = describe_datasets(stages)
    stops_early = any(stage.stopping is not None for stage in stages.values())
    return {
        "format": FORMAT,
        "id": uuid.uuid4().hex,
        "experiment": name,
        "experiment_sha256": None if file is None else compute_checksum(file.read_bytes()),
        "options": {n: str(v.resolve()) if isinstance(v, Path) else v for n, v in options.items()},
        "seed": int(options.get("seed", 0)),
        "stages": list(stages),
        "device": settings.device,
        "hardware": describe_hardware(settings.device),
        "precision": dict(precision) if isinstance(precision, Mapping) else precision,
        "precisions": {},
        "accumulate": settings.accumulate,
        "compile": settings.compiles,
        "shard_weights": settings.shards_weights,
        "ranks": ranks,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": get_versions(),
        "commit": find_commit(),
        "memory_for_rows": get_memory_for_rows() if get_memory_for_rows() < inf else None,
        "rows_on_disk": {
            n: words for n, s in stages.items() if (words := describe_storage(s.batches))
        },
        "datasets": datasets,
        "warnings": [
            *list_warnings(datasets, stops_early=stops_early),
            *(_warn_of_all_rounds(stages) if stops_early else ()),
        ],
        **describe_rounds(stages),
        "facts": {name: dict(stage.facts) for name, stage in stages.items()},
    }


def _warn_of_all_rounds(stages: Experiment) -> list[str]:
    """A sentence for each stage that learns answers and does not stop early, as others do."""
    return [
        f"{name} does not stop early: no held-out row has an answer that it learns."
        for name, stage in stages.items()
        if isinstance(stage.batches, LabelledBatches) and stage.stopping is None
    ]


def read_memory_for_rows(config: Mapping[str, Any]) -> float:
    """GiB that the rows of one data set may take in a run, by its run.json; infinity for any.

    Raises:
        InputError: It is no number.
    """
    known = config.get("memory_for_rows")
    check_ranges({"memory_for_rows": known})
    return inf if known is None else known


def choose_memory_for_rows(given: float | None, device: str) -> float:
    """What is given, else half of the memory of the machine or of the device, whichever is less."""
    check_ranges({"memory_for_rows": given})
    return min(get_memory_for_rows(), get_device_memory(device) / 2) if given is None else given


def find_given_memory(config: Mapping[str, Any], device: str) -> float | None:
    """The memory for rows that a run was given; None where this machine has it by default."""
    known = read_memory_for_rows(config)
    default = choose_memory_for_rows(None, resolve_device(device))
    return None if known in (inf, default) else known


def get_versions() -> dict[str, str]:
    """Versions that decide what a run computes, by name."""
    return {
        "auxgen": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def find_commit() -> str | None:
    """The commit of the code, where it lies in a git checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
