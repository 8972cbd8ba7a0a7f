"""Scores of edits: whether an attribute comes, how far one has to go, and what else changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from math import sqrt
from typing import final

import torch
from torch import Tensor

from ..data.dataset import Examples, Space
from ..features.extractors import quantised
from ..functional.directions import Direction
from ..inference.codes import decoded, embed
from ..inference.conditional import as_wanted, sample_where
from ..inference.editing import Directions, directions, probes
from ..inference.sampling import sample
from ..method import TellsLinearly
from ..rng import device_of, seeded
from ..score import Score
from .judges import Judge, Verdict
from .protocol import BINOMIAL, OVER_ROWS, standard_error

DELTAS = tuple(0.5 * i for i in range(13))
"""Distances from 0 to 6."""


@final
@dataclass(frozen=True, eq=False)
class Edited:
    """Rows without an attribute, moved towards it, as an independent classifier sees them.

    Directions are the model's own where it tells attributes by a linear map of its code, else those
    of linear probes of the codes of `train`. What an edit changes is measured against the
    reconstruction, at each row's own first distance where the attribute is told.

    Attributes:
        train: Raw rows for probes, with attributes.
        test: Raw rows with attributes; those that have none of one, and whose reconstruction is
            not told to have it, are moved towards it.
        space: How the model sees raw rows.
        judge: The classifier.
        split_name: Of `test`.
        ways: Other directions by attribute, for a model; those above where None.
        deltas: Distances, rising from 0.
        most: Rows for each attribute, the first ones.
    """

    train: Examples
    test: Examples
    space: Space
    _: KW_ONLY
    judge: Judge
    split_name: str = "test"
    ways: Directions | None = None
    deltas: tuple[float, ...] = field(default_factory=lambda: DELTAS)
    most: int = 250

    def __call__(self, method: object) -> dict[str, Score]:
        found = (self.ways or partial(directions_of, space=self.space, train=self.train))(method)
        scores: dict[str, Score] = {}
        for k, name in enumerate(self.judge.attributes):
            if name in found:
                scores |= self.towards(method, found[name], k)
        return scores

    def towards(self, method: object, direction: Direction, k: int) -> dict[str, Score]:
        """Scores of an attribute that some rows lack, by "<direction> <score>"."""
        y, name = self.test.answers(), self.judge.attributes[k]
        if not (y[:, k] == 0).any():
            return {}
        rows = self.test[(y[:, k] == 0).nonzero().flatten()[: self.most]]
        z, device = embed(method, self.space, rows.raw()), str(device_of(method))
        pictures = [
            quantised(decoded(method, self.space, direction.moved(z, delta), None))
            for delta in self.deltas
        ]
        verdicts = [self.judge(each, device) for each in pictures]
        logits = torch.stack([v.logits[:, k] for v in verdicts], 1)
        without = logits[:, 0] <= 0
        caution = "" if without.any() else f"every reconstruction is told to have {name}"
        without = without if without.any() else ~without
        along = "the classifier" if isinstance(method, TellsLinearly) else "a linear probe"
        along += direction.name.removeprefix(name)
        what = (
            f"{int(without.sum())} of the first {len(rows)} rows of the {self.split_name} split "
            f"without {name}, their reconstructions told to be so; moved by 0 to "
            f"{self.deltas[-1]:g} in steps of {self.deltas[1]:g} along {along}; "
            f"{self.judge.protocol}"
        )
        place, at = first_told(logits)[0], torch.arange(len(rows))
        ends = (pictures[0], torch.stack(pictures)[place, at])
        features = [self.judge.features(each, device) for each in ends]
        likeness = torch.cosine_similarity(*features, dim=1)[without]
        change = changes(verdicts, logits, k, without, 1 - likeness)
        scores = told(self.deltas, logits[without], change, what)
        scores |= self.ceiling(method, (y[:, k] == 1).nonzero().flatten()[: self.most], k)
        return {
            f"{direction.name} {n}": replace(s, caution=caution or s.caution)
            for n, s in scores.items()
        }

    def ceiling(self, method: object, rows: Tensor, k: int) -> dict[str, Score]:
        """How often the judge tells what is there: in originals, and in their reconstructions."""
        if len(rows) == 0:
            return {}
        raw = self.test[rows].raw()
        back = decoded(method, self.space, embed(method, self.space, raw), None)
        what = f"first {len(rows)} rows of the {self.split_name} split that have it"
        each = {"told of originals": raw, "told of reconstructions": back}
        return {
            name: share(
                self.judge(quantised(pictures), str(device_of(method))).logits[:, k],
                f"{name.removeprefix('told of ')} of the {what}; {self.judge.protocol}",
            )
            for name, pictures in each.items()
        }


def directions_of(method: object, space: Space, train: Examples) -> Mapping[str, Direction]:
    """The model's own, else those of probes."""
    if isinstance(method, TellsLinearly):
        return directions(method, space)
    return probes(method, space, train)


@dataclass(frozen=True, eq=False)
class Change:
    """What an edit changed of m rows, each at its first distance where the attribute is told.

    Rows that never come to be told so are taken at the farthest; (m,) each.

    Attributes:
        others: Mean over the other attributes told, of the change of their probability.
        asked: The same of the other attributes that the model was trained on; empty for one alone.
        likeness: 1 - cosine of features before and after.
    """

    others: Tensor
    asked: Tensor
    likeness: Tensor


def first_told(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The first place above 0, else the last one, and whether any is: (n, s) -> (n,), (n,)."""
    above = logits > 0
    told = above.any(1)
    return torch.where(told, above.float().argmax(1), logits.shape[1] - 1), told


def changes(
    verdicts: list[Verdict], logits: Tensor, k: int, without: Tensor, likeness: Tensor
) -> Change:
    """Of rows `without` (n,) the attribute k: logits (n, s) at rising distances, likeness (m,)."""
    rows = without.nonzero().flatten()
    at = first_told(logits)[0][rows]

    def both(of: str) -> tuple[Tensor, Tensor]:
        every = torch.stack([getattr(v, of) for v in verdicts], 1)
        return every[rows, 0], every[rows, at]

    (p, q), (a, b) = both("others"), both("logits")
    rest = [j for j in range(a.shape[1]) if j != k]
    return Change(
        others=(q - p).abs().mean(1) if p.shape[1] else p.new_zeros(0),
        asked=(b[:, rest].sigmoid() - a[:, rest].sigmoid()).abs().mean(1) if rest else a[:0, 0],
        likeness=likeness,
    )


def told(deltas: tuple[float, ...], logits: Tensor, change: Change, what: str) -> dict[str, Score]:
    """Scores of rows without an attribute: logits (n, s) at rising distances."""
    place, flipped = first_told(logits)
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
            100 * share, "%", n, f"told at some distance; {what}", spread, BINOMIAL, detail=curve
        ),
        "rising": Score(100 * rising, "%", n, f"steps at which the mean logit rises; {what}"),
        "distance": Score(far.median().item(), "", n, f"median, first told or farthest; {what}"),
    }
    rise = (logits.gather(1, place[:, None])[:, 0] - logits[:, 0]).double().mean().item()
    scores["rise"] = Score(rise, "logits", n, f"where first told or farthest; {what}")
    measures = {
        "others changed": (100 * change.others, "%", "mean change of other probabilities"),
        "asked changed": (100 * change.asked, "%", "change of the model's other attributes"),
        "likeness lost": (change.likeness, "", "1 - cosine of the judge's features"),
    }
    for measure, (each, unit, words) in measures.items():
        if len(each):
            said = f"{words}, where first told or farthest; {what}"
            value = each.double().mean().item()
            scores[measure] = Score(value, unit, n, said, standard_error(each), OVER_ROWS)
    return scores


@final
@dataclass(frozen=True, eq=False)
class Demanded:
    """Draws that shall have an attribute, as an independent classifier sees them.

    Attributes:
        space: How the model sees raw rows.
        judge: The classifier.
        n: Draws of each kind.
        alpha: Of the Langevin chains.
        steps: Of the same.
        seed: Of the draws.
    """

    space: Space
    _: KW_ONLY
    judge: Judge
    n: int = 256
    alpha: float = 0.05
    steps: int = 500
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        device = device_of(method)
        with seeded(self.seed, device):
            prior = self.judge(quantised(sample(method, self.space, self.n)), str(device))
        scores: dict[str, Score] = {}
        for k, name in enumerate(self.judge.attributes):
            told = share(prior.logits[:, k], f"prior samples; {self.said()}")
            scores |= {f"{name} in prior samples": told, **self.of(method, name, k)}
        return scores

    def said(self) -> str:
        return f"seed {self.seed}; {self.judge.protocol}"

    def of(self, method: object, name: str, k: int) -> dict[str, Score]:
        """Draws of p(z|y), all of them, and those that the model itself tells to be as asked."""
        device, wanted = device_of(method), {name: True}
        settings = {"alpha": self.alpha, "steps": self.steps, "rejecting": False}
        with seeded(self.seed, device):
            drawn = sample_where(method, self.space, wanted, self.n, **settings)
        good = as_wanted(method, self.space, drawn.x, wanted)
        logits = self.judge(quantised(drawn.x), str(device)).logits[:, k]
        chains = f"corrected Langevin chains, alpha {self.alpha:g}, {self.steps} steps"
        rejected = f"{chains}, those rejected that the model tells otherwise; {self.said()}"
        every, kept = f"{chains}, none rejected; {self.said()}", 100 * good.double().mean().item()
        return {
            f"{name} in draws": share(logits, every),
            f"{name} in draws kept": share(logits[good], rejected),
            f"{name} kept": Score(kept, "%", self.n, f"told so by the model; {every}"),
            f"{name} acceptance": Score(
                100 * drawn.acceptance, "%", self.n, f"share of proposals taken; {every}"
            ),
            f"{name} effective size": Score(
                drawn.effective, "", self.n, f"draws that half a chain is worth; {every}"
            ),
        }


def share(logits: Tensor, what: str) -> Score:
    """Of pictures (n,) that are told to have an attribute; 0 where there are none."""
    if len(logits) == 0:
        return Score(0.0, "%", 0, f"told to have it; {what}", caution="no picture is left")
    mean = (logits > 0).double().mean().item()
    spread = 100 * sqrt(mean * (1 - mean) / len(logits))
    return Score(100 * mean, "%", len(logits), f"told to have it; {what}", spread, BINOMIAL)
