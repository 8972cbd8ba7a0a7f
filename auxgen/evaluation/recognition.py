"""What classifiers see in reconstructions: their features layer by layer, and their verdicts."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import final

import torch
from torch import Tensor, nn

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError
from ..features.extractors import quantise_pictures
from ..features.registry import load_extractor
from ..inference.codes import reconstruct_rows
from ..rng import get_device
from ..score import Score
from .conditional_samples import score_recognition
from .protocol import ROW_STANDARD_ERROR, standard_error


@final
@dataclass(frozen=True, eq=False)
class FeatureErrors:
    """Mean squared difference between a row's and its reconstruction's features, by layer.

    Attributes:
        real: Raw pictures.
        space: How the model sees them.
        taps: Raw pictures (b, c, h, w) in [0, 1] -> activations by layer, see `networks.taps`.
        split_name: For the protocol.
    """

    real: Dataset
    space: Preprocessor
    taps: nn.Module
    _: KW_ONLY
    split_name: str = "test"

    def __call__(self, method: object) -> dict[str, Score]:
        device = get_device(method)
        taps = self.taps.to(device).eval()
        pairs = reconstruct_rows(method, self.space, self.real.raw_rows())
        parts = [_measure_feature_errors(taps, pair.to(device)) for pair in pairs.split(128)]
        each = {layer: torch.cat([part[layer] for part in parts]) for layer in parts[0]}
        what = f"reconstructions of {len(self.real)} rows of the {self.split_name} split"
        return {
            f"feature error at {layer}": Score(
                value=error.mean().item(),
                unit="",
                n=len(error),
                protocol=f"mean over units of squared differences at {layer}, mean over {what}",
                spread=standard_error(error),
                spread_is=ROW_STANDARD_ERROR,
            )
            for layer, error in each.items()
        }


@torch.no_grad()
def _measure_feature_errors(taps: nn.Module, pairs: Tensor) -> dict[str, Tensor]:
    """Mean over units of the squared difference: pairs (b, 2, c, h, w) -> (b,) by layer, CPU."""
    wanted, found = taps(pairs[:, 0]), taps(pairs[:, 1].clamp(0, 1))
    return {
        layer: (h - found[layer]).float().square().flatten(1).mean(1).cpu()
        for layer, h in wanted.items()
    }


@final
@dataclass(frozen=True, eq=False)
class RecognitionAccuracy:
    """How often a classifier finds the labels of rows in their reconstructions, and in the rows.

    Attributes:
        real: Raw pictures, with classes or attributes.
        space: How the model sees them.
        extractor: Name of the classifier, see `extractors.extractor`; not one trained with.
        cut: Side in pixels of the square cut from the centre of each picture, where the classifier
            was taught by such; all of it when None.
        split_name: For the protocol.
    """

    real: Dataset
    space: Preprocessor
    _: KW_ONLY
    extractor: str
    cut: int | None = None
    split_name: str = "test"

    def __call__(self, method: object) -> dict[str, Score]:
        y = self.real.y if self.real.attributes is None else self.real.attributes
        known = y >= 0 if y.ndim == 1 else ~y.isnan().all(1)
        if not known.any():
            raise InputError(
                f"No row of the {self.split_name} split is labelled; one or more is wanted."
            )
        rows, found, device = (
            self.real[known],
            load_extractor(self.extractor),
            str(get_device(method)),
        )
        back = quantise_pictures(reconstruct_rows(method, self.space, rows.raw_rows())[:, 1])
        said: dict[str, Score] = {}
        part = "" if self.cut is None else f"the central {self.cut} x {self.cut} pixels of "
        for of, pictures in (("reconstructions", back), ("originals", rows.x)):
            what = f"in {part}the {of} of {len(rows)} rows of the {self.split_name} split"
            shown = pictures if self.cut is None else crop_centre(pictures, self.cut)
            for name, score in score_recognition(found, shown, y[known], device).items():
                told = f"{score.protocol} {what}; {found.protocol}"
                said[f"{name} of {of}"] = replace(score, protocol=told)
        return said


def crop_centre(pictures: Tensor, side: int) -> Tensor:
    """The square in the middle of each picture: (n, c, h, w) -> (n, c, side, side)."""
    down, across = ((length - side) // 2 for length in pictures.shape[2:])
    return pictures[:, :, down : down + side, across : across + side]
