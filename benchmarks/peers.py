"""Our rounds of training beside those of every peer, in one run.

python benchmarks/peers.py results/speed.json --threads 1 2 --compile

Ways of doing the same take turns, call by call; medians and quartiles stand, of the processor's
and of the clock's seconds. Ratios are of calls that followed each other, by the processor on one
thread, which others disturb least, and by the clock on several. Beside each is its arithmetic, as a
share of what a product of matrices of 1,024 comes to meanwhile. Rows are made up. Peers that are
not installed are left out, and the file says why: `pip install pythae pyro-ppl`. Ten minutes of an
idle core for each number of threads, some more with --compile; --small takes seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from interleaving import Comparison, Precision, measure
from peers_fits import compare_fits
from peers_images import compare_gan, compare_layouts_of_introvac, compare_layouts_of_vae
from peers_sizes import SMALL, Sizes
from peers_vectors import compare_adgm, compare_m2, compare_many_classes, compare_vae

from auxgen.engine.device import describe_hardware
from auxgen.files import encode_json, write_file
from auxgen.runs.config import find_commit

COMPARISONS: dict[str, Callable[[Sizes, Precision, bool], Comparison]] = {
    "vae": compare_vae,
    "adgm": compare_adgm,
    "adgm of many classes": compare_many_classes,
    "m2": compare_m2,
    "gan": compare_gan,
    "stacked vae": compare_layouts_of_vae,
    "introvac": compare_layouts_of_introvac,
}
PACKAGES = ("torch", "numpy", "scikit-learn", "pythae", "pyro-ppl")


def measure_all(sizes: Sizes, names: Sequence[str], compiles: bool) -> dict[str, Any]:
    """What each comparison came to on the threads that there are now."""
    found: dict[str, Any] = {}
    precisions: tuple[Precision, ...] = ("32", "bf16")
    for name in names:
        each: dict[str, Any] = {}
        for precision in precisions if name != "fits" else precisions[:1]:
            torch.manual_seed(0)
            if name == "fits":
                comparison, samples = compare_fits(sizes), sizes.fits
            else:
                comparison = COMPARISONS[name](sizes, precision, compiles)
                samples = count_samples(sizes, name)
            each["about"] = comparison.about
            each["reference"] = comparison.reference
            each[precision] = measure(comparison, precision, samples)
            if comparison.skipped:
                each[precision]["skipped"] = dict(comparison.skipped)
            tell(name, precision, each[precision])
        found[name] = each
    return found


def count_samples(sizes: Sizes, name: str) -> int:
    """How often each way of a comparison is timed."""
    of_own = {"vae": sizes.vae_samples, "stacked vae": sizes.image_samples}
    return {**of_own, "introvac": sizes.image_samples}.get(name, sizes.samples)


def tell(name: str, precision: str, found: dict[str, Any]) -> None:
    """A line on stderr for each way."""
    for way, each in found["ways"].items():
        ms, ratio = each[f"{found['times_are']}_ms"]["median"], each["times_as_fast"]["median"]
        told = f"{torch.get_num_threads()} thread(s), {name}, {precision}, {way}"
        print(f"{told:80} {ms:9.2f} ms {ratio:6.2f} x", file=sys.stderr, flush=True)


def find_version(package: str) -> str | None:
    """The version of an installed package; None where it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def round_numbers(value: Any) -> Any:
    """Numbers with four digits."""
    if isinstance(value, dict):
        return {key: round_numbers(each) for key, each in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main() -> None:
    words = argparse.ArgumentParser(description="Our rounds beside peers'.")
    words.add_argument("out", type=Path)
    words.add_argument("--threads", type=int, nargs="+", default=[1])
    words.add_argument("--only", nargs="+", choices=[*COMPARISONS, "fits"])
    words.add_argument("--compile", action="store_true")
    words.add_argument("--small", action="store_true")
    chosen = words.parse_args()
    sizes = SMALL if chosen.small else Sizes()
    names = chosen.only or [*COMPARISONS, "fits"]
    before, found = os.getloadavg()[0], {}
    started = datetime.now(UTC)
    for threads in chosen.threads:
        torch.set_num_threads(threads)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of peers
            found[str(threads)] = measure_all(sizes, names, chosen.compile)
    known = {
        "command": " ".join(["python", "benchmarks/peers.py", *sys.argv[1:]]),
        "hardware": describe_hardware("cpu").partition(",")[0],
        "cores": os.cpu_count(),
        "processes_that_wanted_a_core": [round(before, 1), round(os.getloadavg()[0], 1)],
        "date": started.date().isoformat(),
        "started": started.isoformat(timespec="minutes"),
        "minutes": (datetime.now(UTC) - started).total_seconds() / 60,
        "commit": find_commit(),
        "versions": {package: find_version(package) for package in PACKAGES},
        "threads": found,
    }
    write_file(chosen.out, encode_json(round_numbers(known)))


if __name__ == "__main__":
    main()
