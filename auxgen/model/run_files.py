"""What the folder of a run says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import read_json

FORMAT = 2
"""Version of run.json: 1, which says no format, was written before options had one meaning each."""
_KINDS = {"options": dict, "seed": int, "stages": list}
_MAPPINGS = ("versions", "datasets", "facts", "precisions", "rounds", "passes", "estimated_seconds")
_KINDS_IF_THERE = dict.fromkeys(
    (*_MAPPINGS, "compiled", "early_stopping", "ends", "cautions"), dict
) | {"compile": bool}


def read_run_config(run: Path) -> dict[str, Any]:
    """The content of a run's run.json.

    Raises:
        InputError: The folder is no run, or run.json has something that no run wrote.
    """
    if not run.is_dir():
        raise InputError(f"There is no folder {run}; expected a run's folder.")
    config = read_json(run / "run.json", "run")
    missing = [name for name in ("id", *_KINDS) if name not in config]
    if missing:
        raise InputError(f"{run}/run.json has no {missing[0]!r}; a run's has one.")
    for name, kind in {**_KINDS, **_KINDS_IF_THERE}.items():
        if name in config and type(config[name]) is not kind:
            expected = f"a {kind.__name__} is expected"
            raise InputError(f"{run}/run.json has {name} {config[name]!r}; {expected}.")
    for stage in config["stages"]:
        if not isinstance(stage, str) or Path(stage).name != stage or "\0" in stage:
            raise InputError(f"{run}/run.json has a stage {stage!r}; a name is expected.")
    if config.get("format", 1) not in (1, FORMAT):
        raise InputError(
            f"{run}/run.json has format {config['format']!r}; this version of auxgen reads 1 to "
            f"{FORMAT}."
        )
    return config


def list_trained_stages(run: Path, config: dict[str, Any]) -> list[str]:
    """Names of the stages that are trained, in order."""
    return [name for name in config["stages"] if (run / name / "model.safetensors").exists()]
