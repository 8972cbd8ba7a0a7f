"""What else edits change where their effect is the same, for several models side by side.

A direction that does little changes little. So each model goes as far as a classifier needs to see
as much of the attribute as with the others, and what else changed is measured there, on the same
rows. Different classifiers answer these two questions where there are two of them: a classifier
that pictures were optimised to please sees more in them than is there. What is edited are
reconstructions, as in the papers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import final

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..features.extractors import quantise_pictures
from ..functional.directions import Direction
from ..inference.codes import decode_to_rows, embed_rows, predict_classes
from ..inference.editing import DirectionFinder
from ..rng import get_device
from ..score import Score
from .attribute_scorers import AttributeScorer, compare_predictions
from .protocol import SplitEvaluation, make_mean_score

DELTAS = (*(0.25 * i for i in range(25)), *(7.0 + i for i in range(24)))
"""Distances to 6, and more coarsely to 30; between two the place is found by halving."""
LOGIT_RISE = 3.0
"""Logits: odds 20 times as high."""


@dataclass(frozen=True, eq=False)
class EditPath:
    """Codes of rows by a model, the direction along which they move, and a classifier.

    Attributes:
        method: A model that decodes.
        z: Codes (n, d).
        attribute_index: Index of the direction's attribute, for the classifier.
        y: Classes (n,) where the model has classes, else None.
    """

    method: object
    space: Preprocessor
    direction: Direction
    z: Tensor
    scorer: AttributeScorer
    attribute_index: int
    y: Tensor | None = None

    @property
    def device(self) -> str:
        return str(get_device(self.method))

    def decode_pictures(self, rows: Tensor, distances: Tensor) -> Tensor:
        """Pictures of rows (m,) at distances (m,): -> uint8 (m, c, h, w)."""
        moved = self.direction.move(self.z[rows], distances)
        y = None if self.y is None else self.y[rows]
        return quantise_pictures(decode_to_rows(self.method, self.space, moved, y))

    def score_logits(self, rows: Tensor, distances: Tensor) -> Tensor:
        """The classifier's logits of rows (m,) at distances (m,): -> (m,)."""
        prediction = self.scorer(self.decode_pictures(rows, distances), self.device)
        return prediction.logits[:, self.attribute_index]

    def trace_logits(self, deltas: Sequence[float], rise: float) -> Tensor:
        """Logits of all rows at distances that rise from 0: -> (n, s).

        NaN beyond where a logit is above 0 and has risen by so much: nothing needs what is farther.
        """
        logits = torch.full((len(self.z), len(deltas)), torch.nan)
        rows = torch.arange(len(self.z))
        for place, delta in enumerate(deltas):
            if len(rows):
                logits[rows, place] = self.score_logits(rows, torch.full((len(rows),), delta))
                enough = (logits[rows, 0] + rise).clamp(min=0)
                rows = rows[logits[rows, place] < enough]
        return logits

    def find_effect_distances(
        self, rows: Tensor, curve: Tensor, deltas: Sequence[float], rise: float | None
    ) -> Tensor:
        """First distances (m,) at which rows (m,) show the effect; NaN where they never do.

        The effect is a rise of the logit by so much or, where that is None, a logit of 0. Logits
        of the rows at the distances are curve (m, s).
        """
        threshold = torch.zeros(len(rows)) if rise is None else curve[:, 0] + rise

        def falls_short(these: Tensor, far: Tensor) -> Tensor:
            return self.score_logits(rows[these], far) < threshold[these]

        return bisect_brackets(*bracket_threshold(curve, threshold, deltas), falls_short)


@dataclass(frozen=True, eq=False)
class EditComparison:
    """The same n rows by several models.

    Attributes:
        originals: uint8 (n, c, h, w).
        paths: Paths by model.
        curves: What `EditPath.trace_logits` returns at the distances, (n, s), by model.
        deltas: s distances, rising from 0.
    """

    originals: Tensor
    paths: Mapping[str, EditPath]
    curves: Mapping[str, Tensor]
    deltas: Sequence[float]

    def find_rows_without_attribute(self) -> Tensor:
        """Rows (m,) in whose reconstructions, by any model, the attribute is not found."""
        absent = torch.stack([logits[:, 0] < 0 for logits in self.curves.values()])
        return absent.all(0).nonzero().flatten()

    def find_effect_distances(self, rows: Tensor, rise: float | None) -> dict[str, Tensor]:
        """First distances (m,) by model, see `EditPath.find_effect_distances`, of rows (m,)."""
        return {
            model: path.find_effect_distances(rows, self.curves[model][rows], self.deltas, rise)
            for model, path in self.paths.items()
        }


def bracket_threshold(
    curve: Tensor, threshold: Tensor, deltas: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Distances between which rows (n,) first reach a threshold; NaN where they never do.

    Args:
        curve: Effects (n, s) at the distances.
        threshold: (n,), above the first column.
        deltas: s distances, rising.
    """
    there = curve >= threshold[:, None]
    place, far = there.float().argmax(1), torch.tensor(deltas)
    never = torch.where(there.any(1), 0.0, torch.nan)
    return far[(place - 1).clamp(min=0)] + never, far[place] + never


def bisect_brackets(
    low: Tensor, high: Tensor, falls_short: Callable[[Tensor, Tensor], Tensor], halvings: int = 6
) -> Tensor:
    """The upper ends (n,) of brackets, after so many halvings; NaN stays.

    Args:
        low: Distances (n,) at which the effect falls short.
        high: Distances (n,) at which it does not.
        falls_short: Whether it does, of rows (m,) at distances (m,).
    """
    low, high = low.clone(), high.clone()
    rows = (~high.isnan()).nonzero().flatten()
    for _ in range(halvings if len(rows) else 0):
        middle = (low[rows] + high[rows]) / 2
        below = falls_short(rows, middle)
        low[rows] = torch.where(below, middle, low[rows])
        high[rows] = torch.where(below, high[rows], middle)
    return high


@final
@dataclass(frozen=True, eq=False)
class EqualEffectComparison(SplitEvaluation):
    """A model and others, each edit going as far as the effect needs.

    The effect is that the classifier finds the attribute (its logit is above 0), or that its logit
    has risen by so much above the reconstruction's: a model whose reconstructions are further from
    the attribute has farther to go for the former, not for the latter. Rows are those without the
    attribute, in whose reconstructions by any model the classifier does not find it either; what
    changed is compared on those of them where all models get there. The classifier that measures
    what changed also says whether it sees the effect.

    Attributes:
        test: Raw rows with attributes.
        scorer: The classifier that decides how far to go.
        second_scorer: Another classifier, for what changed; `scorer` where None.
        own: Name and directions of the model measured.
        other_models: Other models by name, with their directions.
        deltas: Distances, rising from 0.
        max_rows: Rows without each attribute, the first ones.
    """

    test: Dataset
    space: Preprocessor
    _: KW_ONLY
    scorer: AttributeScorer
    second_scorer: AttributeScorer | None = None
    own: tuple[str, DirectionFinder]
    other_models: Mapping[str, tuple[object, DirectionFinder]]
    deltas: tuple[float, ...] = field(default_factory=lambda: DELTAS)
    rise: float = LOGIT_RISE
    max_rows: int = 150

    def __call__(self, method: object) -> dict[str, Score]:
        second = self.second_scorer or self.scorer
        scores: dict[str, Score] = {}
        for attribute, comparison in self.build_edit_paths(method).items():
            rows = comparison.find_rows_without_attribute()
            what = (
                f"{len(rows)} of the first {self.describe_rows(len(comparison.originals))} "
                f"without {attribute}, their reconstructions told to be so with all of "
                f"{', '.join(comparison.paths)}; "
                f"reconstructions moved by up to {self.deltas[-1]:g}; {self.scorer.protocol}"
            )
            if self.second_scorer is not None:
                what = f"{what}; what changed is told by {second.protocol}"
            risen = f"+{self.rise:g}", self.rise, f"logit risen by {self.rise:g}"
            for effect, level, words in (("told", None, "logit above 0"), risen):
                far = comparison.find_effect_distances(rows, level)
                shared = ~torch.stack(list(far.values())).isnan().any(0)
                these, originals = rows[shared], comparison.originals
                changed = {
                    model: _measure_changes(path, second, these, far[model][shared], originals)
                    for model, path in comparison.paths.items()
                }
                each = _make_model_scores(far, changed, self.own[0], f"{words}; {what}")
                scores |= {f"{attribute} {effect}, {name}": score for name, score in each.items()}
        return scores

    def build_edit_paths(
        self, method: object, max_rows: int | None = None
    ) -> dict[str, EditComparison]:
        """Paths by attribute, of those that all models know and that some rows lack."""
        y = self.test.require_attributes()
        models = {self.own[0]: (method, self.own[1]), **self.other_models}
        known = {title: (model, find(model)) for title, (model, find) in models.items()}
        comparisons = {}
        for k, attribute in enumerate(self.scorer.attributes):
            rows = (y[:, k] == 0).nonzero().flatten()[: max_rows or self.max_rows]
            if len(rows) and all(attribute in directions for _, directions in known.values()):
                raw = self.test[rows].raw_rows()
                paths, curves = {}, {}
                for title, (model, directions) in known.items():
                    z = embed_rows(model, self.space, raw)
                    y_model = predict_classes(model, self.space, raw)
                    paths[title] = path = EditPath(
                        model, self.space, directions[attribute], z, self.scorer, k, y_model
                    )
                    curves[title] = path.trace_logits(self.deltas, self.rise)
                originals = quantise_pictures(raw)
                comparisons[attribute] = EditComparison(originals, paths, curves, self.deltas)
        return comparisons


def _measure_changes(
    path: EditPath, scorer: AttributeScorer, rows: Tensor, far: Tensor, originals: Tensor
) -> dict[str, Tensor]:
    """What edits of rows (m,) to distances (m,) changed, by name, (m,) each.

    Changes count from the reconstructions on, and from the originals on, uint8 (n, c, h, w), which
    adds what the model cannot reconstruct.
    """
    if len(rows) == 0:
        one = torch.zeros(1, dtype=torch.long)
        return dict.fromkeys(_measure_changes(path, scorer, one, torch.zeros(1), originals), far)
    places = torch.zeros_like(far), far
    shown = originals[rows], *(path.decode_pictures(rows, place) for place in places)
    first, back, edited = (
        (scorer(each, path.device), scorer.features(each, path.device)) for each in shown
    )
    whole = compare_predictions(first, edited, path.attribute_index)
    return {
        **compare_predictions(back, edited, path.attribute_index),
        **{f"{name} since the original": each for name, each in whole.items()},
        "told": 100.0 * (edited[0].logits[:, path.attribute_index] > 0),
    }


def _make_model_scores(
    far: Mapping[str, Tensor], changed: Mapping[str, Mapping[str, Tensor]], own: str, what: str
) -> dict[str, Score]:
    """Scores by "<model>: <score>"; "more" is a model's change less the own one's, row by row."""
    scores: dict[str, Score] = {}
    same = f"rows where all models get there; {what}"
    for title, distances in far.items():
        there = ~distances.isnan()
        scores[f"{title}: reached"] = _score_rows(100 * there, "%", what)
        going = f"rows that get there; {what}"
        scores[f"{title}: distance"] = _score_rows(distances[there], "", going)
        for name, each in changed[title].items():
            unit = "" if name.startswith("likeness") else "%"
            scores[f"{title}: {name}"] = _score_rows(each, unit, same)
            if title != own:
                more, words = each - changed[own][name], f"more than with {own}, row by row"
                scores[f"{title}: {name} more"] = _score_rows(more, unit, f"{words}; {same}")
    return scores


def _score_rows(each: Tensor, unit: str, what: str) -> Score:
    """Mean over rows (n,); 0 where there are none."""
    if len(each) == 0:
        return Score(0.0, unit, 0, what, caution="no row is left")
    return make_mean_score(each.double(), unit, what)
