"""What else edits change where their effect is the same, for several models side by side.

A direction that does little changes little. So each model goes as far as a classifier needs to see
as much of the attribute as with the others, and what else changed is measured there, on the same
rows. Different classifiers answer these two questions where there are two of them: a classifier
that pictures were optimised to please sees more in them than is there. What is edited are
reconstructions, as in the papers.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import final

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..features.extractors import quantise_pictures
from ..inference.codes import embed_rows, predict_classes
from ..inference.moves import DirectionFinder
from ..score import Score
from .attribute_scorers import AttributeScorer, compare_predictions
from .edit_paths import EditComparison, EditPath
from .protocol import SplitEvaluation, make_mean_score

DELTAS = (*(0.25 * i for i in range(25)), *(7.0 + i for i in range(24)))
"""Distances to 6, and more coarsely to 30; between two the place is found by halving."""
LOGIT_RISE = 3.0
"""Logits: odds 20 times as high."""


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
