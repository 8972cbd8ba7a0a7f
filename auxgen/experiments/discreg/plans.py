"""How large the experiments' networks are, and how they are trained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...errors import InputError, require_at_least
from ..common import NOT_AN_OPTION, Plan

WORDS: Mapping[str, str] = {
    "classifier_width": "Channels of the first convolution of an own classifier.",
    "classifier_hidden": "Units in the dense layer of an own classifier.",
    "classifier_epochs": "Passes of an own classifier over the training rows.",
    "classifier_lr": "Highest learning rate of an own classifier.",
    "classifier_batch": "Rows in a batch of an own classifier.",
    "resize_convolutions": "Double the decoder's maps by repetition, where the authors have "
    "transposed convolutions, which leave a pattern of two pixels.",
    "classifier_layers": "Layers of the classifier to regularise by, dotted names; when not "
    "given, its usual ones.",
    "layer_weights": "Weight of each layer; when not given, 1 for all, as in the paper.",
    "encoder_grad": "Let the encoder learn from the classifier too.",
    "crop": "Side in pixels of the square that is cut from the images' centres first; when not "
    "given, as the data set has it.",
    "pixel_scale": "Standard deviation of every entry of p(x|z) at the start.",
    "feature_scale": "Standard deviation of every entry of p(d_l(x)|z) at the start.",
    "nll_rows": "Rows of each split whose likelihood is measured, no more than test_rows.",
    "recognition_crop": "Side of the central square in which the extractor looks for classes, "
    "as a share of the picture's, where it was taught pictures cut closer; 1 for all of it.",
    "adjusted": "Adjust the VAEs to codes of the prior as well, as for the paper's figures.",
    "adjusting_epochs": "Passes in which the encoder adapts to the adjusted batch norm.",
    "adjusting_batches": "Batches of 500 codes that adjusted batch norm is estimated from.",
    "blur": "Standard deviation of the blur, in places of the layer.",
}


@dataclass(frozen=True, kw_only=True)
class DiscregPlan(Plan):
    """A model of images, and the classifier that is trained in the run to regularise it.

    The defaults are those of the authors' code for faces.
    """

    lr: float = 2e-3
    batch: int = 100
    widths: tuple[int, ...]
    hidden: int = 1000
    latent: int
    classifier_width: int = 32
    classifier_hidden: int = 1000
    classifier_epochs: float = 50
    classifier_lr: float = 2e-3
    classifier_batch: int = 100
    classifier_pooled: bool = field(default=False, metadata=NOT_AN_OPTION)
    resize_convolutions: bool = False


@dataclass(frozen=True, kw_only=True)
class VaeComparisonPlan(DiscregPlan):
    """VAEs with and without regularisation, measured in the same protocol."""

    vae_epochs: float = 75
    scale_epochs: float = 1.0
    pixel_scale: float = 1.0
    feature_scale: float = 1.0
    extractor: str | None = None
    recognition_crop: float = 1.0
    test_rows: int
    nll_rows: int = 2000
    importance_samples: int = 100

    def check(self) -> None:
        """Refuse sizes that no VAE can have.

        Raises:
            InputError: One is too small, or the crop is no share.
        """
        require_at_least(2, batch=self.batch)  # batch norm needs two rows
        widths, crop = min(self.widths, default=0), self.recognition_crop
        require_at_least(1, latent=self.latent, widths=widths, test_rows=self.test_rows)
        if not 0 < crop <= 1:
            raise InputError(f"recognition_crop is {crop}; expected a share above 0, 1 at most.")


@dataclass(frozen=True, kw_only=True)
class LayersPlan(VaeComparisonPlan):
    """VAEs regularised by different layers and weights of the same classifier."""

    data: str
    size: int | None = None
    valid_rows: int


@dataclass(frozen=True, kw_only=True)
class RegularisedPlan(VaeComparisonPlan):
    """A VAE, the same regularised by any classifier, and both adjusted to codes of the prior."""

    classifier: str = "own"
    classifier_layers: tuple[str, ...] = ()
    layer_weights: tuple[float, ...] = ()
    encoder_grad: bool = True
    adjusted: bool = True
    adjusting_epochs: float = 1.0
    adjusting_batches: int = 30


@dataclass(frozen=True, kw_only=True)
class ImageSetPlan(RegularisedPlan):
    """The comparison on a known set of images."""

    data: str
    valid_rows: int = 0
    crop: int | None = None
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class OwnPicturesPlan(RegularisedPlan):
    """The comparison on a person's own images."""

    label: str | None = None
    size: Literal[32, 64]
    least_steps: int = 1500
    stop_early: int = 4
    test_fraction: float = 0.1


@dataclass(frozen=True, kw_only=True)
class ArtefactsPlan(DiscregPlan):
    """Autoencoders of a few images that know them through a classifier's layer alone."""

    data: str = "celeba"
    crop: int | None = 178
    size: int | None
    train_rows: int = 100
    steps: int
    hidden: int = 500
    latent: int = 256
    classifier: str = "own"
    classifier_layers: tuple[str, ...] = ("convolutions.relu2",)
    blur: float = 1.0
