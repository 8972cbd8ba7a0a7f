"""A VAE of binarised MNIST (Kingma & Welling, 2014), with its importance-weighted bound.

auxgen train vae.mnist --run runs/vae
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from ...builders import Likelihood, Recipe
from ...data import images
from ...data.augmentation import binarise, identity
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset, Preprocessor
from ...data.fitting import fit_preprocessor
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.likelihood import Elbo, ImportanceBound
from ...plotting.panels import show_samples
from ...score import Evaluation
from ...stage import Experiment, Stage
from ..common import Plan, count_steps, dataset_facts


@dataclass(frozen=True, kw_only=True)
class VaePlan(Plan):
    """A VAE of images, two hidden layers each way."""

    data: str = "mnist"
    size: int | None = None
    likelihood: Likelihood = "bernoulli"
    epochs: float = 20
    lr: float = 1e-3
    batch: int = 100
    hidden: int = 200
    latent: int = 50
    warm_up_steps: int = 0
    importance_samples: int = 500
    test_rows: int = 1000


def experiment(plan: VaePlan = VaePlan(), *, seed: int = 0) -> Experiment:
    """A VAE of images, two hidden layers each way."""
    names = ("hidden", "latent", "batch", "importance_samples", "test_rows")
    require_at_least(1, **{name: getattr(plan, name) for name in names})
    train = images.load_image_dataset(plan.data, "train", size=plan.size)
    test = images.load_image_dataset(plan.data, "test", size=plan.size)
    bits = plan.likelihood == "bernoulli"
    space = fit_preprocessor(train, binary=bits)
    sizes = {"x": space.width, "hidden": [plan.hidden, plan.hidden], "z": plan.latent}
    family = {"likelihood": plan.likelihood, "scale": 0.1}
    recipe = Recipe("vae", {**sizes, **family, "warm_up": plan.warm_up_steps})
    steps = count_steps(len(train), plan.batch, plan.epochs)
    engine = Engine(steps, adam(plan.lr), average=plan.average)
    x = space.transform(test.raw_rows()[: plan.test_rows])
    once = 0 if bits else None
    evaluations: dict[str, Evaluation] = {
        "elbo": Elbo(x, binarised_seed=once),
        "importance_bound": ImportanceBound(x, k=plan.importance_samples, binarised_seed=once),
    }
    stage = make_vae_stage(recipe, engine, space, train, test, plan.batch, seed, evaluations)
    return {"vae": stage}


def make_vae_stage(
    recipe: Recipe,
    engine: Engine,
    space: Preprocessor,
    train: Dataset,
    test: Dataset,
    batch: int,
    seed: int,
    evaluations: Mapping[str, Evaluation],
) -> Stage:
    """A model of all training images, binarised anew in every batch where it sees bits."""
    corruption = binarise if space.binary else identity
    return Stage(
        method=recipe.build(),
        batches=InMemoryBatches(space.transform(train.x), batch, seed, corruption),
        engine=engine,
        evaluations=evaluations,
        recipe=recipe,
        space=space,
        pictures={"samples": partial(show_samples, space=space)},
        data={"train": train, "test": test},
        facts=dataset_facts(train),
    )
