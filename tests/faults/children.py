"""Commands of auxgen in forked children of one warm process, so that no fault costs a start."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faults.shim import Fault, install_shim

LIMIT = 120.0
"""Seconds after which a child hangs."""


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Attributes:
        status: Exit status; negative: the number of the signal that ended it.
        said: All that it wrote to stdout and stderr.
        events: What it did to files, where it lived to tell it.
        modules: What it had imported.
    """

    status: int
    said: str
    events: Sequence[str] = ()
    modules: Sequence[str] = ()

    @property
    def is_clean(self) -> bool:
        """Whether it ended by itself, well or with a sentence for a person."""
        return "Traceback" not in self.said and self.status in (0, 1, 2, 130)


@dataclass(frozen=True)
class Child:
    """A command in a process of its own, whose files go through a shim."""

    number: int
    pipe: int
    log: Path

    def wait(self) -> Outcome:
        """How it ends; ended by SIGALRM if it hangs."""
        with os.fdopen(self.pipe) as told:
            heard, _, _ = select.select([told], [], [], LIMIT)
            if not heard:
                os.kill(self.number, signal.SIGALRM)
            text = told.read()  # until the child has ended
        _, status = os.waitpid(self.number, 0)
        known = json.loads(text) if text else {}
        return Outcome(os.waitstatus_to_exitcode(status), self.log.read_text(), **known)


def start_child(
    command: Sequence[str],
    root: Path,
    fault: Fault | None = None,
    log: Path = Path("log"),
    environment: Mapping[str, str] | None = None,
    *,
    size_limit: int | None = None,
) -> Child:
    """Start `auxgen COMMAND` in a forked child.

    Args:
        command: Its words.
        root: The folder whose events are counted.
        fault: What happens to it.
        log: File for what it says.
        environment: Variables besides those of this process.
        size_limit: The most bytes that a file may get.
    """
    ours, its = os.pipe()
    sys.stdout.flush()
    number = os.fork()
    if number:
        os.close(its)
        return Child(number, ours, log)
    status = 70
    try:
        os.close(ours)
        with log.open("w") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.update(environment or {})
        shim = install_shim(root, fault)
        if size_limit is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (size_limit, size_limit))
        status = _carry_out(command)
        known = {"events": shim.events, "modules": sorted(sys.modules)}
        with os.fdopen(its, "w") as told:
            json.dump(known, told)
    finally:
        os._exit(status)


def _carry_out(command: Sequence[str]) -> int:
    """Exit status of `auxgen COMMAND`."""
    from auxgen.cli.main import _run_reporting_errors

    status = 0
    try:
        _run_reporting_errors(command)
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        traceback.print_exc()
        status = 71
    sys.stdout.flush()
    sys.stderr.flush()
    return status
