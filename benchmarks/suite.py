"""Processor time of the fast tests, by file of tests.

python benchmarks/suite.py results/reliability.suite.json [ARGUMENTS OF PYTEST]

Seconds are the processor's: those of the processes that tests start or fork as well, which other
work on the machine disturbs least. Modules are compiled already where they have run before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

FOLDER = "AUXGEN_SUITE"
"""The variable of the environment that names where each process of pytest writes its seconds."""
SECONDS: defaultdict[str, float] = defaultdict(float)
WORKERS = ("-n", "2", "--dist", "loadfile")


def count_seconds() -> float:
    """Processor time of this process, of those it waited for, and of those it has forked."""
    server = sys.modules.get("multiprocessing.forkserver")
    number = server and server._forkserver._forkserver_pid
    forked = read_ticks(number) / os.sysconf("SC_CLK_TCK") if number else 0.0
    return sum(os.times()[:4]) + forked


def read_ticks(process: int) -> int:
    """Ticks that another process has run, those included for which it has waited (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """Add what a test costs, with the fixtures that it is the first to need, to its file."""
    before = count_seconds()
    try:
        return (yield)
    finally:
        SECONDS[item.nodeid.partition("::")[0]] += count_seconds() - before


def pytest_sessionfinish() -> None:
    """Leave the seconds of this process; the one that hands out tests leaves its own alone."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    told = {"files": SECONDS, "all": count_seconds() if SECONDS else time.process_time()}
    Path(os.environ[FOLDER], f"{worker}.json").write_text(json.dumps(told))


def summarise(workers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Seconds of all processes together: in all, of each file, and of starts and collections.

    Args:
        workers: What each process that ran tests left.
    """
    files: defaultdict[str, float] = defaultdict(float)
    for worker in workers:
        for file, seconds in worker["files"].items():
            files[file] += seconds
    whole = sum(worker["all"] for worker in workers)
    dearest = sorted(files, key=lambda file: -files[file])
    return {
        "processor_seconds": round(whole, 1),
        "start_and_collection": round(whole - sum(files.values()), 1),
        "files": {file: round(files[file], 1) for file in dearest},
    }


def measure(arguments: Sequence[str]) -> dict[str, Any]:
    """Run the fast tests on two processes, and say what they cost."""
    from auxgen.engine.device import describe_hardware
    from auxgen.runs.config import find_commit

    with tempfile.TemporaryDirectory() as folder:
        paths = (str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))
        added = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), FOLDER: folder}
        command = [sys.executable, "-m", "pytest", *WORKERS, "-p", Path(__file__).stem, *arguments]
        start = time.monotonic()
        done = subprocess.run(command, env={**os.environ, **added}, check=False)
        clock = time.monotonic() - start
        told = [json.loads(file.read_text()) for file in Path(folder).glob("*.json")]
    return {
        "command": " ".join(("python benchmarks/suite.py OUT", *arguments)),
        "hardware": describe_hardware("cpu"),
        "processes_that_wanted_a_core": round(os.getloadavg()[2], 1),
        "cores": os.cpu_count(),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "status": done.returncode,
        "clock_seconds": round(clock),
        **summarise(told),
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(measure(sys.argv[2:]), indent=2) + "\n")
