"""A VAE of binarised MNIST (Kingma & Welling, 2014), with its importance-weighted bound.

auxgen train vae.mnist --run runs/vae
"""

from __future__ import annotations

from functools import partial

from ...builders import Likelihood, Recipe
from ...data import images
from ...data.augmentation import binarise, identity
from ...data.batches import InMemoryBatches
from ...data.dataset import fit_preprocessor
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.likelihood import Elbo, ImportanceBound
from ...plotting.pages import show_samples
from ...stage import Experiment, Stage


def experiment(
    *,
    seed: int = 0,
    data: str = "mnist",
    likelihood: Likelihood = "bernoulli",
    epochs: float = 20,
    lr: float = 1e-3,
    hidden: int = 200,
    latent: int = 50,
    batch: int = 100,
    warm_up: int = 0,
    importance_samples: int = 500,
    test_rows: int = 1000,
) -> Experiment:
    """A VAE of images, two hidden layers each way.

    Args:
        seed: Of the initialisation and the order.
        data: Name, hub id or folder of images.
        likelihood: Bernoulli on bits drawn afresh, or a Gaussian on grey values.
        epochs: Passes over the training images.
        lr: Learning rate of Adam.
        hidden: Units in each hidden layer.
        latent: Width of z.
        batch: Images in a batch.
        warm_up: Rounds over which the KL gains its weight.
        importance_samples: k of the importance-weighted bound.
        test_rows: Test images it is measured on; 5,000 samples and 10,000 rows as in the paper.
    """
    require_at_least(1, hidden=hidden, latent=latent, batch=batch)
    train, test = images.load_image_dataset(data, "train"), images.load_image_dataset(data, "test")
    space = fit_preprocessor(train)
    bits = likelihood == "bernoulli"
    sizes = {"x": space.width, "hidden": [hidden, hidden], "z": latent}
    made = Recipe("vae", {**sizes, "likelihood": likelihood, "scale": 0.1, "warm_up": warm_up})
    x = space.transform(test.raw_rows()[:test_rows])
    once = 0 if bits else None
    steps = round(epochs * len(train) / batch)
    return {
        "vae": Stage(
            method=made.build(),
            batches=InMemoryBatches(
                space.transform(train.x), batch, seed, binarise if bits else identity
            ),
            engine=Engine(steps, adam(lr)),
            evaluations={
                "elbo": Elbo(x, binarised_seed=once),
                "importance_bound": ImportanceBound(x, k=importance_samples, binarised_seed=once),
            },
            recipe=made,
            space=space,
            pictures={"samples": partial(show_samples, space=space)},
            data={"train": train, "test": test},
            facts={"data": train.name, "fingerprint": train.fingerprint},
        )
    }
