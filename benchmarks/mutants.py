"""Would the tests notice? One token of the mathematics or of the loop is changed at a time.

python benchmarks/mutants.py results/reliability.mutants.json

A mutant is a file of methods/, functional/, metrics/ or engine/ with one change: a comparison, an
operator, a constant, a condition, a reduction (argmax for argmin, mean for sum), a keyword left
out, a `with` or a statement left out. 300 of all that are possible are drawn by a seed that was
fixed beforehand. Each is tested in a child of a process that has imported what auxgen imports: the
tests of its module, then those of its room, the laws at the end, until one fails. Processor time
is limited, not time by the clock, as other jobs may run; a mutant that reaches it counts apart.
What survives is printed with its line, to be read: mended by a test, or named as equivalent in the
record. `--again` tries the others that survived or reached the limit with the tests of today and
three times the limit, and notes what came of it beside each.
"""

from __future__ import annotations

import argparse
import ast
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from auxgen.engine.device import describe_hardware
from auxgen.files import encode_json, write_file
from auxgen.runs.config import find_commit

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("methods", "functional", "metrics", "engine")
SEED = 22
SECONDS = 60
"""Of the processor, for the tests of a mutant's module and room; as many again for the laws."""
FACES = {
    "methods/ensemble": ("tests/few_labels", "tests/estimators/test_committee.py"),
    "methods/committee": ("tests/few_labels", "tests/estimators/test_committee.py"),
}
"""Tests of modules that are tested by what people call."""
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES = {
    "argmax": "argmin", "argmin": "argmax", "amax": "amin", "amin": "amax", "max": "min",
    "min": "max", "sum": "mean", "mean": "sum", "exp": "expm1", "log": "log1p", "log1p": "log",
    "sigmoid": "tanh", "softmax": "log_softmax", "log_softmax": "softmax", "any": "all",
    "all": "any", "logsumexp": "mean", "sqrt": "square", "square": "abs", "abs": "square",
    "softplus": "relu", "clamp": "add", "floor": "ceil", "ceil": "floor", "train": "eval",
    "eval": "train", "detach": "clone", "cumsum": "cumprod", "sample": "rsample",
    "rsample": "sample",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A change of one place in a file, and what came of it."""

    file: str
    line: int
    text: str
    node: int
    """Its place in `ast.walk` of the file."""
    number: int
    """Of the changes of this node."""
    change: str
    outcome: str = ""
    seconds: float = 0.0


def apply_changes(node: ast.AST) -> Iterator[Callable[[], None]]:
    """Functions that change a node in place; what each does is its docstring."""

    def change(
        words: str, field: str, value: object, place: int | None = None
    ) -> Callable[[], None]:
        def make() -> None:
            if place is None:
                setattr(node, field, value)
            else:
                getattr(node, field)[place] = value

        make.__doc__ = words
        return make

    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            if type(op) in COMPARISONS:
                new = COMPARISONS[type(op)]()
                words = f"{type(op).__name__} becomes {type(new).__name__}"
                yield change(words, "ops", new, place=i)
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        if not (is_type(node) or is_text(node)):
            new = OPERATORS[type(node.op)]()
            words = f"{type(node.op).__name__} becomes {type(new).__name__}"
            yield change(words, "op", new)
    elif isinstance(node, ast.BoolOp):
        new = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        words = f"{type(node.op).__name__} becomes {type(new).__name__}"
        yield change(words, "op", new)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield change("not is left out", "op", ast.UAdd())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield change("minus is left out", "op", ast.UAdd())
    elif isinstance(node, ast.IfExp):
        yield change("the condition is always true", "test", ast.Constant(True))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield change(f"{node.value} becomes {not node.value}", "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        new_value = node.value + 1 if isinstance(node.value, int) else node.value * 2 + 1e-3
        yield change(f"{node.value} becomes {new_value}", "value", new_value)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield change(f"{node.attr} becomes {NAMES[node.attr]}", "attr", NAMES[node.attr])
    elif isinstance(node, ast.Call) and node.keywords and not is_refusal(node):
        last = node.keywords[-1]
        if last.arg is not None:
            yield change(f"{last.arg}= is left out", "keywords", node.keywords[:-1])
    elif isinstance(node, ast.With):
        empty = ast.parse("__import__('contextlib').nullcontext()", mode="eval").body
        items = [ast.withitem(empty, item.optional_vars) for item in node.items]
        yield change("the context is left out", "items", items)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield change("the call is left out", "value", ast.Constant(None))


def is_type(node: ast.AST) -> bool:
    """Whether an operator may join types, as in `Tensor | None`."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)


def is_text(node: ast.AST) -> bool:
    """Whether an operator joins texts, which people read and nothing computes with."""
    parts = [getattr(node, "left", None), getattr(node, "right", None)]
    return any(
        isinstance(part, ast.JoinedStr)
        or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in parts
    )


def is_refusal(node: ast.Call) -> bool:
    """Whether a call makes an exception, whose words are not what is tested here."""
    return isinstance(node.func, ast.Name) and node.func.id.endswith(("Error", "_error"))


def list_mutants() -> Iterator[Mutant]:
    """All mutants that can be made."""
    for room in ROOMS:
        for file in sorted((ROOT / "auxgen" / room).glob("*.py")):
            text = file.read_text()
            lines = text.splitlines()
            for i, node in enumerate(ast.walk(ast.parse(text))):
                for j, change in enumerate(apply_changes(node)):
                    line = getattr(node, "lineno", 1)
                    name, shown = str(file.relative_to(ROOT)), lines[line - 1].strip()
                    yield Mutant(name, line, shown, i, j, change.__doc__ or "")


def write_mutant(mutant: Mutant, text: str) -> str:
    """The text of a file with the mutant's change."""
    tree = ast.parse(text)
    node = list(ast.walk(tree))[mutant.node]
    list(apply_changes(node))[mutant.number]()
    return ast.unparse(ast.fix_missing_locations(tree))


def list_tests(file: str) -> list[list[str]]:
    """The tests of a module and of its room, and then the laws."""
    _, room, name = Path(file).with_suffix("").parts
    own = [f"tests/{room}/test_{name}.py", *find_importing_tests(room, name)]
    if room == "engine":
        others = ["loop", "looks", "precision", "watch"]
        rest = [f"tests/engine/test_{other}.py" for other in others]
        rest += ["tests/engine/test_resume.py", "tests/engine/test_ranks.py"]
    else:
        rest = [f"tests/{other}" for other in ("methods", "functional", "metrics")]
        rest.sort(key=lambda other: other != f"tests/{room}")
    tests = [test for test in dict.fromkeys(own + rest) if (ROOT / test).exists()]
    return [tests, ["tests/engine/test_laws.py"]]


def find_importing_tests(room: str, name: str) -> list[str]:
    """Tests of other rooms that import a module, those of its face among them."""
    imported = re.compile(rf"auxgen\.{room}(\.| import .*\b){name}\b")
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    found = [str(test.relative_to(ROOT)) for test in tests if imported.search(test.read_text())]
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
            code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])
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
    import pandas  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import torch
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
        for tests in list_tests(mutant.file):
            found = run_tests(copy_of_root, tests, seconds)
            if found != "survived":
                outcome = found
            if found == "killed":
                break
    finally:
        file.write_text(original)
    end = os.times()
    used = end.children_user + end.children_system - start.children_user - start.children_system
    known = {**asdict(mutant), "outcome": outcome, "seconds": round(used, 1)}
    return Mutant(**known)


def main() -> None:
    """Try the mutants, and write what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--again", action="store_true", help="those that survived in OUT alone")
    chosen = parser.parse_args()
    every = list(list_mutants())
    drawn = random.Random(chosen.seed).sample(every, min(chosen.mutants, len(every)))
    known = json.loads(chosen.out.read_text()) if chosen.out.exists() else {}
    missed = [*known.get("survived", []), *known.get("timeouts", [])]
    left = [m for m in missed if not m.get("equivalent")]
    if chosen.again:
        drawn = [find_nearest(m, every) for m in left]
    hardware, commit = describe_hardware("cpu"), find_commit()
    warm_up()
    tried = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        leave_out = shutil.ignore_patterns("__pycache__")
        for name in ("auxgen", "tests", "benchmarks"):
            shutil.copytree(ROOT / name, root / name, ignore=leave_out)
        shutil.copy(ROOT / "pyproject.toml", root)
        for tests in list_tests("auxgen/methods/vae.py"):
            if run_tests(root, tests) != "survived":
                raise SystemExit(f"{tests} fail without a mutant.")
        for place, mutant in enumerate(drawn, 1):
            tried.append(try_mutant(mutant, root, (3 if chosen.again else 1) * SECONDS))
            last = tried[-1]
            where = f"{last.file}:{last.line}: {last.change}"
            print(f"{place:3} {last.outcome} in {last.seconds} s: {where}: {last.text}", flush=True)
            if chosen.again:
                since = {"outcome": last.outcome, "commit": commit}
                left[place - 1]["since"] = since
                write_file(chosen.out, encode_json(known))
                continue
            write_results(chosen.out, chosen.seed, len(every), tried, hardware, commit)


def find_nearest(missed: Mapping[str, Any], every: Sequence[Mutant]) -> Mutant:
    """The mutant of today that a record is of, whose line may have moved.

    Raises:
        SystemExit: There is none any more.
    """
    words = ("file", "text", "change")
    same = [m for m in every if all(getattr(m, word) == missed[word] for word in words)]
    if not same:
        raise SystemExit(f"{missed['file']}:{missed['line']} is written otherwise now.")
    return min(same, key=lambda m: abs(m.line - missed["line"]))


def write_results(
    out: Path, seed: int, possible: int, tried: list[Mutant], hardware: str, commit: str | None
) -> None:
    """Counts, and the mutants that no test noticed."""
    counts = Counter(mutant.outcome for mutant in tried)
    decided = counts["killed"] + counts["survived"]
    rooms = {room: Counter(m.outcome for m in tried if f"/{room}/" in m.file) for room in ROOMS}
    known = {
        "command": "python benchmarks/mutants.py OUT",
        "date": date.today().isoformat(),
        "hardware": hardware,
        "commit": commit,
        "seed": seed,
        "possible": possible,
        "tried": len(tried),
        **counts,
        "killed share of decided": round(counts["killed"] / decided, 4) if decided else None,
        "by room": rooms,
        "processor seconds": round(sum(m.seconds for m in tried)),
        "survived": [asdict(m) for m in tried if m.outcome == "survived"],
        "timeouts": [asdict(m) for m in tried if m.outcome == "timeout"],
    }
    write_file(out, encode_json(known))


if __name__ == "__main__":
    main()
