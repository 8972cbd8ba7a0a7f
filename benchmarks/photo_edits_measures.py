"""What edits of faces change: an independent judge, likeness, and where pixels changed.

Pictures are uint8 (n, 3, h, w), faces as CelebA aligns them, cut to the 148 central pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from photo_edits_model import ATTRIBUTES
from torch import Tensor

from auxgen.evaluation.attribute_scorers import compute_any_logit, predict_attribute_logits
from auxgen.features.extractors import Extractor, extract_features
from auxgen.features.pretrained import load_vgg19
from auxgen.features.registry import load_extractor
from auxgen.inference.batched import map_batches
from auxgen.networks.taps import VGG

BOXES: Mapping[str, tuple[float, float, float, float]] = {
    "Eyeglasses": (0.17, 0.38, 0.83, 0.66),
    "FacialHair": (0.22, 0.60, 0.78, 1.00),
    "Smiling": (0.22, 0.55, 0.78, 0.92),
}
"""Where an attribute lives: left, top, right, bottom as shares of the frame, in which the eyes lie
at (0.37, 0.51) and (0.63, 0.51), the corners of the mouth at (0.39, 0.79) and (0.61, 0.79)."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A classifier of CelebA's attributes that took no part in training."""

    extractor: Extractor

    def find(self, pictures: Tensor) -> dict[str, Tensor]:
        """Logits of the edited attributes, (n,) each, and probabilities of "others", (n, m)."""
        logits, names = predict_attribute_logits(self.extractor, pictures, "cpu")
        used = {c.removeprefix("not ") for columns in ATTRIBUTES.values() for c in columns}
        rest = [k for k, name in enumerate(names) if name not in used or name == "Male"]
        found = {a: compute_any_logit(logits, names, columns) for a, columns in ATTRIBUTES.items()}
        return {**found, "others": logits[:, rest].sigmoid()}


@dataclass(frozen=True, eq=False)
class Look:
    """Pictures and what the networks see in them.

    Attributes:
        pictures: uint8 (n, 3, h, w).
        judged: What the judge finds, see `Judge.find`.
        seen: VGG-19's activations at each place of relu3_1 (n, d).
        known: ResNet-56's features, means over places (n, 64).
    """

    pictures: Tensor
    judged: Mapping[str, Tensor]
    seen: Tensor
    known: Tensor

    def __getitem__(self, rows: Tensor) -> Look:
        judged = {name: found[rows] for name, found in self.judged.items()}
        return Look(self.pictures[rows], judged, self.seen[rows], self.known[rows])


@dataclass(frozen=True, eq=False)
class Measures:
    """The judge, and two networks that trained neither it nor the model.

    Attributes:
        vgg: VGG-19 of ImageNet.
        resnet: A classifier of CIFAR-10.
    """

    judge: Judge
    vgg: VGG
    resnet: Extractor

    def look(self, pictures: Tensor) -> Look:
        def see(x: Tensor) -> Tensor:
            return self.vgg(x.float() / 255)["relu3_1"].flatten(1)

        seen = map_batches(see, pictures, device="cpu", batch_size=64)
        known = extract_features(self.resnet, pictures).features
        return Look(pictures, self.judge.find(pictures), seen, known)


def compare(before: Look, after: Look, attribute: str) -> dict[str, Tensor]:
    """What changed from one picture to the other, (n,) each.

    "judged" is whether the judge then sees the attribute; "likeness lost" is 1 - cosine of VGG's
    activations, "(ResNet-56)" of that network's features; "outside" the share of the absolute
    change of pixels that lies outside the attribute's box, NaN where nothing changed; "others
    changed" the mean change of the judge's other probabilities.
    """
    return {
        "judged": (after.judged[attribute] > 0).float(),
        "likeness lost": 1 - F.cosine_similarity(before.seen, after.seen),
        "likeness lost (ResNet-56)": 1 - F.cosine_similarity(before.known, after.known),
        "outside": compute_share_outside(before.pictures, after.pictures, BOXES[attribute]),
        "others changed": (after.judged["others"] - before.judged["others"]).abs().mean(1),
    }


def load_measures(judge: str | Path) -> Measures:
    """The measures by a judge: an extractor's name or folder."""
    resnet = load_extractor("cifar10-resnet56")
    return Measures(Judge(load_extractor(str(judge))), load_vgg19(), resnet)


def compute_share_outside(
    before: Tensor, after: Tensor, box: tuple[float, float, float, float]
) -> Tensor:
    """Share of the absolute change of pixels (n, c, h, w) that lies outside a box: -> (n,)."""
    height, width = before.shape[2:]
    left, top, right, bottom = (
        round(share * side) for share, side in zip(box, (width, height) * 2, strict=True)
    )
    change = (after.float() - before.float()).abs()
    inside = change[:, :, top:bottom, left:right].sum((1, 2, 3))
    return 1 - inside / change.sum((1, 2, 3))


def find_first(found: Tensor) -> Tensor:
    """The first place in each row that is true, -1 where none is: bool (n, s) -> (n,)."""
    return torch.where(found.any(1), found.float().argmax(1), -1)
