"""A folder in which a scenario is carried out again and again, under one path."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from faults.children import Outcome, start_child
from faults.scenarios import Scenario, write_data
from faults.shim import SIGNALS, Fault
from faults.states import compare_states, find_half_files, read_state

AGAIN = "SIGKILL, and again when it goes on"
TOGETHER = "two at once"
SIZE_LIMIT = "size limit of files"
ALLOWED = {
    "SIGKILL": (-9,),
    AGAIN: (-9,),
    "power cut": (-9,),
    "SIGTERM": (-15, 130, 0),
    TOGETHER: (0, 2),
}
"""Statuses with which a command may end under a fault."""
PAIRS = 8
"""Pairs of processes that start at once, of each scenario."""


class Laboratory:
    """A scenario, undisturbed and under faults.

    Attributes:
        expected: State of the folder after the undisturbed command.
        events: Its events.
    """

    def __init__(self, scenario: Scenario, place: Path) -> None:
        self.scenario, self.place = scenario, place
        self.folder, self.template = place / "now", place / "template"
        self.folder.mkdir()
        write_data(place)
        os.chdir(self.folder)
        for command in scenario.before:
            self.carry_out(command)
        shutil.copytree(self.folder, self.template)
        self.events: Sequence[str] = ()
        whole = self.carry_out(scenario.command)
        self.events, self.expected = whole.events, read_state(self.folder)
        for module in set(whole.modules) - set(sys.modules):
            with suppress(Exception):  # children need not import it anew
                import_module(module)

    def carry_out(self, command: Sequence[str]) -> Outcome:
        """An undisturbed command, which must end well."""
        done = self.run(command)
        if done.status:
            raise RuntimeError(f"{command}: {done.status}, {done.said}")
        return done

    def run(self, command: Sequence[str], fault: Fault | None = None) -> Outcome:
        """A command, on as many ranks as the scenario has.

        The places of a fault are the events of the first rank, which writes, and then the rounds of
        the second.
        """
        ranks, port, children = self.scenario.ranks, _find_port(), []
        hit = int(ranks > 1 and fault is not None and fault.at >= len(self.events))
        for rank in range(ranks):
            own = fault and rank == hit and Fault(fault.kind, fault.at - hit * len(self.events))
            words = {"RANK": rank, "WORLD_SIZE": ranks, "MASTER_PORT": port} if ranks > 1 else {}
            environment = {"MASTER_ADDR": "127.0.0.1"} | {k: str(v) for k, v in words.items()}
            log = self.place / f"log{rank}"
            children.append(start_child(command, self.folder, own or None, log, environment))
        ends = [child.wait() for child in children]
        said = "".join(end.said for end in ends)
        if (
            fault
            and ranks > 1
            and ends[1 - hit].status == 1
            and "ended before its time;" not in said
        ):
            said += "Traceback: no sentence says how to go on"
        status = ends[hit].status if fault else max(end.status for end in ends)
        return Outcome(status, said, ends[0].events, ends[0].modules)

    def count_places(self, kind: str) -> int:
        """In how many places a fault of a kind can happen."""
        if kind == SIZE_LIMIT:
            return max(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        rounds = self.events.count("round") if self.scenario.ranks > 1 else 0
        return PAIRS if kind == TOGETHER else len(self.events) + rounds

    def reset(self) -> None:
        """Put the folder back to what it was before the command."""
        os.chdir("/")
        shutil.rmtree(self.folder)
        shutil.copytree(self.template, self.folder)
        os.chdir(self.folder)

    def try_fault(self, fault: Fault) -> str:
        """What is wrong after a fault, and after a person went on; "" if nothing is."""
        self.reset()
        if fault.kind == TOGETHER:
            wrong = self.start_two(fault.at)
        elif fault.kind == SIZE_LIMIT:
            limited = start_child(
                self.scenario.command, self.folder, log=self.place / "log0", size_limit=fault.at
            )
            wrong = judge_end(limited.wait(), fault)
        else:
            first = Fault("SIGKILL", fault.at) if fault.kind == AGAIN else fault
            wrong = judge_end(self.run(self.scenario.command, first), fault)
        if fault.kind == AGAIN:
            self.run(self.scenario.go_on(self.folder), Fault("SIGKILL", 7 * fault.at % 60))
        wrong = wrong or ", ".join(find_half_files(self.folder))
        return wrong or self.go_on()

    def start_two(self, seed: int) -> str:
        """The same command in two processes whose disks are slow now and then."""
        children = [
            start_child(
                self.scenario.command,
                self.folder,
                Fault("slow disk", 2 * seed + i),
                log=self.place / f"log{i}",
            )
            for i in range(2)
        ]
        ends = [child.wait() for child in children]
        if self.scenario.run and sorted(end.status for end in ends) != [0, 2]:
            return f"ended with {[(end.status, end.said[-300:]) for end in ends]}"
        return "".join(judge_end(end, Fault(TOGETHER, seed)) for end in ends)

    def go_on(self) -> str:
        """What is wrong after a person went on; "" if nothing is."""
        again = self.run(self.scenario.go_on(self.folder))
        differs = compare_states(read_state(self.folder), self.expected)
        if differs or not again.is_clean:
            return f"then {again.status}, {again.said[-300:]!r}, {differs}"
        return ""


def judge_end(done: Outcome, fault: Fault) -> str:
    """What is wrong with how a command ended under a fault; "" if nothing is."""
    allowed = ALLOWED.get(fault.kind, (130, 0) if fault.kind in SIGNALS else (0, 1, 2))
    if done.status not in allowed or "Traceback" in done.said:
        return f"ended with {done.status}: {done.said[-600:]!r}"
    return ""


def _find_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
