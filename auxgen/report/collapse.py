"""What the watch for mode collapse saw, in words: duplicates and recall while a stage trains."""

from __future__ import annotations

from collections.abc import Sequence

from .html import Html, join_html, render_element
from .read import Curve, CurveName, RunFolder

DUPLICATES, RECALL = "duplicates", "recall"
EXPLANATION = (
    "A generator that collapses repeats itself, so that duplicates go far above the 1 % that real "
    "rows have, and leaves out real rows, so that recall falls."
)


def describe_collapse(runs: Sequence[RunFolder], stage: str) -> Html:
    """A sentence for each run in which the stage was watched, and how to read them."""
    watched = {run.label: _find_collapse_curves(run, stage) for run in runs}
    said = [
        (f"{label}: " if len(runs) > 1 else "") + _describe_collapse_curves(*curves)
        for label, curves in watched.items()
        if curves is not None
    ]
    if not said:
        return Html("")
    if len(said) == 1:
        return render_element("p", f"{said[0]} {EXPLANATION}")
    return join_html(
        [
            render_element("p", EXPLANATION),
            render_element("ul", *(render_element("li", one) for one in said)),
        ]
    )


def _find_collapse_curves(run: RunFolder, stage: str) -> tuple[Curve, Curve] | None:
    """Duplicates and recall, both in per cent; None where either was not watched."""
    names = [CurveName(stage, "scores", name) for name in (DUPLICATES, RECALL)]
    found = [run.curves[name] for name in names if name in run.curves and run.curves[name].values]
    return (found[0], found[1]) if len(found) == 2 else None


def _describe_collapse_curves(duplicates: Curve, recall: Curve) -> str:
    """The last values, and the worst with their steps."""
    most, least = max(duplicates.values), min(recall.values)
    at_most = duplicates.steps[duplicates.values.index(most)]
    at_least = recall.steps[recall.values.index(least)]
    return (
        f"Mode collapse was watched at {len(recall.values)} steps: at {recall.steps[-1]:,}, "
        f"{duplicates.values[-1]:.1f} % of the samples in a batch are duplicates (at most "
        f"{most:.1f} %, at step {at_most:,}) and recall is {recall.values[-1]:.1f} % (at least "
        f"{least:.1f} %, at step {at_least:,})."
    )
