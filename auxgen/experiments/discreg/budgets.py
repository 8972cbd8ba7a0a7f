"""The plans of discriminative regularisation's experiments, by budget."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Literal, TypeVar

from ..common import RESNET56, Budget
from .plans import ArtefactsPlan, DiscregPlan, ImageSetPlan, LayersPlan, OwnPicturesPlan

PlanKind = TypeVar("PlanKind", bound=DiscregPlan)


def _convert_plan(kind: type[PlanKind], plan: DiscregPlan, **changes: Any) -> PlanKind:
    """A plan of another kind, with the values of the fields that both have."""
    shared = {f.name for f in fields(kind)} & {f.name for f in fields(plan)}
    return kind(**{**{name: getattr(plan, name) for name in shared}, **changes})


_CELEBA_PAPER = ImageSetPlan(
    data="celeba",
    crop=178,
    size=64,
    widths=(32, 64, 128, 256),
    latent=500,
    extractor="features.celeba",
    # it was taught 148 x 148 of the 178 x 178 pixels seen here, 54 of 64
    recognition_crop=27 / 32,
    test_rows=2000,
)
CELEBA: Mapping[Budget, ImageSetPlan] = {
    "cpu": replace(
        _CELEBA_PAPER,
        widths=(16, 32, 96, 192),
        hidden=512,
        latent=128,
        vae_epochs=36,
        batch=50,
        pixel_scale=0.2,
        classifier_hidden=512,
        classifier_epochs=6,
        test_rows=500,
        nll_rows=200,
    ),
    "paper": _CELEBA_PAPER,
}
_CIFAR10_PAPER = ImageSetPlan(
    data="cifar10",
    valid_rows=5000,
    classifier="vgg19",
    extractor=RESNET56,
    widths=(64, 128, 256),
    latent=128,
    test_rows=10_000,
)
CIFAR10: Mapping[Budget, ImageSetPlan] = {
    "cpu": replace(
        _CIFAR10_PAPER,
        widths=(16, 32, 64),
        hidden=256,
        latent=64,
        vae_epochs=6,
        pixel_scale=0.2,
        classifier_width=16,
        classifier_hidden=256,
        classifier_epochs=6,
        test_rows=1000,
        nll_rows=200,
    ),
    "paper": _CIFAR10_PAPER,
}
SVHN: Mapping[Budget, ImageSetPlan] = {
    budget: replace(plan, data="svhn", valid_rows=10_000, extractor=None)
    for budget, plan in CIFAR10.items()
}
FASHION: Mapping[Budget, ImageSetPlan] = {
    budget: replace(
        plan,
        data="fashion_mnist",
        classifier="own",
        extractor="features.fashion_mnist",
        widths=plan.widths[:2],
    )
    for budget, plan in CIFAR10.items()
}
LAYERS: Mapping[Budget, LayersPlan] = {
    "cpu": _convert_plan(
        LayersPlan,
        FASHION["cpu"],
        vae_epochs=1,
        batch=50,
        nll_rows=100,
        classifier_epochs=1,
        classifier_batch=50,
    ),
    "paper": _convert_plan(LayersPlan, FASHION["paper"]),
}
PATTERN: Mapping[Budget, LayersPlan] = {
    "cpu": replace(
        LAYERS["cpu"],
        vae_epochs=0.3,
        classifier_epochs=0.3,
        extractor=None,
        test_rows=500,
        nll_rows=20,
    ),
    "paper": replace(LAYERS["paper"], extractor=None),
}
OWN: Mapping[Literal[32, 64], OwnPicturesPlan] = {
    32: _convert_plan(
        OwnPicturesPlan,
        CIFAR10["cpu"],
        size=32,
        batch=50,
        classifier="own",
        classifier_batch=50,
        extractor=None,
        resize_convolutions=True,
    ),
    64: _convert_plan(
        OwnPicturesPlan,
        CELEBA["cpu"],
        size=64,
        vae_epochs=12,
        classifier_batch=50,
        extractor=None,
        recognition_crop=1.0,
        resize_convolutions=True,
    ),
}
"""By the side of the images in pixels, without the pattern of results/discreg.pattern.json."""
ARTEFACTS: Mapping[Budget, ArtefactsPlan] = {
    "cpu": ArtefactsPlan(
        size=32,
        steps=700,
        lr=5e-3,
        widths=(16,),
        classifier_width=16,
        classifier_hidden=256,
        classifier_epochs=3,
    ),
    "paper": ArtefactsPlan(size=64, steps=2000, lr=1e-3, widths=(16, 32, 64, 128)),
}
