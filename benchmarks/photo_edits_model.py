"""The variational classifier whose edits of photographs photo_edits.py measures.

auxgen train benchmarks/photo_edits_model.py --size 64 --epochs 12 --precision 32 --run runs/all
auxgen train benchmarks/photo_edits_model.py --size 64 --epochs 16 --precision 32 --run runs/faces

the second with --start runs/all --classification-weight 20;
45 minutes of a processor core together.

A VAC (Maggipinto, Terzi & Susto, 2020) in the networks of introvac.eyefacial. It learns glasses,
facial hair and smiles, and whether a face is a man's, so that edits can keep that; first of all
training faces of CelebA, then, from these weights on, of those with glasses or facial hair and as
many without, as the paper's EyeFacial. Faces are mirrored at random. The code has 64 entries where
the paper's has 256, so that beta_reg is a quarter of the paper's: a nat costs as much of the error
of the pixels; beta_CL is doubled, as there are four attributes and not two.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from torch import nn

from auxgen.builders import Recipe
from auxgen.data.attributes import derive_attributes
from auxgen.data.augmentation import flip_randomly
from auxgen.data.batches import LabelledBatches
from auxgen.data.dataset import Dataset, add_fingerprint
from auxgen.data.images import load_image_dataset
from auxgen.engine.settings import Engine, adam
from auxgen.experiments.common import Plan, count_steps, dataset_facts, image_preprocessor
from auxgen.functional.schedules import multistep_decay
from auxgen.model import load
from auxgen.stage import Experiment, Stage

ATTRIBUTES = {
    "Eyeglasses": ("Eyeglasses",),
    "FacialHair": ("not No_Beard", "Goatee", "Mustache"),
    "Smiling": ("Smiling",),
    "Male": ("Male",),
}
WIDTHS = {32: (16, 32, 64), 64: (16, 32, 64, 128)}
"""Channels of the blocks by side of the images in pixels."""


@dataclass(frozen=True, kw_only=True)
class FacesPlan(Plan):
    """A VAC of faces."""

    lr: float = 1e-3
    batch: int = 32
    average: float = 0.99
    epochs: float = 6
    latent: int = 64
    size: int = 32
    classification_weight: float = 10.0


def experiment(
    plan: FacesPlan = FacesPlan(), *, start: Path | None = None, seed: int = 0
) -> Experiment:
    """A VAC of faces with four attributes.

    Args:
        plan: Sizes and training.
        start: Run from whose weights to start, on faces with glasses or facial hair and as many
            without; all faces where there is none.
        seed: Seed of the order and the mirroring.
    """
    train = derive_attributes(load_image_dataset("celeba", "train", size=plan.size), ATTRIBUTES)
    train = train if start is None else select_balanced_faces(train)
    images = {"channels": 3, "size": plan.size, "widths": list(WIDTHS[plan.size])}
    betas = {"reg": 3 * plan.latent / 256, "cl": plan.classification_weight}
    sizes = {"images": {**images, "z": plan.latent}, "attributes": len(ATTRIBUTES)}
    recipe = Recipe("vac", {**sizes, "betas": betas})
    steps = count_steps(len(train), plan.batch, plan.epochs)
    halvings = [round(share * steps) for share in (0.4, 0.6, 0.8)]
    space = replace(image_preprocessor(train), classes=(), attributes=train.attribute_names)
    y = train.require_attributes()

    def initialize_from(method: nn.Module) -> None:
        assert start is not None
        method.load_state_dict(load(start).method.state_dict())

    stage = Stage(
        method=recipe.build(),
        batches=LabelledBatches(train.x, y, plan.batch, seed, flip_randomly),
        engine=Engine(
            steps,
            adam(plan.lr, weight_decay=1e-5),
            learning_rate=partial(multistep_decay, at=halvings, factor=0.5),
            average=plan.average,
        ),
        evaluations={},
        recipe=recipe,
        space=space,
        start=None if start is None else initialize_from,
        data={"train": train},
        facts=dataset_facts(train),
    )
    return {"vac": stage}


def select_balanced_faces(faces: Dataset) -> Dataset:
    """Faces with glasses or facial hair, and as many of the first without either."""
    has = (faces.require_attributes()[:, :2] == 1).any(1)
    without = (~has).nonzero().flatten()[: int(has.sum())]
    rows = has.clone()
    rows[without] = True
    return add_fingerprint(faces[rows])
