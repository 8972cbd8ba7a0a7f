"""Runs: the folder that an experiment leaves, and what was asked of it."""

from __future__ import annotations

import inspect
import os
import platform
import shutil
import subprocess
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from . import __version__, artefact
from .artefact import Model
from .engine.settings import Precision
from .errors import InputError, NotSaved, unknown
from .experiment import Experiment, Stage
from .experiments import Found, find
from .files import checksum, encoded, not_saved, read_json, write_text


class Run:
    """A run's folder.

    Attributes:
        path: The folder.
        asked: What run.json says: experiment, options, seed, device, versions, commit.
    """

    def __init__(self, path: str | Path) -> None:
        """Open a run.

        Raises:
            InputError: The folder is no run.
        """
        self.path = Path(path)
        if not self.path.is_dir():
            raise InputError(f"There is no folder {self.path}; a run was wanted.")
        self.asked = read_json(self.path / "run.json", "run")
        missing = [k for k in ("id", "options", "seed", "stages") if k not in self.asked]
        if missing:
            raise InputError(f"{self.path}/run.json does not say {missing[0]!r}, as a run's does.")

    @classmethod
    def create(cls, path: str | Path, asked: dict[str, Any], file: Path | None) -> Run:
        """A new folder with what was asked.

        Raises:
            InputError: Something is there already.
        """
        path = Path(path)
        if path.exists():
            raise InputError(
                f"{path} exists already; give another --run, or go on with: "
                f"auxgen train --resume {path}."
            )
        said = encoded(asked).decode()
        try:
            (path / "checkpoints").mkdir(parents=True)
            if file is not None:
                (path / "experiment.py").write_bytes(file.read_bytes())
            write_text(path / "run.json", said)
        except OSError as error:
            shutil.rmtree(path, ignore_errors=True)
            raise error if isinstance(error, NotSaved) else not_saved(path, 0.0, error) from error
        return cls(path)

    def stages(self) -> list[str]:
        """Names of the stages that are trained, in order."""
        return [s for s in self.asked["stages"] if (self.path / s / "model.safetensors").exists()]

    def scores(self) -> dict[str, Any]:
        """The scores object that `evaluate` wrote; without scores before that."""
        file = self.path / "scores.json"
        return read_json(file, "run") if file.exists() else {"run": self.asked, "scores": {}}

    def restore(self, stage: str, trained: Stage) -> None:
        """Put a trained stage's weights into its method.

        Raises:
            InputError: They are not those that were written, or the experiment has changed.
        """
        file, config = (self.path / stage / name for name in ("model.safetensors", "config.json"))
        known = read_json(config, "artefact") if config.exists() else {}
        artefact.fill(trained.method, file, known.get("sha256", checksum(file.read_bytes())))


def load(path: str | Path, stage: str | None = None) -> Model:
    """The model of an artefact's folder, or of a run's last stage or the one named.

    JSON and safetensors are read, nothing in the folder is executed.

    Raises:
        InputError: There is none, or it is damaged.
    """
    path = Path(path)
    if not (path / "run.json").exists():
        return artefact.load(path)
    trained = [s for s in Run(path).stages() if (path / s / "config.json").exists()]
    if stage is not None and stage not in trained:
        raise InputError(
            f"{path} has no trained stage {stage!r}; it has {', '.join(trained) or 'none'}."
        )
    if not trained:
        raise InputError(
            f"{path} has no trained stage yet; go on with: auxgen train --resume {path}."
        )
    return artefact.load(path / (stage or trained[-1]))


def defaults(found: Found) -> dict[str, Any]:
    """What an experiment does when nothing is asked: recorded, for defaults may change."""
    known = inspect.signature(found.function).parameters.values()
    return {p.name: p.default for p in known if p.default is not p.empty}


def made(found: Found, options: dict[str, Any]) -> Experiment:
    """The experiment's stages, initialised from its seed.

    Raises:
        InputError: It has no such option.
    """
    known = inspect.signature(found.function).parameters
    torch.manual_seed(int(options.get("seed", 0)))
    for name in options:
        if name not in known:
            raise unknown(f"option of {found.name}", name, known)
    return found.function(**options)


def remade(run: Run) -> Experiment:
    """The stages of a run, made again from what was asked."""
    name = run.asked.get("experiment")
    if name is None:
        raise InputError(f"{run.path} was made from Python; pass its stages as experiment=.")
    own = run.path / "experiment.py"
    return made(find(own if own.exists() else name), run.asked["options"])


def asked(
    found: Found | None,
    stages: Experiment,
    options: dict[str, Any],
    seed: int,
    device: str,
    precision: Precision | None,
) -> dict[str, Any]:
    """All that is needed to do it again."""
    return {
        "id": uuid.uuid4().hex,
        "experiment": found.name if found else None,
        "options": {n: str(v.resolve()) if isinstance(v, Path) else v for n, v in options.items()},
        "seed": seed,
        "stages": list(stages),
        "device": device,
        "hardware": hardware(device),
        "precision": precision,
        "ranks": int(os.environ.get("WORLD_SIZE", "1")),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "auxgen": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "commit": commit(),
        "facts": {name: dict(stage.facts) for name, stage in stages.items()},
    }


def chosen(device: str) -> str:
    """The device's name, "auto" decided.

    Raises:
        InputError: This machine has none of that name.
    """
    if device == "auto":
        local = os.environ.get("LOCAL_RANK", "0")
        return f"cuda:{local}" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"This machine has no device {device!r}; auto, cpu or cuda is wanted."
        ) from error
    return device


def hardware(device: str) -> str:
    """What it runs on, in words: the processor's model and the threads in use."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    said = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in said if line.startswith("model name")]
    threads = torch.get_num_threads()
    named = models[0] if models else platform.processor() or platform.machine()
    return f"{named}, {threads} thread{'s' if threads > 1 else ''}"


def commit() -> str | None:
    """The commit of the code, where it lies in a git checkout."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
