"""One table of methods; every law is tested on every one of them. A new method adds a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import torch

from auxgen.builders import Recipe
from auxgen.data.augmentation import binarise, flip_randomly, identity
from auxgen.data.batches import InMemoryBatches, LabelledBatches, SemiSupervisedBatches
from auxgen.data.dataset import Preprocessor
from auxgen.engine.settings import Engine, adam
from auxgen.method import (
    Bounds,
    Classifies,
    Describes,
    Encodes,
    SamplesConditional,
    Weighs,
    has_ability,
)
from auxgen.stage import BatchStream, Stage

X, K = 6, 3
SIZES = {"x": X, "hidden": [8, 8], "batch_norm": True}
CODED = {"x": X, "hidden": [8, 8], "u": 2}
COUPLINGS = {"transforms": 2, "hidden": [8, 8]}
IMAGES = {"channels": 1, "size": 8, "u": 4, "layout": "plain", "width": 4}
VECTORS = {"kind": "perceptrons", "sizes": {"x": X, "z": 2, "hidden": [8, 8]}}
PICTURES = {
    "kind": "convolutional",
    "sizes": {"channels": 1, "size": 8, "z": 4, "g": [8, 4], "phi": [4, 8]},
}
SPECTRAL = {**PICTURES["sizes"], "spectral_norm": True}
FACES = {"images": {**IMAGES, "layout": "normalised"}}
LIVE = {"skip_below": 0.3}
MODEL = {**SIZES, "classes": K, "z": 2, "alpha": 2.0, "prior_rows": 64}

LAYERED = {"x": X, "hidden": [[8, 8], [6]], "z": [3, 2], "batch_norm": True}
ON_CODES = {"x": X, "hidden": [8], "z": 3, "classes": K, "hidden_above": [8], "prior_rows": 64}


def semi_supervised(corruption: Any = binarise) -> BatchStream:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(64, X, generator=generator)
    y = torch.arange(9) % K
    return SemiSupervisedBatches(
        x[:9], y, x, labelled_batch=6, unlabelled_batch=16, seed=0, corruption=corruption
    )


@dataclass(eq=False)
class UnlabelledOf:
    """The unlabelled rows of a semi-supervised stream."""

    source: BatchStream = field(default_factory=semi_supervised)

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> torch.Tensor:
        return self.source(step, rank, ranks, device).x_unlabelled


def labelled_images() -> BatchStream:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(256, (40, 1, 8, 8), generator=generator, dtype=torch.uint8)
    return LabelledBatches(x, torch.arange(40) % K, batch=16, seed=0, corruption=flip_randomly)


def described_images(blanks: bool = True) -> BatchStream:
    """Images with three attributes, every seventh of them blank."""
    source = labelled_images()
    assert isinstance(source, LabelledBatches)
    y = (torch.arange(120) % 2).float()
    if blanks:
        y[::7] = torch.nan
    return LabelledBatches(source.x, y.reshape(40, 3), batch=16, seed=0)


def images() -> BatchStream:
    source = labelled_images()
    assert isinstance(source, LabelledBatches)
    return InMemoryBatches(source.x, batch=16, seed=0)


def labelled_rows() -> BatchStream:
    x = torch.rand(64, X, generator=torch.Generator().manual_seed(0))
    return LabelledBatches(x, torch.arange(64) % K, 16, 0)


@dataclass(frozen=True)
class Law:
    """A method small enough to test."""

    recipe: Recipe
    batches: Callable[[], BatchStream] = semi_supervised
    shape: tuple[int, ...] = (X,)
    seen: tuple[int, ...] | None = None
    """Shape of what it classifies and encodes, where that is not what it learns from."""


METHODS = {
    "vae": Law(Recipe("vae", {**SIZES, "z": 2}), UnlabelledOf),
    "vae_gaussian": Law(
        Recipe("vae", {**SIZES, "z": 2, "likelihood": "gaussian_scalar"}), UnlabelledOf
    ),
    "m2": Law(Recipe("m2", MODEL)),
    "adgm": Law(Recipe("adgm", {**MODEL, "a": 2})),
    "adgm_a_sees_x": Law(Recipe("adgm", {**MODEL, "a": 2, "a_sees_x": True, "samples": 3})),
    "sdgm": Law(Recipe("sdgm", {**MODEL, "a": 2, "warm_up": 5})),
    "sdgm_gaussian": Law(
        Recipe("sdgm", {**MODEL, "a": 2, "likelihood": "gaussian", "batch_norm": False}),
        lambda: semi_supervised(identity),
    ),
    "sdgm_marginal": Law(Recipe("sdgm", {**MODEL, "a": 2, "labelled_bound": "marginal"})),
    "m2_marginal": Law(Recipe("m2", {**MODEL, "labelled_bound": "marginal"})),
    "sdgm_summed": Law(Recipe("sdgm", {**MODEL, "a": 2, "samples": 2, "classes_summed": 2})),
    "m2_summed": Law(Recipe("m2", {**MODEL, "classes_summed": 2})),
    "sdgm_live": Law(
        Recipe("sdgm", {**MODEL, "a": 2, "samples": 2, "labelled_bound": "marginal", **LIVE})
    ),
    "adgm_live": Law(Recipe("adgm", {**MODEL, "a": 2, "a_sees_x": True, **LIVE})),
    "m2_live": Law(Recipe("m2", {**MODEL, "samples": 2, **LIVE})),
    "classifier": Law(Recipe("classifier", {**SIZES, "classes": K, "prior_rows": 9})),
    "adgm_deterministic": Law(Recipe("adgm_deterministic", {**MODEL, "a": 2})),
    "adgm_uninformed": Law(Recipe("adgm_uninformed", {**MODEL, "a": 2})),
    "iwae": Law(Recipe("iwae", {**LAYERED, "k": 4}), UnlabelledOf),
    "avae": Law(Recipe("avae", {**LAYERED, "a": [2, 3], "warm_up": 5}), UnlabelledOf),
    "avae_a_sees_x": Law(Recipe("avae", {**LAYERED, "a": [2, 3], "a_sees_x": True}), UnlabelledOf),
    "avae_uninformed": Law(Recipe("avae_uninformed", {**LAYERED, "a": [2, 3]}), UnlabelledOf),
    "auxiliary_fit": Law(Recipe("auxiliary_fit", {"z": X, "a": 2, "spread": 0.5, "cooling": 4})),
    "m1_classifier": Law(Recipe("m1_classifier", ON_CODES)),
    "m1_m2": Law(Recipe("m1_m2", {**ON_CODES, "z_above": 2, "alpha": 2.0})),
    "image_classifier": Law(
        Recipe("image_classifier", {"channels": 1, "classes": K, "blocks": 1, "width": 4}),
        labelled_images,
    ),
    "attribute_classifier": Law(
        Recipe("attribute_classifier", {"channels": 1, "attributes": 3, "blocks": 1, "width": 4}),
        described_images,
    ),
    "flow": Law(Recipe("flow", {"x": X, "sizes": COUPLINGS}), UnlabelledOf),
    "informative_encoder": Law(Recipe("informative_encoder", CODED), UnlabelledOf),
    "vae_asl": Law(Recipe("vae_asl", {**CODED, "sizes": COUPLINGS}), UnlabelledOf),
    "mi_asl_additive_l1": Law(
        Recipe("mi_asl", {**CODED, "kind": "additive", "sizes": COUPLINGS, "l1": True}),
        UnlabelledOf,
    ),
    "mi_asl_mixture": Law(
        Recipe("mi_asl", {**CODED, "kind": "mixture", "sizes": {"components": 3}, "noise": 1.0}),
        UnlabelledOf,
    ),
    "conditional_asl": Law(
        Recipe("conditional_asl", {**CODED, "classes": K, "kind": "spline", "sizes": COUPLINGS}),
        labelled_rows,
    ),
    "two_stage_vae": Law(
        Recipe("two_stage_vae", {"x": X, "hidden": [8, 8], "z": 2, "sizes": {"hidden": [8, 8]}}),
        UnlabelledOf,
    ),
    "image_vae": Law(Recipe("image_vae", {"images": IMAGES}), images, (1, 8, 8)),
    "image_vae_normalised": Law(
        Recipe("image_vae", {**FACES, "learned": False}), images, (1, 8, 8)
    ),
    "image_two_stage_vae": Law(
        Recipe("image_two_stage_vae", {**FACES, "sizes": {"hidden": [8]}}), images, (1, 8, 8)
    ),
    "image_informative_encoder": Law(
        Recipe("image_informative_encoder", {"images": IMAGES}), images, (1, 8, 8)
    ),
    "image_vae_asl": Law(
        Recipe("image_vae_asl", {"images": IMAGES, "sizes": COUPLINGS}), images, (1, 8, 8)
    ),
    "image_mi_asl_normalised": Law(
        Recipe("image_mi_asl", {**FACES, "sizes": COUPLINGS}), images, (1, 8, 8)
    ),
    "image_conditional_asl": Law(
        Recipe("image_conditional_asl", {"images": IMAGES, "classes": K, "sizes": COUPLINGS}),
        labelled_images,
        (1, 8, 8),
    ),
    "image_conditional_asl_attributes": Law(
        Recipe("image_conditional_asl", {**FACES, "attributes": 3, "sizes": COUPLINGS}),
        lambda: described_images(blanks=False),
        (1, 8, 8),
    ),
    "gan": Law(Recipe("gan", VECTORS), UnlabelledOf),
    "feature_matching": Law(
        Recipe("gan", {**VECTORS, "adversarial": 0.0, "matching": 1.0}), UnlabelledOf
    ),
    "denoising_gan": Law(
        Recipe("denoising_gan", {**VECTORS, "denoiser": [8], "history": 0.1, "annealed": 5}),
        UnlabelledOf,
    ),
    "denoising_gan_of_images": Law(
        Recipe("denoising_gan", {**PICTURES, "denoiser": [8, 8], "matching": 1.0, "l1": True}),
        images,
        (1, 8, 8),
    ),
    "spectral_gan_of_images": Law(
        Recipe(
            "denoising_gan",
            {**PICTURES, "sizes": SPECTRAL, "denoiser": [8], "norm": "running"},
        ),
        images,
        (1, 8, 8),
    ),
}

RESIDUAL = {"channels": 1, "size": 8, "widths": [4], "z": 3}
METHODS |= {
    "vac": Law(Recipe("vac", {"images": RESIDUAL, "attributes": 3}), described_images, (1, 8, 8)),
    "introvac": Law(
        Recipe("introvac", {"images": RESIDUAL, "attributes": 3}), described_images, (1, 8, 8)
    ),
    "introvac_summed": Law(
        Recipe(
            "introvac",
            {"images": RESIDUAL, "attributes": 3, "summed": True, "error": "squared"},
        ),
        described_images,
        (1, 8, 8),
    ),
    "residual_vae": Law(Recipe("residual_vae", {"images": RESIDUAL}), images, (1, 8, 8)),
}

STACKED = {"channels": 1, "size": 8, "z": 3, "widths": [2, 4], "hidden": 6}
CLASSIFIER = {"channels": 1, "size": 8, "classes": K, "width": 2, "hidden": 4}
JUDGE = {
    "builder": "stacked_classifier",
    "arguments": CLASSIFIER,
    "space": {"kind": "images", "shape": (1, 8, 8), "flat": False},
}
JUDGED = {"images": STACKED, "classifier": JUDGE, "layers": ["convolutions.norm2"]}
METHODS |= {
    "stacked_classifier": Law(Recipe("stacked_classifier", CLASSIFIER), labelled_images),
    "stacked_vae": Law(Recipe("stacked_vae", {"images": STACKED}), images, (1, 8, 8)),
    "stacked_discriminative_vae": Law(
        Recipe("stacked_discriminative_vae", JUDGED), images, (1, 8, 8)
    ),
    "stacked_discriminative_vae_decoder_alone": Law(
        Recipe("stacked_discriminative_vae", {**JUDGED, "encoder_grad": False}), images, (1, 8, 8)
    ),
    "stacked_adjusted_vae": Law(
        Recipe("stacked_adjusted_vae", {"images": STACKED}), images, (1, 8, 8)
    ),
    "stacked_feature_autoencoder": Law(
        Recipe("stacked_feature_autoencoder", {**JUDGED, "blur": 1.0}), images, (1, 8, 8)
    ),
    "image_asl_given": Law(
        Recipe("image_asl_given", {"images": IMAGES, "given": JUDGE, "sizes": COUPLINGS}),
        images,
        (1, 8, 8),
    ),
}
METHODS |= {
    "feature_model": Law(
        Recipe(
            "feature_model",
            {
                "network": "efficientnet-lite0",
                "width": 1280,
                "components": X,
                "model": {"builder": "m2", "arguments": {**MODEL, "likelihood": "gaussian"}},
            },
        ),
        lambda: semi_supervised(identity),
        seen=(3, 16, 16),
    )
}

SAMPLE = (
    *("vae", "sdgm", "mi_asl_mixture", "image_conditional_asl", "denoising_gan", "introvac"),
    *("attribute_classifier", "stacked_discriminative_vae", "feature_model"),
)
"""One method of each kind, by the moves of its game and what its networks keep."""


def mark_all_but_a_sample() -> list[Any]:
    """Every method as a parameter of a test: the sample is fast, the others are slow."""
    marks = {name: () if name in SAMPLE else pytest.mark.slow for name in METHODS}
    return [pytest.param(name, marks=mark) for name, mark in marks.items()]


@cache
def list_abilities(name: str) -> frozenset[type]:
    """The Protocols that a method of the table has."""
    method = METHODS[name].recipe.build()
    protocols = (Bounds, Classifies, Describes, Encodes, SamplesConditional, Weighs)
    return frozenset(p for p in protocols if has_ability(method, p))


def stage(name: str, steps: int = 6, **engine: Any) -> Stage:
    """A method's stage with weights that depend on its name alone."""
    law = METHODS[name]
    torch.manual_seed(1)
    settings = {"max_grad_norm": 5.0, "recalibration": 3, "log_every": 2, **engine}
    return Stage(
        method=law.recipe.build(),
        batches=law.batches(),
        engine=Engine(steps, adam(1e-2), **settings),
        recipe=law.recipe,
        space=Preprocessor(
            kind="points", shape=law.shape, flat=len(law.shape) == 1, classes=tuple("abc")
        ),
    )


def make_rows(name: str, n: int) -> torch.Tensor:
    """Rows that a method classifies and encodes: (n, ...), as it sees them."""
    law = METHODS[name]
    if law.seen is not None:
        return torch.rand(n, *law.seen, generator=torch.Generator().manual_seed(0))
    batch = law.batches()(0, 0, 1, "cpu")
    x = batch if isinstance(batch, torch.Tensor) else batch[0]
    return x.float()[:n] / (255 if x.dtype == torch.uint8 else 1)


def experiment(*, seed: int = 0, method: str = "sdgm", steps: int = 6) -> dict[str, Stage]:
    """One stage of a method of the table.

    Args:
        seed: Of the run.
        method: Its name in the table.
        steps: Rounds to play.
    """
    del seed
    return {method: stage(method, steps)}
