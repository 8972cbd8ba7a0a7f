"""Would the tests notice? One token of the mathematics or of the loop is changed at a time.

python benchmarks/mutants.py results/reliability.mutants.json

A mutant is a file of methods/, functional/, metrics/ or engine/ with one change: a comparison, an
operator, a constant, a condition, a reduction (argmax for argmin, mean for sum), a keyword left
out, a `with` or a statement left out. 300 of all that are possible are drawn by a seed that was
fixed beforehand. Each is tested in a child of a process that has imported what tests import: the
tests of its module, those of its room, the laws, and what starts processes, until one fails. Each
of these stages has a limit of processor time, not of time by the clock, as other jobs may run; a
mutant that reaches it and fails nowhere counts apart. What survives is printed with its line, to be
read: mended by a test, or named as equivalent in the record. `--again` tries the others that no
test has noticed yet with the code and tests of today and three times the limit, and notes what came
of it beside each, and the shares of today.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from mutants_changes import ROOMS, ROOT, Mutant, list_mutants, write_mutant

from auxgen.engine.device import describe_hardware
from auxgen.files import encode_json, write_file
from auxgen.runs.config import find_commit

SEED = 22
SECONDS = 60
"""Of the processor, for each stage of a mutant's tests."""
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:anyio", "-W", "ignore:Module already")
"""Of pytest: no file of its own, and no word on hypothesis, which is imported beforehand."""
LAWS = ("tests/engine/test_laws.py",)
SLOW = tuple(f"tests/engine/test_{name}.py" for name in ("resume", "ranks", "shards"))
"""Tests that start processes."""
FACES = {
    "methods/ensemble": ("tests/few_labels", "tests/estimators/test_committee.py"),
    "methods/committee": ("tests/few_labels", "tests/estimators/test_committee.py"),
    "functional/bounds": ("tests/engine/test_shards.py",),
}
"""Tests of modules that are tested by what people call."""


def list_tests(file: str, root: Path = ROOT) -> list[list[str]]:
    """Stages: the tests of a module, of its room, the laws, and what starts processes."""
    _, room, name = Path(file).with_suffix("").parts
    own = dict.fromkeys([f"tests/{room}/test_{name}.py", *find_importing_tests(room, name, root)])
    folders = ("engine",) if room == "engine" else ("methods", "functional", "metrics")
    found = [sorted((root / "tests" / folder).glob("test_*.py")) for folder in folders]
    others = [str(test.relative_to(root)) for tests in found for test in tests]
    others.sort(key=lambda test: not test.startswith(f"tests/{room}/"))
    first = [test for test in own if (root / test).exists() and test not in (*LAWS, *SLOW)]
    second = [test for test in others if test not in (*first, *LAWS, *SLOW)]
    last = [test for test in SLOW if test in (*own, *others)]
    return [stage for stage in (first, second, [*LAWS], last) if stage]


def find_importing_tests(room: str, name: str, root: Path) -> list[str]:
    """Tests of other rooms that import a module, those of its face among them."""
    imported = re.compile(rf"auxgen\.{room}(\.| import .*\b){name}\b")
    tests = sorted((root / "tests").rglob("test_*.py"))
    found = [str(test.relative_to(root)) for test in tests if imported.search(test.read_text())]
    return [*found, *FACES.get(f"{room}/{name}", ())]


def run_tests(copy_of_root: Path, tests: list[str], seconds: int = SECONDS) -> str:
    """What pytest says in a child process: "survived", "killed" or "timeout"."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.setsid()
        os.chdir(copy_of_root)
        sys.path.insert(0, str(copy_of_root))
        os.environ["PYTHONPATH"] = str(copy_of_root)
        import pytest

        code = 99
        try:
            code = pytest.main([*OPTIONS, *tests])
        finally:
            os._exit(code)
    status = wait_for(child)
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "killed"
    code = os.WEXITSTATUS(status)
    if code not in (0, 1, 2):  # tests passed, one failed, a file could not be imported
        raise RuntimeError(f"pytest ended with {code} on {tests}.")
    return "killed" if code else "survived"


def wait_for(child: int) -> int:
    """The status of a child, which is killed with its group if it waits for ever."""
    until = time.monotonic() + 15 * SECONDS
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def warm_up() -> None:
    """Import what auxgen and its tests import, and nothing of auxgen's own."""
    import hypothesis.strategies  # noqa: F401
    import pandas  # noqa: F401
    import pytest  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import torch
    import torch._dynamo  # which the first optimiser imports
    import torchmetrics  # noqa: F401
    import zuko  # noqa: F401

    torch.set_num_threads(1)
    for name in [n for n in sys.modules if n == "auxgen" or n.startswith("auxgen.")]:
        del sys.modules[name]


def try_mutant(mutant: Mutant, copy_of_root: Path, seconds: int = SECONDS) -> Mutant:
    """The mutant with its outcome; the copy is as before afterwards."""
    file = copy_of_root / mutant.file
    original, start = file.read_text(), os.times()
    file.write_text(write_mutant(mutant, original))
    outcome = "survived"
    try:
        for tests in list_tests(mutant.file, copy_of_root):
            found = run_tests(copy_of_root, tests, seconds)
            if found != "survived":
                outcome = found
            if found == "killed":
                break
    finally:
        file.write_text(original)
    end = os.times()
    used = end.children_user + end.children_system - start.children_user - start.children_system
    return replace(mutant, outcome=outcome, seconds=round(used, 1))


@contextmanager
def copy_root() -> Iterator[Path]:
    """A copy of the files, in which the tests pass.

    Raises:
        SystemExit: They fail.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("auxgen", "tests", "benchmarks"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", root)
        for tests in list_tests("auxgen/methods/vae.py", root):
            if run_tests(root, tests) != "survived":
                raise SystemExit(f"{tests} fail without a mutant.")
        yield root


def try_sample(out: Path, every: Sequence[Mutant], seed: int, mutants: int) -> None:
    """Try a drawn sample, and write what came of it after each."""
    drawn = random.Random(seed).sample(every, min(mutants, len(every)))
    about = {
        "command": f"python benchmarks/mutants.py OUT --seed {seed} --mutants {len(drawn)}",
        "date": date.today().isoformat(),
        "hardware": describe_hardware("cpu"),
        "commit": find_commit(),
        "seed": seed,
        "possible": len(every),
    }
    tried = []
    with copy_root() as root:
        for place, mutant in enumerate(drawn, 1):
            tried.append(try_mutant(mutant, root))
            print_outcome(place, tried[-1])
            write_file(out, encode_json({**about, **list_outcomes(tried)}))


def try_again(out: Path, every: Sequence[Mutant]) -> None:
    """Try what no test has noticed yet, and write what came of it after each."""
    known, commit = json.loads(out.read_text()), find_commit()
    with copy_root() as root:
        for place, missed in enumerate(list_unnoticed(known), 1):
            mutant = find_nearest(missed, every)
            if mutant is None:
                outcome = "gone"
            else:
                found = try_mutant(mutant, root, 3 * SECONDS)
                print_outcome(place, found)
                outcome = found.outcome
            missed["since"] = {"outcome": outcome, "commit": commit}
            write_file(out, encode_json({**known, **summarise(known)}))
    write_file(out, encode_json({**known, **summarise(known)}))


def print_outcome(place: int, tried: Mutant) -> None:
    where = f"{tried.file}:{tried.line}: {tried.change}"
    print(f"{place:3} {tried.outcome} in {tried.seconds} s: {where}: {tried.text}", flush=True)


def find_nearest(missed: Mapping[str, Any], every: Sequence[Mutant]) -> Mutant | None:
    """The mutant of today that a record is of, whose line may have moved; None if it is gone."""
    words = ("file", "text", "change")
    same = [m for m in every if all(getattr(m, word) == missed[word] for word in words)]
    near = [(abs(m.line - missed["line"]), abs(m.node - missed["node"]), m.number, m) for m in same]
    return min(near, key=lambda each: each[:3])[3] if near else None


def list_unnoticed(known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What of a record no test has noticed yet, less what is equivalent or gone."""
    missed = [*known["survived"], *known["timeouts"]]
    done = ("killed", "gone")
    left = [m for m in missed if not m.get("equivalent")]
    return [m for m in left if m.get("since", {}).get("outcome") not in done]


def list_outcomes(tried: Sequence[Mutant]) -> dict[str, Any]:
    """Counts, and the mutants that no test noticed."""
    rooms = {room: Counter(m.outcome for m in tried if f"/{room}/" in m.file) for room in ROOMS}
    known = {
        "tried": len(tried),
        "killed": sum(m.outcome == "killed" for m in tried),
        "by room": rooms,
        "processor seconds": round(sum(m.seconds for m in tried)),
        "survived": [asdict(m) for m in tried if m.outcome == "survived"],
        "timeouts": [asdict(m) for m in tried if m.outcome == "timeout"],
    }
    return {**known, **summarise(known)}


def summarise(known: Mapping[str, Any]) -> dict[str, Any]:
    """Shares that tests notice of what is decided: at first sight, and today.

    Of today's, what is equivalent, and what the code no longer has, is left out.
    """
    killed, survived = known["killed"], known["survived"]
    missed = [*survived, *known["timeouts"]]
    others = [m for m in missed if not m.get("equivalent")]
    now = Counter(m.get("since", m)["outcome"] for m in others)
    noticed = killed + now["killed"]
    first = len([m for m in survived if not m.get("equivalent")])
    return {
        "equivalent": len(missed) - len(others),
        "killed share of decided": compute_share(killed, len(survived)),
        "killed share without equivalents": compute_share(killed, first),
        "today": {
            "killed": noticed,
            "survived": now["survived"],
            "timeout": now["timeout"],
            "gone": now["gone"],
            "killed share without equivalents": compute_share(noticed, now["survived"]),
        },
    }


def compute_share(killed: int, survived: int) -> float | None:
    return round(killed / (killed + survived), 4) if killed + survived else None


def main() -> None:
    """Try mutants."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--again", action="store_true", help="those of OUT that nothing noticed")
    chosen = parser.parse_args()
    every = list(list_mutants())
    warm_up()
    if chosen.again:
        try_again(chosen.out, every)
    else:
        try_sample(chosen.out, every, chosen.seed, chosen.mutants)


if __name__ == "__main__":
    main()
