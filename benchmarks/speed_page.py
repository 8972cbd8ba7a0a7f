"""docs/speed.md, made of results/speed.json: python benchmarks/speed_page.py

The file comes from benchmarks/peers.py. A test holds the page to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pages import RESULTS, ROOT, describe_source, format_table

PAGE = ROOT / "docs" / "speed.md"
FILE = "speed"
PRECISIONS = {"32": "float32", "bf16": "bfloat16"}


@dataclass(frozen=True)
class Target:
    """A ratio that we want to reach in float32 on one thread.

    Attributes:
        words: What it says.
        comparison: Name of the comparison.
        way: Ours.
        peer: What it is compared with.
        least: The ratio.
    """

    words: str
    comparison: str
    way: str
    peer: str
    least: float


PYTHAE, BARE = "Pythae's trainer", "bare loop, fused Adam"
TARGETS = (
    Target("VAE, of the speed of a bare loop", "vae", "ours", BARE, 0.95),
    Target("VAE, times as fast as Pythae", "vae", "ours", PYTHAE, 1.6),
    Target("the same with `--compile`", "vae", "ours, compiled", PYTHAE, 1.8),
    Target(
        *("ADGM, all classes, times as fast as straightforward code", "adgm"),
        *("ours, all classes", "straightforward", 2.0),
    ),
    Target(
        *("the same with `--skip-below 1e-4` once 1.2 classes a row are live", "adgm"),
        *("ours, --skip-below 1e-4, 1.2 live", "straightforward", 2.5),
    ),
)


def write_page() -> str:
    """The page's text."""
    known = json.loads((RESULTS / f"{FILE}.json").read_text())
    parts = [
        "# Speed",
        "Rounds of training beside those of other libraries and of code as one writes it in an "
        "afternoon; made by `python benchmarks/speed_page.py`. " + describe_source(known, FILE),
        *describe_machine(known),
        "## What was aimed at",
        *describe_targets(known),
        *describe_ranking(known),
        "## What was measured",
        "Each cell: milliseconds of a round, how many times as fast as the first way (median, and "
        "quartiles of calls that followed each other), and the share of the arithmetic of the "
        "machine's own matrix product that its products and convolutions come to.",
        *(part for name in list_names(known) for part in describe_comparison(known, name)),
    ]
    return "\n\n".join(parts) + "\n"


def list_names(known: Mapping[str, Any]) -> list[str]:
    """Names of the comparisons."""
    return list(next(iter(known["threads"].values())))


def describe_machine(known: Mapping[str, Any]) -> Iterator[str]:
    """What disturbed the run, and what the machine can do."""
    before, after = known["processes_that_wanted_a_core"]
    limits = [
        f"{each['vae'][p]['matrix_product_gflop_a_second']:.0f} GFLOP/s in {PRECISIONS[p]} on "
        f"{threads} thread{'s' * (threads != '1')}"
        for threads, each in known["threads"].items()
        for p in PRECISIONS
    ]
    yield (
        f"{known['cores']} cores, which {before:g} processes wanted before and {after:g} after "
        f"{known['minutes']:.0f} minutes. A product of matrices of 1,024 comes to "
        f"{', '.join(limits)}. Times are the processor's on one thread, which other work disturbs "
        "little, and the clock's on several. Rows are made up."
    )


def find_ways(known: Mapping[str, Any], comparison: str) -> Mapping[str, Any]:
    """What each way came to in float32 on one thread."""
    return known["threads"]["1"][comparison]["32"]["ways"]


def describe_targets(known: Mapping[str, Any]) -> Iterator[str]:
    """Targets, what was reached, and what could be if all but products of matrices were free."""
    rows = []
    for target in TARGETS:
        ways = find_ways(known, target.comparison)
        if target.way not in ways or target.peer not in ways:
            rows.append((target.words, f"{target.least:g}", "not measured", ""))
            continue
        ours, peer = ways[target.way], ways[target.peer]
        reached = peer["processor_ms"]["median"] / ours["processor_ms"]["median"]
        rows.append(
            (
                target.words,
                f"{target.least:g}",
                f"{reached:.3f}{'' if reached >= target.least else ', missed'}",
                f"{reached / ours['of_limit']:.2f}" if "of_limit" in ours else "",
            )
        )
    yield format_table(("float32, one thread", "aim", "measured", "at most here"), rows)
    yield (
        '"At most here" is the ratio if all that is not a product of matrices took no time and '
        "products ran as fast as a large one: where it is below the aim, no code that does the "
        "same arithmetic can reach it on this machine."
    )


def describe_ranking(known: Mapping[str, Any]) -> Iterator[str]:
    """Where ours are faster than the first way of their table, and where they are not."""
    ratios = {
        f"{name}: {way}": each["times_as_fast"]["median"]
        for name in list_names(known)
        for way, each in find_ways(known, name).items()
        if way.startswith("ours")
        and not known["threads"]["1"][name]["reference"].startswith("ours")
    }
    ordered = sorted(ratios.items(), key=lambda item: item[1])
    for title, is_slower in (("Slower", True), ("As fast, or faster", False)):
        told = [f"{way} ({ratio:.2f})" for way, ratio in ordered if (ratio < 1) == is_slower]
        where = "than the first way of its table, in float32 on one thread"
        yield f"**{title}** {where}: {'; '.join(told) or 'none'}."


def describe_comparison(known: Mapping[str, Any], name: str) -> Iterator[str]:
    """A comparison's table: a row for each way, a column for each precision and threads."""
    columns = {
        f"{PRECISIONS[p]}, {threads} thread{'s' * (threads != '1')}": each[name][p]
        for threads, each in known["threads"].items()
        for p in PRECISIONS
        if p in each[name]
    }
    first = next(iter(known["threads"].values()))[name]
    ways = dict.fromkeys(way for column in columns.values() for way in column["ways"])
    rows = [
        (
            way,
            *(
                format_cell(column["ways"].get(way), column["times_are"])
                for column in columns.values()
            ),
        )
        for way in ways
    ]
    yield f"**{first['about']}.**"
    yield format_table(("", *columns), rows)
    skipped = [
        f"{way} in {column}: {why}."
        for column, each in columns.items()
        for way, why in each.get("skipped", {}).items()
    ]
    if skipped:
        yield "Left out: " + " ".join(skipped)


def format_cell(each: Mapping[str, Any] | None, kind: str) -> str:
    """What a way came to, in few signs."""
    if each is None:
        return ""
    ms, ratio = each[f"{kind}_ms"]["median"], each["times_as_fast"]
    words = f"{ms:.3g} ms, {ratio['median']:.2f} x ({ratio['low']:.2f}-{ratio['high']:.2f})"
    if "of_limit" in each:
        words += f", {100 * each['of_limit']:.0f} %"
    return words + (f", {100 * each['accuracy']:.0f} % right" if "accuracy" in each else "")


if __name__ == "__main__":
    PAGE.write_text(write_page())
    print(PAGE)
