"""What stands at the head of each file under results/ that a benchmark makes."""

from __future__ import annotations

import sys
from datetime import date
from importlib.metadata import version
from typing import Any

from auxgen.engine.device import describe_hardware
from auxgen.runs.config import find_commit


def describe_run(script: str, *packages: str, device: str = "cpu") -> dict[str, Any]:
    """Command, hardware, date, commit, and the versions of packages.

    Args:
        script: The benchmark's file in this folder, which is run now.
        packages: Names of distributions.
        device: Where it computes.
    """
    return {
        "command": " ".join(["python", f"benchmarks/{script}", *sys.argv[1:]]),
        "hardware": describe_hardware(device),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "versions": {name: version(name) for name in packages},
    }
