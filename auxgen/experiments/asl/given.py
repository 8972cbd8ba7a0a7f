"""ASL on an encoder that is given, without a decoder to start from (ASL, section 3.3).

    auxgen train asl.given --encoder features.fashion_mnist --run runs/given
    auxgen train asl.given --encoder runs/vae --data my_photos --run runs/given
    auxgen reproduce asl.given

The encoder is any trained model of images: a run's or an artefact's folder, or an extractor of the
family features. Its features are the codes, or codes drawn where it has none.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ...builders import Recipe
from ...builders.asl_images import Layout
from ...data.batches import InMemoryBatches
from ...data.dataset import Preprocessor
from ...errors import require_at_least
from ...features.trained import load_model_for_rows
from ...method import Encodes, Extracts, Method, require
from ...methods.asl import ImplicitASL
from ...model import Model
from ...networks.densities import DensityKind
from ...networks.encoders import fit_whitening
from ...networks.pretrained_encoder import PretrainedEncoder
from ...stage import Experiment, Stage
from ..common import Reproduction, TableRow
from ..registry import list_extractors as trained_extractors
from ._image_pictures import AslImagePictures
from ._image_scores import AslImageEvaluations
from ._images import ImageSplits, load_asl_image_splits, make_asl_image_engine
from ._tables import format_fd_name


def experiment(
    *,
    encoder: str,
    seed: int = 0,
    data: str = "fashion_mnist",
    u: int = 32,
    layout: Layout = "plain",
    width: int = 16,
    epochs: float = 18.0,
    lr: float = 2e-3,
    batch: int = 128,
    density: DensityKind = "affine",
    transforms: int = 8,
    extractor: str | None = None,
    held_out: int = 0,
) -> Experiment:
    """One stage: a density of the encoder's codes, and a generator that starts from nothing.

    Args:
        encoder: A folder of a run or artefact, or features.SET, which is trained on first use.
        seed: Of the initialisation and the order.
        data: Name, hub id or folder of square images, of the shape that the encoder sees.
        u: Directions of its codes that are kept, those of largest variance.
        layout: Of the generator: plain, or normalised.
        width: Channels of its last convolution but one.
        epochs: Passes over the training images.
        lr: Highest learning rate of Adam.
        batch: Images in a batch.
        density: Of the codes: affine, additive or spline.
        transforms: Couplings of the density.
        extractor: In whose features distances are taken; features.DATA where there is one.
        held_out: Last training images measured in place of the test images, for choices.
    """
    require_at_least(2, batch=batch)
    require_at_least(1, u=u, transforms=transforms)
    rows = load_asl_image_splits(data, held_out)
    found = _load_given_encoder(encoder, rows)
    channels, size, _ = rows.train.x.shape[1:]
    images = {"channels": channels, "size": size, "u": u, "layout": layout, "width": width}
    told = {key: found.config[key] for key in ("builder", "arguments", "space")}
    fit = {"kind": density, "sizes": {"transforms": transforms, "hidden": [64, 64]}}
    recipe = Recipe("image_asl_given", {"images": images, "given": told, **fit})
    named = f"features.{data}"
    known = extractor or (named if named in trained_extractors() else None)
    return {
        "asl": _build_given_encoder_stage(
            rows, recipe, found, known, epochs=epochs, lr=lr, batch=batch, seed=seed
        )
    }


def _load_given_encoder(encoder: str, rows: ImageSplits) -> Model:
    """The encoder's model.

    Raises:
        InputError: There is none, it has no codes, or it sees images of another shape.
    """
    found = load_model_for_rows(encoder, rows.train)
    if not isinstance(found.method, Extracts):
        require(found.method, Encodes)
    return found


def _build_given_encoder_stage(
    rows: ImageSplits,
    recipe: Recipe,
    encoder: Model,
    extractor: str | None,
    *,
    epochs: float,
    lr: float,
    batch: int,
    seed: int,
) -> Stage:
    train, test = rows.train, rows.test
    space = Preprocessor(
        kind="images", shape=tuple(train.x.shape[1:]), flat=False, classes=train.classes
    )
    steps = round(epochs * len(train) / batch)
    x = space.transform(train[:5000].raw_rows())
    measured = AslImageEvaluations(train, test, space, rows.split_name, extractor, resamplings=5)
    shown = AslImagePictures(test, space, n_codes=0, methods={})
    return Stage(
        method=recipe.build(),
        batches=InMemoryBatches(train.x, batch, seed),
        engine=make_asl_image_engine(steps, lr),
        evaluations=measured.make_evaluations("given"),
        recipe=recipe,
        space=space,
        start=partial(_initialize_from_encoder, weights=encoder.method.state_dict(), x=x),
        pictures=shown.make_pictures("given"),
        data={"train": train, "test": test},
        facts={"data": train.name, "fingerprint": train.fingerprint, "encoder": encoder.name},
    )


def _initialize_from_encoder(method: Method, *, weights: dict[str, Any], x: Tensor) -> None:
    """The encoder's weights, and the directions of its codes of x (n, c, h, w)."""
    assert isinstance(method, ImplicitASL)
    network = method.q_u.network
    assert isinstance(network, nn.Sequential)
    codes, directions = network.eval()
    assert isinstance(codes, PretrainedEncoder)
    assert isinstance(directions, nn.Linear)
    codes.method.load_state_dict(weights)
    device = directions.weight.device
    with torch.no_grad():
        fit_whitening(directions, torch.cat([codes(part.to(device)) for part in x.split(500)]))


SEEDS = 3


def reproduction(budget: str) -> Reproduction:
    """Codes of a classifier; both budgets are the same."""
    del budget
    row = TableRow(
        "ASL on a classifier's features",
        "asl.given",
        {
            "FD of samples, not FID": f"asl/{format_fd_name('fashion_mnist')}",
            "10-NN accuracy of codes": "asl/knn_accuracy",
            "PSNR of reconstructions": "asl/psnr",
        },
        {"encoder": "features.fashion_mnist"},
    )
    return Reproduction("ASL of Fashion-MNIST on an encoder without a decoder", [row])
