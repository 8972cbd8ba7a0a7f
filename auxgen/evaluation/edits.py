"""Scores of edits: whether an attribute comes, how far one has to go, and what else changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from math import sqrt
from typing import final

import torch
from torch import Tensor

from ..data.dataset import Dataset, Preprocessor
from ..features.extractors import quantise_pictures
from ..functional.directions import Direction
from ..inference.codes import decode_to_rows, embed_rows
from ..inference.conditional import sample_where, satisfies_conditions
from ..inference.editing import DirectionFinder, fit_probe_directions, get_classifier_directions
from ..inference.sampling import sample_rows
from ..method import HasAttributeWeights
from ..rng import get_device, use_seed
from ..score import Score
from .judges import AttributePrediction, AttributeScorer
from .protocol import BINOMIAL_STANDARD_ERROR, ROW_STANDARD_ERROR, standard_error

DELTAS = tuple(0.5 * i for i in range(13))
"""Distances from 0 to 6."""


@final
@dataclass(frozen=True, eq=False)
class AttributeEditQuality:
    """Rows without an attribute, moved towards it, as an independent classifier sees them.

    Directions are the model's own where it tells attributes by a linear map of its code, else those
    of linear probes of the codes of `train`. What an edit changes is measured against the
    reconstruction, at each row's own first distance where the attribute is told.

    Attributes:
        train: Raw rows for probes, with attributes.
        test: Raw rows with attributes; those that have none of one, and whose reconstruction is
            not told to have it, are moved towards it.
        space: How the model sees raw rows.
        scorer: The classifier.
        split_name: Of `test`.
        direction_finder: Other directions by attribute, for a model; those above where None.
        deltas: Distances, rising from 0.
        max_rows: Rows for each attribute, the first ones.
    """

    train: Dataset
    test: Dataset
    space: Preprocessor
    _: KW_ONLY
    scorer: AttributeScorer
    split_name: str = "test"
    direction_finder: DirectionFinder | None = None
    deltas: tuple[float, ...] = field(default_factory=lambda: DELTAS)
    max_rows: int = 250

    def __call__(self, method: object) -> dict[str, Score]:
        found = (
            self.direction_finder or partial(find_directions, space=self.space, train=self.train)
        )(method)
        scores: dict[str, Score] = {}
        for k, name in enumerate(self.scorer.attributes):
            if name in found:
                scores |= self.score_attribute(method, found[name], k)
        return scores

    def score_attribute(self, method: object, direction: Direction, k: int) -> dict[str, Score]:
        """Scores of an attribute that some rows lack, by "<direction> <score>"."""
        y, name = self.test.require_attributes(), self.scorer.attributes[k]
        if not (y[:, k] == 0).any():
            return {}
        rows = self.test[(y[:, k] == 0).nonzero().flatten()[: self.max_rows]]
        z, device = embed_rows(method, self.space, rows.raw_rows()), str(get_device(method))
        pictures = [
            quantise_pictures(decode_to_rows(method, self.space, direction.move(z, delta), None))
            for delta in self.deltas
        ]
        verdicts = [self.scorer(each, device) for each in pictures]
        logits = torch.stack([v.logits[:, k] for v in verdicts], 1)
        without = logits[:, 0] <= 0
        caution = "" if without.any() else f"every reconstruction is told to have {name}"
        without = without if without.any() else ~without
        along = "the classifier" if isinstance(method, HasAttributeWeights) else "a linear probe"
        along += direction.name.removeprefix(name)
        what = (
            f"{int(without.sum())} of the first {len(rows)} rows of the {self.split_name} split "
            f"without {name}, their reconstructions told to be so; moved by 0 to "
            f"{self.deltas[-1]:g} in steps of {self.deltas[1]:g} along {along}; "
            f"{self.scorer.protocol}"
        )
        place, at = find_first_positive(logits)[0], torch.arange(len(rows))
        ends = (pictures[0], torch.stack(pictures)[place, at])
        features = [self.scorer.features(each, device) for each in ends]
        likeness = torch.cosine_similarity(*features, dim=1)[without]
        change = _measure_edit_changes(verdicts, logits, k, without, 1 - likeness)
        scores = _score_edits(self.deltas, logits[without], change, what)
        scores |= self.score_ceiling(method, (y[:, k] == 1).nonzero().flatten()[: self.max_rows], k)
        return {
            f"{direction.name} {n}": replace(s, caution=caution or s.caution)
            for n, s in scores.items()
        }

    def score_ceiling(self, method: object, rows: Tensor, k: int) -> dict[str, Score]:
        """How often the judge tells what is there: in originals, and in their reconstructions."""
        if len(rows) == 0:
            return {}
        raw = self.test[rows].raw_rows()
        back = decode_to_rows(method, self.space, embed_rows(method, self.space, raw), None)
        what = f"first {len(rows)} rows of the {self.split_name} split that have it"
        each = {"told of originals": raw, "told of reconstructions": back}
        return {
            name: _score_attribute_share(
                self.scorer(quantise_pictures(pictures), str(get_device(method))).logits[:, k],
                f"{name.removeprefix('told of ')} of the {what}; {self.scorer.protocol}",
            )
            for name, pictures in each.items()
        }


def find_directions(method: object, space: Preprocessor, train: Dataset) -> Mapping[str, Direction]:
    """The model's own, else those of probes."""
    if isinstance(method, HasAttributeWeights):
        return get_classifier_directions(method, space)
    return fit_probe_directions(method, space, train)


@dataclass(frozen=True, eq=False)
class EditChange:
    """What an edit changed of m rows, each at its first distance where the attribute is told.

    Rows that never come to be told so are taken at the farthest; (m,) each.

    Attributes:
        other_attributes: Mean over the other attributes told, of the change of their probability.
        trained_attributes: The same of the other attributes that the model was trained on; empty for one alone.
        feature_distance: 1 - cosine of features before and after.
    """

    other_attributes: Tensor
    trained_attributes: Tensor
    feature_distance: Tensor


def find_first_positive(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The first place above 0, else the last one, and whether any is: (n, s) -> (n,), (n,)."""
    above = logits > 0
    told = above.any(1)
    return torch.where(told, above.float().argmax(1), logits.shape[1] - 1), told


def _measure_edit_changes(
    verdicts: list[AttributePrediction],
    logits: Tensor,
    k: int,
    is_absent: Tensor,
    feature_distance: Tensor,
) -> EditChange:
    """Of rows `is_absent` (n,) the attribute k: logits (n, s) at rising distances, likeness (m,)."""
    rows = is_absent.nonzero().flatten()
    at = find_first_positive(logits)[0][rows]

    def both(of: str) -> tuple[Tensor, Tensor]:
        every = torch.stack([getattr(v, of) for v in verdicts], 1)
        return every[rows, 0], every[rows, at]

    (p, q), (a, b) = both("others"), both("logits")
    rest = [j for j in range(a.shape[1]) if j != k]
    return EditChange(
        other_attributes=(q - p).abs().mean(1) if p.shape[1] else p.new_zeros(0),
        trained_attributes=(b[:, rest].sigmoid() - a[:, rest].sigmoid()).abs().mean(1)
        if rest
        else a[:0, 0],
        feature_distance=feature_distance,
    )


def _score_edits(
    deltas: tuple[float, ...], logits: Tensor, change: EditChange, what: str
) -> dict[str, Score]:
    """Scores of rows without an attribute: logits (n, s) at rising distances."""
    place, flipped = find_first_positive(logits)
    n, share = len(flipped), flipped.double().mean().item()
    mean = logits.double().mean(0)
    rising = (mean.diff() > 0).double().mean().item()
    curve = {
        "deltas": list(deltas),
        "mean_logit": mean.tolist(),
        "share_told": (logits > 0).double().mean(0).tolist(),
    }
    far = torch.tensor(deltas)[place]
    spread = 100 * sqrt(share * (1 - share) / n)
    scores = {
        "flipped": Score(
            100 * share,
            "%",
            n,
            f"told at some distance; {what}",
            spread,
            BINOMIAL_STANDARD_ERROR,
            detail=curve,
        ),
        "rising": Score(100 * rising, "%", n, f"steps at which the mean logit rises; {what}"),
        "distance": Score(far.median().item(), "", n, f"median, first told or farthest; {what}"),
    }
    rise = (logits.gather(1, place[:, None])[:, 0] - logits[:, 0]).double().mean().item()
    scores["rise"] = Score(rise, "logits", n, f"where first told or farthest; {what}")
    measures = {
        "others changed": (
            100 * change.other_attributes,
            "%",
            "mean change of other probabilities",
        ),
        "asked changed": (
            100 * change.trained_attributes,
            "%",
            "change of the model's other attributes",
        ),
        "likeness lost": (change.feature_distance, "", "1 - cosine of the judge's features"),
    }
    for measure, (each, unit, words) in measures.items():
        if len(each):
            said = f"{words}, where first told or farthest; {what}"
            value = each.double().mean().item()
            scores[measure] = Score(value, unit, n, said, standard_error(each), ROW_STANDARD_ERROR)
    return scores


@final
@dataclass(frozen=True, eq=False)
class LangevinSampleAccuracy:
    """Draws that shall have an attribute, as an independent classifier sees them.

    Attributes:
        space: How the model sees raw rows.
        scorer: The classifier.
        n: Draws of each kind.
        alpha: Of the Langevin chains.
        steps: Of the same.
        seed: Of the draws.
    """

    space: Preprocessor
    _: KW_ONLY
    scorer: AttributeScorer
    n: int = 256
    alpha: float = 0.05
    steps: int = 500
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        device = get_device(method)
        with use_seed(self.seed, device):
            prior = self.scorer(
                quantise_pictures(sample_rows(method, self.space, self.n)), str(device)
            )
        scores: dict[str, Score] = {}
        for k, name in enumerate(self.scorer.attributes):
            told = _score_attribute_share(
                prior.logits[:, k], f"prior samples; {self.describe_protocol()}"
            )
            scores |= {f"{name} in prior samples": told, **self.score_attribute(method, name, k)}
        return scores

    def describe_protocol(self) -> str:
        return f"seed {self.seed}; {self.scorer.protocol}"

    def score_attribute(self, method: object, name: str, k: int) -> dict[str, Score]:
        """Draws of p(z|y), all of them, and those that the model itself tells to be as asked."""
        device, wanted = get_device(method), {name: True}
        settings = {"alpha": self.alpha, "steps": self.steps, "rejecting": False}
        with use_seed(self.seed, device):
            drawn = sample_where(method, self.space, wanted, self.n, **settings)
        good = satisfies_conditions(method, self.space, drawn.x, wanted)
        logits = self.scorer(quantise_pictures(drawn.x), str(device)).logits[:, k]
        chains = f"corrected Langevin chains, alpha {self.alpha:g}, {self.steps} steps"
        rejected = (
            f"{chains}, those rejected that the model tells otherwise; {self.describe_protocol()}"
        )
        every, kept = (
            f"{chains}, none rejected; {self.describe_protocol()}",
            100 * good.double().mean().item(),
        )
        return {
            f"{name} in draws": _score_attribute_share(logits, every),
            f"{name} in draws kept": _score_attribute_share(logits[good], rejected),
            f"{name} kept": Score(kept, "%", self.n, f"told so by the model; {every}"),
            f"{name} acceptance": Score(
                100 * drawn.acceptance, "%", self.n, f"share of proposals taken; {every}"
            ),
            f"{name} effective size": Score(
                drawn.effective_size, "", self.n, f"draws that half a chain is worth; {every}"
            ),
        }


def _score_attribute_share(logits: Tensor, what: str) -> Score:
    """Of pictures (n,) that are told to have an attribute; 0 where there are none."""
    if len(logits) == 0:
        return Score(0.0, "%", 0, f"told to have it; {what}", caution="no picture is left")
    mean = (logits > 0).double().mean().item()
    spread = 100 * sqrt(mean * (1 - mean) / len(logits))
    return Score(
        100 * mean, "%", len(logits), f"told to have it; {what}", spread, BINOMIAL_STANDARD_ERROR
    )
