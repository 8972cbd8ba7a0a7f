"""How often a judge sees an attribute in edits of one strength, and in what controls change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import NamedTuple, final

import torch
from torch import Tensor

from ..data.attributes import find_rows_by_answer
from ..data.dataset import Dataset, Preprocessor
from ..features.extractors import quantise_pictures
from ..functional.directions import Direction
from ..inference.codes import decode_to_rows, embed_rows
from ..rng import get_device
from ..score import Score
from .attribute_scorers import AttributeScorer
from .edits import find_directions
from .protocol import SplitEvaluation, make_share_score

DISTANCES = tuple(float(d) for d in range(1, 16))
MULTIPLES = tuple(0.5 * i for i in range(1, 11))
"""Of the mean difference of pictures."""
RANDOM_DIRECTIONS = 4

RECONSTRUCTIONS, PHOTOGRAPHS = "edits of reconstructions", "edits of photographs"
RANDOM, MEAN_DIFFERENCE = "random edits", "mean differences"
UNEDITED, UNEDITED_BACK = "photographs", "reconstructions"


class CodedRows(NamedTuple):
    """Raw rows (n, c, h, w), their codes (n, d), and what these decode to."""

    raw: Tensor
    z: Tensor
    back: Tensor


Edit = Callable[[CodedRows, float], Tensor]
"""Rows and a strength -> raw rows."""


@final
@dataclass(frozen=True, eq=False)
class EditRates(SplitEvaluation):
    """Shares of edits in which a classifier that took no part sees an attribute.

    Of each way to edit the least strength is taken at which it is seen in the wanted share of
    validation rows, or the strength at which it is seen most; it is measured on other rows. What is
    edited are reconstructions, or the photographs themselves, to which the difference of decoded
    codes is added. Controls are rows as they are, random directions of the same length, and the
    mean of training rows with the attribute less that of those without, added to photographs,
    which asks for no model. Directions are the model's own, or those of linear probes.

    Attributes:
        train, valid, test: Raw rows with attributes.
        wanted: Share of validation rows.
        max_rows: Rows without an attribute, the first ones, of each of the two splits.
        seed: Seed of the random directions.
    """

    train: Dataset
    valid: Dataset
    test: Dataset
    space: Preprocessor
    _: KW_ONLY
    scorer: AttributeScorer
    wanted: float = 0.9
    max_rows: int = 250
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        directions = find_directions(method, self.space, self.train)
        scores: dict[str, Score] = {}
        for k, name in enumerate(self.scorer.attributes):
            lacking = [find_rows_by_answer(rows, k, 0)[: self.max_rows] for rows in self._splits]
            if name in directions and all(map(len, lacking)) and self._has_both(k):
                pairs = zip(self._splits, lacking, strict=True)
                coded = [self._code_rows(method, rows[at].raw_rows()) for rows, at in pairs]
                found = self._score_attribute(method, directions[name], k, *coded)
                scores |= {f"{name} seen in {what}": score for what, score in found.items()}
        return scores

    @property
    def _splits(self) -> tuple[Dataset, Dataset]:
        return self.valid, self.test

    def _has_both(self, k: int) -> bool:
        return all(len(find_rows_by_answer(self.train, k, answer)) for answer in (0, 1))

    def _code_rows(self, method: object, raw: Tensor) -> CodedRows:
        z = embed_rows(method, self.space, raw)
        return CodedRows(raw, z, decode_to_rows(method, self.space, z, None))

    def _score_attribute(
        self, method: object, own: Direction, k: int, valid: CodedRows, test: CodedRows
    ) -> dict[str, Score]:
        """Scores by what is looked at."""
        device = str(get_device(method))

        def measure_share(pictures: Tensor) -> float:
            logits = self.scorer(quantise_pictures(pictures), device).logits[:, k]
            return (logits > 0).double().mean().item()

        def decode(rows: CodedRows, distance: float, way: Direction = own) -> Tensor:
            return decode_to_rows(method, self.space, way.move(rows.z, distance), None)

        def add_difference(rows: CodedRows, distance: float) -> Tensor:
            return (rows.raw + decode(rows, distance) - rows.back).clamp(0, 1)

        ways: Mapping[str, tuple[Edit, Sequence[float]]] = {
            RECONSTRUCTIONS: (decode, DISTANCES),
            PHOTOGRAPHS: (add_difference, DISTANCES),
            MEAN_DIFFERENCE: (partial(_add_mean, self._compute_mean_difference(k)), MULTIPLES),
        }
        n, scores, strengths = len(test.raw), {}, {}
        rows = f"{self.describe_rows(n)} without it; {self.scorer.protocol}"
        for what, (edit, choices) in ways.items():
            shares = [measure_share(edit(valid, strength)) for strength in choices]
            strengths[what] = choose_strength(choices, shares, self.wanted)
            chosen = f"strength {strengths[what]:g}, chosen on {len(valid.raw)} validation rows"
            detail = {"strengths": list(choices), "share_on_validation": shares}
            share = measure_share(edit(test, strengths[what]))
            scores[what] = make_share_score(share, n, f"{chosen}; {rows}", detail=detail)
        far = strengths[RECONSTRUCTIONS]
        by_chance = [measure_share(decode(test, far, way)) for way in self._draw_directions(own)]
        told = f"mean over {len(by_chance)} random directions, distance {far:g}; {rows}"
        scores[RANDOM] = make_share_score(sum(by_chance) / len(by_chance), n, told)
        for what, pictures in {UNEDITED: test.raw, UNEDITED_BACK: test.back}.items():
            scores[what] = make_share_score(measure_share(pictures), n, rows)
        return scores

    def _compute_mean_difference(self, k: int) -> Tensor:
        """The mean training row with an attribute less that without it: (c, h, w)."""
        each = (
            self.train[find_rows_by_answer(self.train, k, a)].raw_rows().mean(0) for a in (1, 0)
        )
        having, lacking = each
        return having - lacking

    def _draw_directions(self, own: Direction) -> list[Direction]:
        """Directions of no meaning, uniform on the sphere."""
        generator = torch.Generator().manual_seed(self.seed)
        drawn = torch.randn(RANDOM_DIRECTIONS, len(own.vector), generator=generator)
        units = (drawn / drawn.norm(dim=1, keepdim=True)).to(own.vector)
        return [Direction("by chance", vector, own.scale) for vector in units]


def choose_strength(strengths: Sequence[float], shares: Sequence[float], wanted: float) -> float:
    """The first strength whose share is the wanted one or more, else that of the largest share."""
    for strength, share in zip(strengths, shares, strict=True):
        if share >= wanted:
            return strength
    return strengths[max(range(len(shares)), key=shares.__getitem__)]


def _add_mean(difference: Tensor, rows: CodedRows, multiple: float) -> Tensor:
    """Photographs plus a multiple of a mean difference."""
    return (rows.raw + multiple * difference).clamp(0, 1)
