"""How large the residual networks are, and how they are trained."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..common import Plan

WORDS: Mapping[str, str] = {
    "blocks": "Blocks in each of three stages; the network has 6 blocks + 2 layers.",
    "shift": "Pixels by which training moves an image at most, each way.",
}


@dataclass(frozen=True, kw_only=True)
class FeaturesPlan(Plan):
    """A residual network on images with classes; its features are four times its width.

    The learning rate is the highest: it rises over a fifth of the steps, then falls to zero.
    """

    epochs: float
    lr: float = 1e-2
    batch: int = 64
    average: float = 0.99
    blocks: int = 1
    width: int = 16
    shift: int = 0
    flip: bool = False


@dataclass(frozen=True, kw_only=True)
class FaceFeaturesPlan(FeaturesPlan):
    """A residual network on the attributes of faces."""

    size: int | None


@dataclass(frozen=True, kw_only=True)
class OwnFeaturesPlan(FeaturesPlan):
    """A residual network on a person's own labelled images."""

    label: str | None = None
    size: int | None = None
    least_steps: int = 300
    stop_early: int = 0
    test_fraction: float = 0.2


DIGITS = FeaturesPlan(epochs=30, shift=1)
MNIST = FeaturesPlan(epochs=4, batch=128, shift=2)
FASHION_MNIST = FeaturesPlan(epochs=5, batch=128, flip=True)
CIFAR10 = FeaturesPlan(epochs=8, batch=128, blocks=2, shift=4, flip=True)
CELEBA = FaceFeaturesPlan(epochs=6, blocks=2, flip=True, size=64)
# a step costs a quarter of one at 64 x 64, so that there are more of them
CELEBA_32 = replace(CELEBA, epochs=16, size=32)
OWN = OwnFeaturesPlan(epochs=20, shift=2)
