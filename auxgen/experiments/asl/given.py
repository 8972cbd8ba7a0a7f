"""ASL on an encoder that is given, without a decoder to start from (ASL, section 3.3).

    auxgen train asl.given --encoder features.fashion_mnist --run runs/given
    auxgen train asl.given --encoder runs/vae --data my_photos --run runs/given
    auxgen reproduce asl.given

The encoder is any trained model of images: the folder of a run or an artefact, or an extractor of
the family features. Its features are the codes, or codes drawn from it where it has no features.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ...builders import Recipe
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset
from ...errors import require_at_least
from ...features.trained import load_model_for_rows
from ...method import Encodes, Extracts, Method, require
from ...methods.asl import ImplicitASL
from ...model import Model
from ...networks.encoders import PretrainedEncoder, fit_whitening
from ...stage import Experiment, Stage
from ..common import choose_extractor, count_steps, dataset_facts, raise_epochs
from ..early_stopping import hold_out_rows, stop_stages_early
from .evaluations import make_image_evaluations
from .pictures import AslImagePictures
from .plans import ASL_GIVEN_PLAN, AslGivenPlan
from .stages import (
    load_asl_image_splits,
    make_asl_image_engine,
    make_coupling_sizes,
    make_image_sizes,
)


def experiment(plan: AslGivenPlan = ASL_GIVEN_PLAN, *, encoder: str, seed: int = 0) -> Experiment:
    """A density of the encoder's codes, and a generator that starts from nothing.

    The directions of largest variance of its codes are kept, as many as the code is wide.
    """
    require_at_least(2, batch=plan.batch)
    require_at_least(1, latent=plan.latent, transforms=plan.transforms)
    splits = load_asl_image_splits(plan.data, plan.held_out_rows, plan.size)
    train, held_out = hold_out_rows(splits.train, plan.stop_early, seed)
    splits = replace(splits, train=train)
    test, space = splits.test, splits.space
    given = _load_given_encoder(encoder, train)
    recipe = _make_given_encoder_recipe(train, plan, given)
    x = space.transform(train[:5000].raw_rows())
    extractor = choose_extractor(plan.extractor, plan.data)
    epochs = raise_epochs(plan.epochs, len(train), plan.batch, plan.least_steps)
    stage = Stage(
        method=recipe.build(),
        batches=InMemoryBatches(train.x, plan.batch, seed),
        engine=make_asl_image_engine(plan, count_steps(len(train), plan.batch, epochs)),
        evaluations=make_image_evaluations(splits, extractor, resamplings=5)["given"],
        recipe=recipe,
        space=space,
        start=partial(_initialize_from_given, weights=given.method.state_dict(), x=x),
        pictures=AslImagePictures(test, space, n_codes=0, methods={}).make_pictures("given"),
        data={"train": train, "test": test},
        facts=dataset_facts(train, encoder=given.name),
    )
    return stop_stages_early({"asl": stage}, held_out, plan.stop_early)


def _load_given_encoder(encoder: str, rows: Dataset) -> Model:
    """The encoder's model."""
    model = load_model_for_rows(encoder, rows)
    if not isinstance(model.method, Extracts):
        require(model.method, Encodes)
    return model


def _make_given_encoder_recipe(train: Dataset, plan: AslGivenPlan, encoder: Model) -> Recipe:
    """ASL on this encoder, which is a part of it."""
    given = {key: encoder.config[key] for key in ("builder", "arguments", "space")}
    fitted = {"kind": plan.density, "sizes": make_coupling_sizes(plan.transforms, (64, 64))}
    images = make_image_sizes(train, plan)
    return Recipe("image_asl_given", {"images": images, "given": given, **fitted})


def _initialize_from_given(method: Method, *, weights: dict[str, Any], x: Tensor) -> None:
    """Take the encoder's weights, and the directions of its codes of x (n, c, h, w)."""
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
