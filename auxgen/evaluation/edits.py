"""Scores of edits: whether an attribute appears, at what distance, and what else changes.

What is edited are reconstructions, as in the papers, and not the rows themselves, which
`Model.edit` edits by default.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from typing import final

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..features.extractors import quantise_pictures
from ..functional.directions import Direction
from ..inference.codes import decode_to_rows, embed_rows
from ..inference.moves import DirectionFinder, fit_probe_directions, get_classifier_directions
from ..method import HasAttributeWeights
from ..rng import get_device
from ..score import Score
from .attribute_scorers import AttributePrediction, AttributeScorer, compare_predictions
from .protocol import ROW_STANDARD_ERROR, SplitEvaluation, make_share_score, standard_error
from .recognition import score_positive_share

DELTAS = tuple(0.5 * i for i in range(13))
"""Distances from 0 to 6."""


@final
@dataclass(frozen=True, eq=False)
class AttributeEditQuality(SplitEvaluation):
    """Rows without an attribute, moved towards it, as an independent classifier sees them.

    Directions are the model's own where it predicts attributes by a linear map of its code, else
    those of linear probes of the codes of `train`. What an edit changes is measured from the
    reconstruction on, at each row's own first distance where the classifier finds the attribute.

    Attributes:
        train: Raw rows for probes, with attributes.
        test: Raw rows with attributes; those that lack an attribute, in themselves and in their
            reconstructions, are moved towards it.
        direction_finder: Other directions by attribute, for a model; those above where None.
        deltas: Distances, rising from 0.
        max_rows: Rows for each attribute, the first ones.
    """

    train: Dataset
    test: Dataset
    space: Preprocessor
    _: KW_ONLY
    scorer: AttributeScorer
    direction_finder: DirectionFinder | None = None
    deltas: tuple[float, ...] = field(default_factory=lambda: DELTAS)
    max_rows: int = 250

    def __call__(self, method: object) -> dict[str, Score]:
        find = self.direction_finder or partial(find_directions, space=self.space, train=self.train)
        directions = find(method)
        scores: dict[str, Score] = {}
        for k, name in enumerate(self.scorer.attributes):
            if name in directions:
                scores |= self.score_attribute(method, directions[name], k)
        return scores

    def score_attribute(self, method: object, direction: Direction, k: int) -> dict[str, Score]:
        """Scores of an attribute that some rows lack, by "<direction> <score>"."""
        y, name = self.test.require_attributes(), self.scorer.attributes[k]
        if not (y[:, k] == 0).any():
            return {}
        rows = self.test[(y[:, k] == 0).nonzero().flatten()[: self.max_rows]]
        z, device = embed_rows(method, self.space, rows.raw_rows()), str(get_device(method))
        moved = (direction.move(z, delta) for delta in self.deltas)
        decoded = (decode_to_rows(method, self.space, each, None) for each in moved)
        pictures = torch.stack([quantise_pictures(each) for each in decoded])
        predictions = [self.scorer(each, device) for each in pictures]
        logits = torch.stack([p.logits for p in predictions], 1)
        others = torch.stack([p.others for p in predictions], 1)
        own = logits[:, :, k]
        without = own[:, 0] <= 0
        caution = "" if without.any() else f"every reconstruction is told to have {name}"
        without = without if without.any() else ~without
        along = "the classifier" if isinstance(method, HasAttributeWeights) else "a linear probe"
        along += direction.name.removeprefix(name)
        what = (
            f"{int(without.sum())} of the first {self.describe_rows(len(rows))} "
            f"without {name}, their reconstructions told to be so; reconstructions moved by 0 to "
            f"{self.deltas[-1]:g} in steps of {self.deltas[1]:g} along {along}; "
            f"{self.scorer.protocol}"
        )
        at = torch.arange(len(rows))
        before, after = (
            (
                AttributePrediction(logits[at, place][without], others[at, place][without]),
                self.scorer.features(pictures[place, at], device)[without],
            )
            for place in (torch.zeros_like(at), find_first_positive(own)[0])
        )
        changes = compare_predictions(before, after, k)
        scores = _score_edits(self.deltas, own[without], changes, what)
        scores |= self.score_ceiling(method, (y[:, k] == 1).nonzero().flatten()[: self.max_rows], k)
        title = direction.name
        return {f"{title} {n}": replace(s, caution=caution or s.caution) for n, s in scores.items()}

    def score_ceiling(self, method: object, rows: Tensor, k: int) -> dict[str, Score]:
        """How often the classifier finds what is there, in originals and reconstructions."""
        if len(rows) == 0:
            return {}
        raw = self.test[rows].raw_rows()
        back = decode_to_rows(method, self.space, embed_rows(method, self.space, raw), None)
        what = f"first {self.describe_rows(len(rows))} that have it; {self.scorer.protocol}"
        scores = {}
        for kind, pictures in (("originals", raw), ("reconstructions", back)):
            found = self.scorer(quantise_pictures(pictures), str(get_device(method))).logits[:, k]
            scores[f"told of {kind}"] = score_positive_share(found, f"{kind} of the {what}")
        return scores


def find_directions(method: object, space: Preprocessor, train: Dataset) -> Mapping[str, Direction]:
    """The model's own directions, else those of linear probes."""
    if isinstance(method, HasAttributeWeights):
        return get_classifier_directions(method, space)
    return fit_probe_directions(method, space, train)


def find_first_positive(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The first place above 0, else the last one, and whether any is: (n, s) -> (n,), (n,)."""
    above = logits > 0
    reached = above.any(1)
    return torch.where(reached, above.float().argmax(1), logits.shape[1] - 1), reached


CHANGES: Mapping[str, tuple[str, str]] = {
    "others changed": ("%", "mean change of other probabilities"),
    "asked changed": ("%", "change of the model's other attributes"),
    "likeness lost": ("", "1 - cosine of the judge's features"),
}
"""Units and meanings of what `compare_predictions` returns."""


def _score_edits(
    deltas: tuple[float, ...], logits: Tensor, changes: Mapping[str, Tensor], what: str
) -> dict[str, Score]:
    """Scores of rows without an attribute: logits (n, s) at rising distances."""
    place, reached = find_first_positive(logits)
    n, mean = len(reached), logits.double().mean(0)
    flipped, rising = (b.double().mean().item() for b in (reached, mean.diff() > 0))
    curve = {
        "deltas": list(deltas),
        "mean_logit": mean.tolist(),
        "share_told": (logits > 0).double().mean(0).tolist(),
    }
    far = torch.tensor(deltas)[place]
    rise = (logits.gather(1, place[:, None])[:, 0] - logits[:, 0]).double().mean().item()
    scores = {
        "flipped": make_share_score(flipped, n, f"told at some distance; {what}", detail=curve),
        "rising": Score(100 * rising, "%", n, f"steps at which the mean logit rises; {what}"),
        "distance": Score(far.median().item(), "", n, f"median, first told or farthest; {what}"),
        "rise": Score(rise, "logits", n, f"where first told or farthest; {what}"),
    }
    for name, (unit, words) in CHANGES.items():
        if name in changes:
            protocol = f"{words}, where first told or farthest; {what}"
            mean_change = changes[name].double().mean().item()
            scores[name] = Score(
                mean_change, unit, n, protocol, standard_error(changes[name]), ROW_STANDARD_ERROR
            )
    return scores
