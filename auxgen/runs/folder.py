"""A run's folder: what was asked for, what came of it so far."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from .. import model
from ..engine.device import describe_hardware
from ..engine.settings import Precision
from ..errors import InputError, NotSaved
from ..files import compute_checksum, encode_json, make_save_error, read_json, write_text_file
from ..stage import Experiment, Stage
from ..version import __version__

FORMAT = 2
"""Version of run.json: 1, which says no format, was written before options had one meaning each."""


class Run:
    """A run's folder.

    Attributes:
        path: The folder.
        config: What run.json holds: experiment, options, seed, device, versions, commit.
    """

    def __init__(self, path: str | Path) -> None:
        """Open a run.

        Raises:
            InputError: The folder is no run.
        """
        self.path = Path(path)
        if not self.path.is_dir():
            raise InputError(f"There is no folder {self.path}; expected a run's folder.")
        self.config = read_json(self.path / "run.json", "run")
        missing = [k for k in ("id", "options", "seed", "stages") if k not in self.config]
        if missing:
            raise InputError(f"{self.path}/run.json has no {missing[0]!r}; a run's has one.")
        if self.config.get("format", 1) not in (1, FORMAT):
            raise InputError(
                f"{self.path}/run.json has format {self.config['format']!r}; this version of "
                f"auxgen reads 1 to {FORMAT}."
            )

    @classmethod
    def create(cls, path: str | Path, config: Mapping[str, Any], file: Path | None) -> Run:
        """Make a new folder with its run.json.

        Args:
            path: The folder.
            config: What run.json holds, see `make_config`.
            file: A person's own experiment file, which is copied.

        Raises:
            InputError: Something is there already.
        """
        path = Path(path)
        if path.exists():
            raise InputError(
                f"{path} exists already; give another --run, or continue it with: "
                f"auxgen train --resume {path}."
            )
        text = encode_json(config).decode()
        try:
            (path / "checkpoints").mkdir(parents=True)
            if file is not None:
                (path / "experiment.py").write_bytes(file.read_bytes())
            write_text_file(path / "run.json", text)
        except OSError as error:
            shutil.rmtree(path, ignore_errors=True)
            raise (
                error if isinstance(error, NotSaved) else make_save_error(path, 0.0, error)
            ) from error
        return cls(path)

    def trained_stages(self) -> list[str]:
        """Names of the stages that are trained, in order."""
        return [s for s in self.config["stages"] if (self.path / s / "model.safetensors").exists()]

    def is_finished(self) -> bool:
        """Whether all stages are trained."""
        return self.trained_stages() == self.config["stages"]

    def read_scores(self) -> dict[str, Any]:
        """The object in scores.json; with no scores before `evaluate` wrote it."""
        file = self.path / "scores.json"
        return read_json(file, "run") if file.exists() else {"run": self.config, "scores": {}}

    def restore_stage(self, name: str, stage: Stage) -> None:
        """Load a trained stage's weights into its method.

        Raises:
            InputError: They are not those that were written, or the experiment has changed.
        """
        file, config = (self.path / name / part for part in ("model.safetensors", "config.json"))
        known = read_json(config, "artefact") if config.exists() else {}
        model.load_weights(stage.method, file, known.get("sha256", compute_checksum(file.read_bytes())))


def make_config(
    name: str | None,
    stages: Experiment,
    options: Mapping[str, Any],
    *,
    device: str,
    precision: Precision | None,
) -> dict[str, Any]:
    """What run.json holds: all that is needed to do the run again.

    Args:
        name: The experiment's; None for stages made in Python.
        stages: Its stages.
        options: Its options, JSON-able; the seed among them.
        device: What it runs on.
        precision: Of forward passes; None for the experiment's own.
    """
    return {
        "format": FORMAT,
        "id": uuid.uuid4().hex,
        "experiment": name,
        "options": {n: str(v.resolve()) if isinstance(v, Path) else v for n, v in options.items()},
        "seed": int(options.get("seed", 0)),
        "stages": list(stages),
        "device": device,
        "hardware": describe_hardware(device),
        "precision": precision,
        "ranks": int(os.environ.get("WORLD_SIZE", "1")),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "auxgen": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "commit": find_commit(),
        "facts": {name: dict(stage.facts) for name, stage in stages.items()},
    }


def find_commit() -> str | None:
    """The commit of the code, where it lies in a git checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
