"""What else edits change, several models beside each other, where their effect is the same.

A direction that does little changes little. So each model goes as far as a classifier needs to see
as much of the attribute as with the others, and what else changed is told there, of the same rows.
Both are asked of different classifiers where there are two: one that pictures were made to please
sees more in them than is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import final

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..features.extractors import quantise_pictures
from ..inference.codes import embed_rows, predict_classes
from ..inference.editing import DirectionFinder
from ..score import Score
from .equal_effect_paths import EditComparison, EditPath
from .judges import AttributePrediction, AttributeScorer
from .protocol import ROW_STANDARD_ERROR, standard_error

DELTAS = (*(0.25 * i for i in range(25)), *(7.0 + i for i in range(24)))
"""Distances to 6, and more coarsely to 30; between two the place is found by halving."""
LOGIT_RISE = 3.0
"""Logits: odds 20 times as high."""


@final
@dataclass(frozen=True, eq=False)
class EqualEffectComparison:
    """A model and others, each edit going as far as the effect needs.

    The effect is that the judge tells the attribute (its logit is above 0), or that its logit has
    risen by so much above the reconstruction's: models whose reconstructions are told further from
    having it have farther to go for the former, not for the latter. Rows are those without the
    attribute, whose reconstructions no model has told to have it; what changed is compared on
    those of them where all models get there. Who tells what changed also tells whether it sees the
    effect.

    Attributes:
        test: Raw rows with attributes.
        space: How the models see raw rows.
        scorer: The classifier that tells how far to go.
        second_scorer: Another one, that tells what changed; the judge itself where None.
        own: Name and directions of the model measured.
        other_models: Others by name, with theirs.
        split_name: Of `test`.
        deltas: Distances, rising from 0.
        rise: Of the logit.
        max_rows: Rows without each attribute, the first ones.
    """

    test: Dataset
    space: Preprocessor
    _: KW_ONLY
    scorer: AttributeScorer
    second_scorer: AttributeScorer | None = None
    own: tuple[str, DirectionFinder]
    other_models: Mapping[str, tuple[object, DirectionFinder]]
    split_name: str = "test"
    deltas: tuple[float, ...] = field(default_factory=lambda: DELTAS)
    rise: float = LOGIT_RISE
    max_rows: int = 150

    def __call__(self, method: object) -> dict[str, Score]:
        scores: dict[str, Score] = {}
        for attribute, ways in self.build_edit_paths(method).items():
            rows = ways.find_rows_without_attribute()
            what = (
                f"{len(rows)} of the first {len(ways.originals)} rows of the {self.split_name} "
                f"split without {attribute}, their reconstructions told to be so with all of "
                f"{', '.join(ways.paths)}; moved by up to {self.deltas[-1]:g}; {self.scorer.protocol}"
            )
            witness = self.second_scorer or self.scorer
            if self.second_scorer is not None:
                what = f"{what}; what changed is told by {witness.protocol}"
            for effect, level in (("told", None), (f"+{self.rise:g}", self.rise)):
                far = ways.find_effect_distances(rows, level)
                shared = ~torch.stack(list(far.values())).isnan().any(0)
                changed = {
                    model: _measure_changes(
                        way, witness, rows[shared], far[model][shared], ways.originals
                    )
                    for model, way in ways.paths.items()
                }
                said = "logit above 0" if level is None else f"logit risen by {level:g}"
                found = _make_model_scores(far, changed, self.own[0], f"{said}; {what}")
                scores |= {f"{attribute} {effect}, {name}": score for name, score in found.items()}
        return scores

    def build_edit_paths(
        self, method: object, max_rows: int | None = None
    ) -> dict[str, EditComparison]:
        """Of each attribute that all models know and that some rows lack."""
        y = self.test.require_attributes()
        models = {self.own[0]: (method, self.own[1]), **self.other_models}
        known = {title: (model, find(model)) for title, (model, find) in models.items()}
        made = {}
        for k, attribute in enumerate(self.scorer.attributes):
            rows = (y[:, k] == 0).nonzero().flatten()[: max_rows or self.max_rows]
            if len(rows) and all(attribute in found for _, found in known.values()):
                raw = self.test[rows].raw_rows()
                each = {
                    title: EditPath(
                        model,
                        self.space,
                        found[attribute],
                        embed_rows(model, self.space, raw),
                        self.scorer,
                        k,
                        predict_classes(model, self.space, raw),
                    )
                    for title, (model, found) in known.items()
                }
                curves = {
                    title: way.trace_logits(self.deltas, self.rise) for title, way in each.items()
                }
                made[attribute] = EditComparison(quantise_pictures(raw), each, curves, self.deltas)
        return made


def _measure_changes(
    way: EditPath, scorer: AttributeScorer, rows: Tensor, far: Tensor, originals: Tensor
) -> dict[str, Tensor]:
    """What edits of rows (m,) to distances (m,) changed, by what it is, (m,) each.

    Of the reconstructions, and since the originals, uint8 (n, c, h, w): then what the model cannot
    reconstruct counts too.
    """
    if len(rows) == 0:
        one = torch.zeros(1, dtype=torch.long)
        return dict.fromkeys(_measure_changes(way, scorer, one, torch.zeros(1), originals), far)
    back, edited = (
        _score_with_features(scorer, way.decode_pictures(rows, to), way.device)
        for to in (torch.zeros_like(far), far)
    )
    first = _score_with_features(scorer, originals[rows], way.device)
    whole = _compare_predictions(first, edited, way.attribute_index)
    return {
        **_compare_predictions(back, edited, way.attribute_index),
        **{f"{name} since the original": each for name, each in whole.items()},
        "told": 100.0 * (edited[0].logits[:, way.attribute_index] > 0),
    }


def _score_with_features(
    scorer: AttributeScorer, pictures: Tensor, device: str
) -> tuple[AttributePrediction, Tensor]:
    """Verdict and features (m, d) of pictures, uint8 (m, c, h, w)."""
    return scorer(pictures, device), scorer.features(pictures, device)


def _compare_predictions(
    before: tuple[AttributePrediction, Tensor], after: tuple[AttributePrediction, Tensor], k: int
) -> dict[str, Tensor]:
    """Of m pictures, but for attribute k: (m,) each.

    Likeness is the cosine of features; others are all attributes that are told, asked those that
    the models are trained on.
    """
    (was, old), (now, new) = before, after
    found = {"likeness lost": 1 - torch.cosine_similarity(old, new, dim=1)}
    if was.others.shape[1]:
        found["others changed"] = 100 * (now.others - was.others).abs().mean(1)
    rest = [j for j in range(was.logits.shape[1]) if j != k]
    if rest:
        asked = (now.logits.sigmoid() - was.logits.sigmoid()).abs()
        found["asked changed"] = 100 * asked[:, rest].mean(1)
    return found


def _make_model_scores(
    far: Mapping[str, Tensor], changed: Mapping[str, Mapping[str, Tensor]], own: str, what: str
) -> dict[str, Score]:
    """By "<model>: <score>"; "more" is a model's change less the own one's, row by row.

    Args:
        far: Distances (n,) by model, NaN where the effect never comes.
        changed: By model and by what it is, (m,) of the rows where it comes with all.
        own: The model that others are compared with.
        what: The rows and the effect, in words.
    """
    scores: dict[str, Score] = {}
    same = f"rows where all models get there; {what}"
    for title, distances in far.items():
        there = ~distances.isnan()
        scores[f"{title}: reached"] = _make_mean_score(100 * there, "%", what)
        scores[f"{title}: distance"] = _make_mean_score(
            distances[there], "", f"rows that get there; {what}"
        )
        for name, each in changed[title].items():
            unit = "" if name.startswith("likeness") else "%"
            scores[f"{title}: {name}"] = _make_mean_score(each, unit, same)
            if title != own:
                said = f"more than with {own}, row by row; {same}"
                scores[f"{title}: {name} more"] = _make_mean_score(
                    each - changed[own][name], unit, said
                )
    return scores


def _make_mean_score(each: Tensor, unit: str, what: str) -> Score:
    """Over rows (n,); 0 where there are none."""
    if len(each) == 0:
        return Score(0.0, unit, 0, what, caution="no row is left")
    exact = each.double()
    return Score(
        exact.mean().item(), unit, len(each), what, standard_error(exact), ROW_STANDARD_ERROR
    )
