"""Features of known image sets and of your own, for Frechet distances between sets of pictures.

    auxgen train features.digits --run runs/features
    auxgen train features.own --data FOLDER --run runs/features
    auxgen evaluate runs/features

A residual network learns the labels of the training images; what its last layer sees are the
features, 64 with the default width. The network of CIFAR-10 has 14 layers, its images are mirrored
and moved by up to four pixels (He et al., 2016, section 4.2, whose networks are deeper and learn
for longer). CelebA's has 14 layers as well; those of digits and clothes have 8.

The attributes of CelebA (Liu et al., 2015) are skewed: whoever always gives the commoner answer is
right for four of five, so the balanced accuracy stands beside the error. Faces are cut to their 148
central pixels. A network trained at 64 x 64 sees few beards in pictures enlarged from 32 x 32, for
which celeba_32 is there.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

from ...data import folders, images, labels, user
from ...stage import Experiment
from ..common import raise_epochs
from ..early_stopping import hold_out_rows, stop_stages_early
from . import plans
from .plans import FaceFeaturesPlan, FeaturesPlan, OwnFeaturesPlan
from .stages import make_attribute_classifier_stage, make_classifier_stage


def digits(plan: FeaturesPlan = plans.DIGITS, *, seed: int = 0) -> Experiment:
    """A residual network on the 8x8 digits of scikit-learn: 1,297 to learn, 500 to test."""
    return _build_classifier("digits", plan, seed)


def mnist(plan: FeaturesPlan = plans.MNIST, *, seed: int = 0) -> Experiment:
    """A residual network on the handwritten digits of MNIST."""
    return _build_classifier("mnist", plan, seed)


def fashion_mnist(plan: FeaturesPlan = plans.FASHION_MNIST, *, seed: int = 0) -> Experiment:
    """A residual network on the clothes of Fashion-MNIST (Xiao et al., 2017)."""
    return _build_classifier("fashion_mnist", plan, seed)


def cifar10(plan: FeaturesPlan = plans.CIFAR10, *, seed: int = 0) -> Experiment:
    """A residual network on CIFAR-10, where the usual ResNets' weights are not at hand."""
    return _build_classifier("cifar10", plan, seed)


def celeba(plan: FaceFeaturesPlan = plans.CELEBA, *, seed: int = 0) -> Experiment:
    """A residual network on the 40 attributes of CelebA's faces."""
    load = partial(images.load_image_dataset, "celeba", size=plan.size)
    train, test = load(split="train"), load(split="test")
    return {"classifier": make_attribute_classifier_stage(train, test, plan, seed=seed)}


def celeba_32(plan: FaceFeaturesPlan = plans.CELEBA_32, *, seed: int = 0) -> Experiment:
    """A residual network on the 40 attributes of faces of 32 x 32 pixels."""
    return celeba(plan, seed=seed)


def own(plan: OwnFeaturesPlan = plans.OWN, *, data: Path, seed: int = 0) -> Experiment:
    """A residual network that classifies your images.

    Images without a label are left out; where the folder has no test set of its own, some labelled
    images are held out.

    Args:
        plan: The network and how it is trained.
        data: Folder of images, in class folders or with a metadata.csv.
        seed: Seed of the held-out images, the initialisation, the order and the moves.
    """
    load = partial(user.load_image_folder, data, label=plan.label, size=plan.size)
    if "test" in folders.find_image_splits(Path(data)):
        train, test = load(split="train"), load(split="test")
    else:
        train, test = user.split_stratified(load(split="train"), plan.test_fraction, seed)
    train, held_out = hold_out_rows(train, plan.stop_early, seed, labelled_alone=True)
    rows = len(labels.find_labelled_rows(train.y))
    epochs = raise_epochs(plan.epochs, max(rows, 1), plan.batch, plan.least_steps)
    plan = replace(plan, epochs=epochs)
    stages = {"classifier": make_classifier_stage(train, test, plan, seed=seed)}
    return stop_stages_early(stages, held_out, plan.stop_early)


def _build_classifier(name: str, plan: FeaturesPlan, seed: int) -> Experiment:
    """The classifier of an image set that `images.load_image_dataset` knows by this name."""
    train, test = (images.load_image_dataset(name, split) for split in ("train", "test"))
    return {"classifier": make_classifier_stage(train, test, plan, seed=seed)}
