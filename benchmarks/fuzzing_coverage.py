"""Inputs that are chosen by what they reach: fuzzing guided by the lines that were run.

python benchmarks/fuzzing_coverage.py results/reliability.coverage.json --inputs 2000

atheris (libFuzzer for Python) counts the branches of auxgen that an input takes, keeps inputs that
take new ones, and makes others of them. What it changes are the bytes from which all choices are
drawn that make an input of a kind of `benchmarks/fuzzing.py`, so that most inputs pass the first
checks. A fault is what it is there. Each kind has a process of its own; an input with a fault is
kept in a folder, and is tried again by `--kind KIND --again FILE`. atheris has wheels for Linux
x86_64 alone; `make fuzz` tries the same kinds without it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from fuzzing_inputs import SHARES

MOST_BYTES = 4096
"""Of which an input is made; where they are used up every choice is the first one."""


class Choices(Random):
    """Random numbers that are read from bytes, and are 0 when these are used up."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        super().__init__(0)

    def getrandbits(self, k: int, /) -> int:
        size = (k + 7) // 8
        part = self.data[self.at : self.at + size]
        self.at += size
        return int.from_bytes(part.ljust(size, b"\0"), "little") >> (8 * size - k)

    def random(self) -> float:
        return self.getrandbits(16) / 2**16

    def randbytes(self, n: int) -> bytes:
        return self.getrandbits(8 * n).to_bytes(n, "little")

    def _randbelow(self, n: int) -> int:
        """Without a second draw where the first is too large, which zeros would repeat for ever."""
        return self.getrandbits(max(8, n.bit_length())) % n


def guide(kind: str, words: list[str]) -> None:
    """Fuzz one kind in this process, which ends with it."""
    import atheris

    folder = Path(tempfile.mkdtemp(prefix="auxgen-guided-")).resolve()
    tempfile.tempdir = str(folder)
    with atheris.instrument_imports(  # pyright: ignore[reportAttributeAccessIssue]
        include=["auxgen"]
    ):
        import fuzzing

        bases = fuzzing.make_bases(folder)  # which imports what is imported late
    guard = fuzzing.Guard(folder)
    sys.addaudithook(guard.notice)
    if kind == "options":
        fuzzing.launch.create_run = fuzzing.begin_no_training

    def use_bytes(data: bytes) -> None:
        fuzzing.try_input(kind, Choices(data), bases, guard)

    atheris.Setup([sys.argv[0], *words], use_bytes)
    atheris.Fuzz()


def fuzz_kind(kind: str, inputs: int, kept: Path) -> dict[str, Any]:
    """Fuzz one kind in a process: inputs tried, branches reached first and at last, and a fault."""
    words = [f"-runs={inputs}", f"-max_len={MOST_BYTES}", f"-artifact_prefix={kept}/", "-seed=22"]
    words += ["-rss_limit_mb=6000", "-timeout=120", "-print_final_stats=1"]
    command = [sys.executable, __file__, "--guide", kind, *words, str(make_corpus(kept, kind))]
    place = {**os.environ, "TMPDIR": str(kept)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=place)
    branches = [int(found) for found in re.findall(r"cov: (\d+)", done.stderr)]
    tried = re.search(r"stat::number_of_executed_units: +(\d+)", done.stderr)
    if tried is None or not branches:
        raise SystemExit(f"{kind}: nothing was tried.\n{done.stderr[-3000:]}")
    known: dict[str, Any] = {
        "inputs": int(tried[1]),
        "branches at first": branches[0],
        "branches": branches[-1],
    }
    if done.returncode:
        known["fault"] = done.stderr[-3000:]
    return known


def make_corpus(kept: Path, kind: str) -> Path:
    """A folder of the first inputs, of bytes by a seed."""
    folder = kept / re.sub(r"\W", "-", kind)
    folder.mkdir()
    for i in range(20):
        (folder / str(i)).write_bytes(Random(f"{kind} {i}").randbytes(256))
    return folder


def main() -> None:
    """Fuzz all kinds, or one, and write what came of them."""
    if sys.argv[1:2] == ["--guide"]:
        guide(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--inputs", type=int, default=2000, help="of each kind")
    parser.add_argument("--kind", choices=SHARES)
    parser.add_argument("--again", help="a file that a fault was kept in")
    chosen = parser.parse_args()
    if chosen.again:
        guide(chosen.kind, [chosen.again])
    found = {}
    with tempfile.TemporaryDirectory(prefix="auxgen-inputs-") as name:
        for kind in SHARES if chosen.kind is None else [chosen.kind]:
            found[kind] = fuzz_kind(kind, chosen.inputs, Path(name))
            print(kind, found[kind], flush=True)
        faults = sum("fault" in each for each in found.values())
        if faults:  # keep the inputs
            os.rename(name, kept := f"{name}-kept")
            os.mkdir(name)
            print(f"inputs with a fault: {kept}/crash-*", file=sys.stderr)
    if chosen.out is not None:
        write_results(chosen.out, chosen.inputs, found)
    sys.exit(1 if faults else 0)


def write_results(out: Path, inputs: int, found: dict[str, dict[str, Any]]) -> None:
    from auxgen.engine.device import describe_hardware
    from auxgen.files import encode_json, write_file
    from auxgen.runs.config import find_commit

    known = {
        "command": f"python benchmarks/fuzzing_coverage.py OUT --inputs {inputs}",
        "date": date.today().isoformat(),
        "hardware": describe_hardware("cpu"),
        "commit": find_commit(),
        "inputs": sum(each["inputs"] for each in found.values()),
        "faults": sum("fault" in each for each in found.values()),
        "kinds": found,
    }
    write_file(out, encode_json(known))


if __name__ == "__main__":
    main()
