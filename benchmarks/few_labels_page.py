"""The tables of docs/guides/few-labels.md, from results/few_labels.json, in Markdown.

python benchmarks/few_labels_page.py results/few_labels.first.json results/few_labels.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

BELOW = "share_of_fits_5_points_below_the_mlp"


def format_methods(results: dict[str, Any]) -> str:
    """One row for each method, by mean rank of accuracy."""
    rows = sorted(results["methods"].items(), key=lambda item: item[1]["accuracy_rank"])
    lines = [
        "| method | accuracy | rank | log loss | rank | Brier | ECE | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows:
        seconds = results["seconds_of_a_fit"].get(name, {}).get("median")
        cells = [
            f"{row['accuracy']:.3f}",
            f"{row['accuracy_rank']:.2f}",
            f"{row['log_loss']:.3f}",
            f"{row['log_loss_rank']:.2f}",
            f"{row['brier']:.3f}",
            f"{row['ece']:.3f}",
            "" if seconds is None else f"{seconds:.2f}",
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def format_gains(results: dict[str, Any]) -> str:
    """What the committee gains over each method, in points and nats, with 95 % intervals."""
    lines = [
        "| against | points of accuracy | won, lost | p | nats | won, lost | p |",
        "|---|---|---|---|---|---|---|",
    ]
    accuracy, loss = (results["tests"][m]["against"] for m in ("accuracy", "log_loss"))
    for name in sorted(accuracy, key=lambda m: accuracy[m]["gain"][0]):
        a, b = accuracy[name], loss[name]
        points = "{:+.1f} ({:+.1f} to {:+.1f})".format(*(100 * g for g in a["gain"]))
        nats = "{:+.3f} ({:+.3f} to {:+.3f})".format(*b["gain"])
        won, lost = ("{}, {}".format(*each["wins_losses"]) for each in (a, b))
        p, q = (format_p(each["wilcoxon_holm_p"]) for each in (a, b))
        lines.append(f"| {name} | {points} | {won} | {p} | {nats} | {lost} | {q} |")
    return "\n".join(lines)


def format_looks(looks: dict[str, dict[str, Any]]) -> str:
    """What each look at the tables found of the committee and of its rivals."""
    lines = [
        "| look | method | accuracy | rank | log loss | rank | 5 points below the MLP |",
        "|---|---|---|---|---|---|---|",
    ]
    for look, results in looks.items():
        for name in ("auxgen", "LR + RF + GMM", "LR + RF", "MLP"):
            row = results["methods"][name]
            below = row.get(BELOW, results.get(BELOW) if name == "auxgen" else None)
            cells = [
                f"{row['accuracy']:.4f}",
                f"{row['accuracy_rank']:.2f}",
                f"{row['log_loss']:.4f}",
                f"{row['log_loss_rank']:.2f}",
                "" if below is None else f"{100 * below:.1f} %",
            ]
            lines.append(f"| {look} | {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def format_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


if __name__ == "__main__":
    first, found = (json.loads(Path(name).read_text()) for name in sys.argv[1:3])
    looks = format_looks({"first": first, "second": found})
    print(format_methods(found), format_gains(found), looks, sep="\n\n")
