"""Images with and without discriminative regularisation: known sets, and your own.

    auxgen train discreg.celeba --run runs/faces
    auxgen train discreg.celeba --run runs/faces --budget paper --device cuda
    auxgen train discreg.cifar10 --run runs/cifar10
    auxgen train discreg.own --data FOLDER --classifier vgg19 --run runs/mine
    auxgen reproduce discreg.table2 --budget paper --device cuda

Faces of CelebA at 64 x 64 (table 2, figures 4 to 6): the classifier tells the 40 attributes. At the
paper's budget it and the VAE, their optimiser, batches and epochs are those of the authors' code;
docs/papers/discreg.md says what is not. Another network, features.celeba, measures reconstructions.

CIFAR-10 (figure 2) and SVHN (figure 3, whose last 10,000 training images are for validation as the
authors have it, and whose extra images are left out): the classifier is VGG-19 with mean pooling,
at three of its layers; in AUXGEN_WEIGHTS the weights normalised by activation that the authors
used, else the hub's of ImageNet. The paper names neither the layers nor the VAE's size. The
networks of the faces stand in, with one halving less.

Clothes are not in the paper: the classifier is the authors', trained on the same images.

Your own are a folder of images: class folders, or a metadata.csv with a label column or columns of
0 and 1, any of them with blanks. A classifier learns from those that are known; VGG-19 needs none.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from ...data import folders, images, user
from ...data.dataset import Dataset
from ...data.labels import find_labelled_rows
from ...errors import InputError
from ...stage import Experiment
from ..common import Budget, raise_epochs
from ..early_stopping import stop_stages_early
from .budgets import CELEBA, CIFAR10, FASHION, OWN, SVHN
from .plans import ImageSetPlan, OwnPicturesPlan
from .stages import build_regularised_stages


def make_celeba_plan(
    budget: Budget = "cpu",
    data: str = CELEBA["cpu"].data,
    extractor: str | None = CELEBA["cpu"].extractor,
) -> ImageSetPlan:
    """The plan of faces; pictures are cut for the classifier that was taught closer ones alone."""
    usual = CELEBA[budget]
    crop = usual.recognition_crop if (data, extractor) == (usual.data, usual.extractor) else 1.0
    return replace(usual, data=data, extractor=extractor, recognition_crop=crop)


def make_cifar10_plan(budget: Budget = "cpu") -> ImageSetPlan:
    """The plan of CIFAR-10."""
    return CIFAR10[budget]


def make_svhn_plan(budget: Budget = "cpu") -> ImageSetPlan:
    """The plan of SVHN."""
    return SVHN[budget]


def make_fashion_plan(budget: Budget = "cpu") -> ImageSetPlan:
    """The plan of Fashion-MNIST."""
    return FASHION[budget]


def make_own_plan(size: Literal[32, 64] = 32) -> OwnPicturesPlan:
    """The plan of images of that side: networks as for CIFAR-10, or as for faces."""
    return OWN[size]


def celeba(plan: ImageSetPlan = CELEBA["cpu"], *, seed: int = 0) -> Experiment:
    """A VAE of faces, the same regularised by a classifier, and both with adjusted batch norm."""
    splits = load_square_splits(plan.data, plan.valid_rows, crop=plan.crop, size=plan.size)
    return build_regularised_stages(splits, plan, seed)


def cifar10(plan: ImageSetPlan = CIFAR10["cpu"], *, seed: int = 0) -> Experiment:
    """A VAE of CIFAR-10, the same regularised by VGG-19, and both with adjusted batch norm."""
    return celeba(plan, seed=seed)


def svhn(plan: ImageSetPlan = SVHN["cpu"], *, seed: int = 0) -> Experiment:
    """A VAE of SVHN, the same regularised by VGG-19, and both with adjusted batch norm."""
    return celeba(plan, seed=seed)


def fashion(plan: ImageSetPlan = FASHION["cpu"], *, seed: int = 0) -> Experiment:
    """A VAE of clothes, the same regularised by a classifier, and both with adjusted batch norm."""
    return celeba(plan, seed=seed)


def own(plan: OwnPicturesPlan = OWN[32], *, data: Path, seed: int = 0) -> Experiment:
    """A VAE of your images, the same regularised by a classifier, and both adjusted.

    The plan's passes are as many more as the fewest rounds of a VAE take, where images are few.

    Args:
        plan: The networks, and how they are trained and measured.
        data: Folder of images, in class folders or with a metadata.csv, or without either.
        size: Side in pixels to which images are resized.
        seed: Seed of the held-out images, the initialisation and the order.
    """
    splits = _load_own_image_splits(Path(data), plan, seed)
    raised = raise_own_epochs(plan, len(splits["train"]))
    stages = build_regularised_stages(splits, raised, seed)
    # the images for validation take no part in training: they serve the looks as well
    return stop_stages_early(stages, splits["valid"] if plan.stop_early else None, plan.stop_early)


def raise_own_epochs(plan: OwnPicturesPlan, rows: int) -> OwnPicturesPlan:
    """The plan with as many passes as the fewest rounds take, or a share of these rounds."""
    least, batch = plan.least_steps, plan.batch
    return replace(
        plan,
        vae_epochs=raise_epochs(plan.vae_epochs, rows, batch, least),
        adjusting_epochs=raise_epochs(plan.adjusting_epochs, rows, batch, least / 10),
        classifier_epochs=raise_epochs(
            plan.classifier_epochs, rows, plan.classifier_batch, least / 3
        ),
    )


def _load_own_image_splits(data: Path, plan: OwnPicturesPlan, seed: int) -> Mapping[str, Dataset]:
    """Rows of train, valid and test: the folder's own, or some held out."""
    there = folders.find_image_splits(data)
    load = partial(user.load_image_folder, data, label=plan.label, size=plan.size)
    found = {split: load(split=split) for split in ("train", "valid", "test") if split in there}
    for split in ("test", "valid"):
        if split not in found:
            parts = user.split_randomly(found["train"], plan.test_fraction, seed)
            found["train"], found[split] = parts
    if len(find_labelled_rows(found["train"].y)):
        found = {n: replace(e, attributes=None, attribute_names=()) for n, e in found.items()}
    return {split: found[split] for split in ("train", "valid", "test")}


def load_square_splits(
    data: str, valid_rows: int, *, crop: int | None = None, size: int | None = None
) -> Mapping[str, Dataset]:
    """Raw rows of train, valid and test; arguments as `images.load_image_dataset` takes them.

    The last `valid_rows` training rows are for validation; 0 where the set has such a split.

    Raises:
        InputError: The set is not there, its images are not square, or no row would be left to
            learn from.
    """
    load = partial(load_square_images, data, crop=crop, size=size)
    train, test = load("train"), load("test")
    if not valid_rows:
        return {"train": train, "valid": load("valid"), "test": test}
    rows = len(train)
    if valid_rows >= rows:
        raise InputError(f"valid_rows is {valid_rows} of {rows} training rows; expected fewer.")
    return {"train": train[:-valid_rows], "valid": train[-valid_rows:], "test": test}


def load_square_images(
    data: str, split: str, *, crop: int | None = None, size: int | None = None
) -> Dataset:
    """Raw rows of a split.

    Raises:
        InputError: The set is not there, or its images are not square.
    """
    rows = images.load_image_dataset(data, split, crop=crop, size=size)
    images.get_image_side(rows)
    return rows
