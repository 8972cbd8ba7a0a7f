"""Generators of images, in tables 1 to 3 (sections 5.1 to 5.3), and of points on a ring.

    auxgen train dfm.ring --run runs/ring
    auxgen train dfm.digits --run runs/digits
    auxgen train dfm.fashion --objective gan --run runs/fashion_gan
    auxgen train dfm.cifar10 --budget paper --device cuda --run runs/cifar10
    auxgen train dfm.imagenet32 --budget paper --device cuda --run runs/imagenet32
    auxgen evaluate runs/cifar10 --metric is
    auxgen evaluate runs/imagenet32 --metric is --split valid

Class scores and Frechet distances are no Inception scores: they are in the features of
features.digits or features.fashion_mnist, or for images in colour of cifar10-resnet56, which knows
ten classes, STL-10's but for one. The Inception score of the paper is of 50,000 samples in the
features of `inception`.
"""

from collections.abc import Mapping
from functools import partial

from ...data import toys
from ...data.dataset import Dataset, Preprocessor
from ...data.fitting import fit_preprocessor
from ...data.images import get_image_side, load_image_dataset
from ...evaluation.images import RealPictureQuality, SampleQuality
from ...evaluation.samples import ModeCoverage, SampleDiversity
from ...rng import derive_seed
from ...score import Evaluation
from ...stage import Experiment
from ..common import (
    RESNET56,
    choose_extractor,
    count_steps,
    hold_out_last_rows,
    image_preprocessor,
)
from . import plans
from .plans import ARCHITECTURES, DfmImagePlan, DfmRingPlan
from .stages import build_game

WATCHED = 500
"""Rows and samples that are compared while a game is trained."""
RING_ROWS, RING_SD = 10_000, 0.05

make_digits_plan = plans.make_plan_maker(plans.DIGITS)
make_fashion_plan = plans.make_plan_maker(plans.FASHION)
make_cifar10_plan = plans.make_plan_maker(plans.CIFAR10)
make_stl10_plan = plans.make_plan_maker(plans.STL10)
make_imagenet32_plan = plans.make_plan_maker(plans.IMAGENET32)
make_tiny_imagenet_plan = plans.make_plan_maker(plans.TINY_IMAGENET)


def ring(plan: DfmRingPlan = plans.RING, *, seed: int = 0) -> Experiment:
    """A generator of eight Gaussians.

    Not in the paper, which has images alone. The networks are perceptrons without batch norm, and r
    has hidden layers as wide as its input, normalised as in the paper.
    """
    train, test = (
        toys.make_ring(RING_ROWS, seed=derive_seed(seed, part), sd=RING_SD) for part in (0, 1)
    )
    space = fit_preprocessor(train)
    sizes = {"x": space.width, "z": plan.latent, "hidden": [plan.width, plan.width]}
    networks = {"kind": "perceptrons", "sizes": sizes}
    modes = ModeCoverage(toys.compute_ring_centres(), space, sd=RING_SD)
    return build_game(
        plan,
        networks,
        train,
        space,
        data={"train": train, "test": test},
        n_h=plan.width,
        steps=plan.steps,
        seed=seed,
        monitored={"variety": SampleDiversity(test[:WATCHED], space), "modes": modes},
        evaluations={},
    )


def digits(plan: DfmImagePlan = plans.DIGITS["cpu"], *, seed: int = 0) -> Experiment:
    """8x8 digits of scikit-learn: a GAN of images in under half a minute.

    Not in the paper. Both budgets are the same.
    """
    return _build_image_experiment(plan, seed)


def fashion(plan: DfmImagePlan = plans.FASHION["cpu"], *, seed: int = 0) -> Experiment:
    """Fashion-MNIST: denoising feature matching at a budget of one CPU core.

    Not in the paper.
    """
    return _build_image_experiment(plan, seed)


def cifar10(plan: DfmImagePlan = plans.CIFAR10["cpu"], *, seed: int = 0) -> Experiment:
    """CIFAR-10: table 1 (section 5.1).

    The paper gives neither batch nor epochs of CIFAR-10, nor the depth of its denoiser: here they
    are 128, 200, and ImageNet's 10. A CPU's budget has half of the generator's widths, a denoiser
    of 3 layers, batches of 64, 10 epochs, and scores the moving average, where the paper has none.
    """
    return _build_image_experiment(plan, seed, own="cifar10")


def stl10(plan: DfmImagePlan = plans.STL10["cpu"], *, seed: int = 0) -> Experiment:
    """STL-10 at 48 x 48: table 2 (section 5.2).

    The 100,000 unlabelled images of 96 x 96 are learned, every 2 x 2 pixels averaged; samples are
    compared with the 8,000 test images. The paper gives the epochs, 50, and no network: here it is
    CIFAR-10's from smallest maps of 6 x 6, features of 4,608.
    """
    return _build_image_experiment(plan, seed, own="stl10")


def imagenet32(plan: DfmImagePlan = plans.IMAGENET32["cpu"], *, seed: int = 0) -> Experiment:
    """ImageNet at 32 x 32: table 3 (section 5.3).

    Shorter sides are brought to 32 pixels by the mean over areas, and the centre is kept; samples
    are compared with the validation images. The network is printed in the paper (10 hidden layers
    of 2,048 in the denoiser, though its input has 8,192), the number of epochs is not: here it is
    25.
    """
    return _build_image_experiment(plan, seed, own="imagenet32")


def tiny_imagenet(plan: DfmImagePlan = plans.TINY_IMAGENET["cpu"], *, seed: int = 0) -> Experiment:
    """Tiny ImageNet at 32 x 32: ImageNet's network where ImageNet itself is not at hand.

    Not in the paper. Of the 64 x 64 pixels every 2 x 2 are averaged; samples are compared with the
    validation images, since the labels of the test images are not public. Any set with a train and
    a valid split can be given in its place (--data).
    """
    return _build_image_experiment(plan, seed, own="tiny_imagenet")


def _build_image_experiment(plan: DfmImagePlan, seed: int, own: str | None = None) -> Experiment:
    """A generator of square images, which the networks see as pixels in [-1, 1]."""
    train, held, split = _load_splits(plan)
    side, architecture = get_image_side(train), ARCHITECTURES[plan.architecture]
    space = image_preprocessor(train, shift=(0.5,), scale=(0.5,))
    sizes = architecture.make_sizes(train.x.shape[1], side)
    variety = SampleDiversity(held.take_some(WATCHED), space, split_name=split)
    count = partial(count_steps, len(train), plan.batch)
    return build_game(
        plan,
        {"kind": "convolutional", "sizes": sizes},
        train,
        space,
        data={"train": train, split: held},
        n_h=architecture.n_h(side),
        steps=count(plan.epochs),
        seed=seed,
        monitored={"variety": variety},
        evaluations=_make_sample_evaluations(plan, held, split, space, own),
        milestones=[count(epochs) for epochs in plan.measured_epochs],
    )


def _load_splits(plan: DfmImagePlan) -> tuple[Dataset, Dataset, str]:
    """Rows to learn, rows to measure on, and the name of the latter."""
    train = load_image_dataset(plan.data, plan.train_split, size=plan.size)
    if plan.held_out_rows:
        return *hold_out_last_rows(train, plan.held_out_rows), "validation"
    test = load_image_dataset(plan.data, plan.test_split, size=plan.size)
    return train, test, plan.test_split


def _make_sample_evaluations(
    plan: DfmImagePlan, held: Dataset, split: str, space: Preprocessor, own: str | None
) -> Mapping[str, Evaluation]:
    """Scores of samples in an extractor's features, beside those of the real images themselves.

    Class scores of both are over groups of one size, on which they depend.
    """
    if plan.extractor == "auto" and plan.data == own:
        extractor = RESNET56
    else:
        extractor = choose_extractor(plan.extractor, plan.data) or (RESNET56 if own else None)
    if extractor is None:
        return {}
    samples = SampleQuality(
        held,
        space,
        split_name=split,
        extractor=extractor,
        measures=("precision", "recall", "FD", "CS"),
        n=plan.measured_samples,
    )
    size = max(2, plan.measured_samples // 10)
    groups = max(1, len(held) // size)
    shown = held[: groups * size]
    what = f"the {len(shown)} {split} images themselves"
    real = RealPictureQuality(held, shown, extractor, ("CS",), "real images", what, groups)
    # the last score heads a run's report
    return {"real": real, "samples": samples}
