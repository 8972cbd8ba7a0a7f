"""Log-likelihood of binarised MNIST with and without auxiliary variables (table 1).

    auxgen train adgm.table1 --model avae --stochastic-layers 2 --run runs/avae
    auxgen reproduce adgm.table1

VAE, IWAE and AVAE of one or two stochastic layers, in networks of the same widths, each bounded
with 5,000 importance weights. Budget cpu: small networks, codes of 8 entries, 10 epochs, 300 test
rows; a VAE's encoder is as deep as the AVAE's way from x to z.
Budget paper: the sizes and the 2,000 epochs of Sonderby et al. (2016), all 10,000 rows, for a GPU;
not run yet.
"""

from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor

from ...builders import Recipe
from ...data.fitting import fit_preprocessor
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.likelihood import Elbo, ImportanceBound
from ...evaluation.protocol import DrawEvaluation, make_mean_score
from ...functional.schedules import hold_then_cosine
from ...inference.batched import map_batches
from ...methods.avae import AVAE
from ...rng import get_device, use_seed
from ...score import Evaluation, Score
from ...stage import Experiment
from ..common import Budget, count_steps, refuse_ignored_option
from ..vae.mnist import make_vae_stage
from .budgets import LAYERED_VAE
from .plans import LayeredVaePlan
from .splits import load_image_splits

NUM_IMPORTANCE_WEIGHTS = 5000


def make_plan(budget: Budget = "cpu") -> LayeredVaePlan:
    """The plan of a budget: cpu is small and short, paper is the setup that the paper names."""
    return LAYERED_VAE[budget]


def experiment(plan: LayeredVaePlan = LAYERED_VAE["cpu"], *, seed: int = 0) -> Experiment:
    """A model of 60,000 images, binarised anew in every batch; test images binarised once."""
    refuse_ignored_option("a_sees_x", plan.a_sees_x, plan.model, ("avae",))
    layers = plan.stochastic_layers
    hidden = [[plan.hidden] * 2, [plan.hidden_above] * 2][:layers]
    latent = [plan.latent, plan.latent_above][:layers]
    require_at_least(1, hidden=min(map(min, hidden)), latent=min(latent))
    names = ("iwae_weights", "test_rows", "encoder_layers")
    require_at_least(1, **{name: getattr(plan, name) for name in names})
    train, test = load_image_splits("mnist", plan.held_out_rows)
    space = fit_preprocessor(train, binary=True)
    steps = count_steps(len(train), plan.batch, plan.epochs)
    widths = {"x": space.width, "hidden": hidden, "z": latent}
    sizes = {**widths, "batch_norm": True, "warm_up": round(plan.warm_up_share * steps)}
    encoder = [[width] * plan.encoder_layers for width, *_ in hidden]
    without_a = {**sizes, "encoder": encoder, "log_std_z": plan.log_std_z}
    auxiliary = {**sizes, "a": latent, "log_std_a": plan.log_std_a}
    auxiliary["upper_a_sees_x"] = plan.upper_a_sees_x
    recipes = {
        "vae": Recipe("iwae", {**without_a, "k": 1}),
        "iwae": Recipe("iwae", {**without_a, "k": plan.iwae_weights}),
        "avae": Recipe("avae", {**auxiliary, "a_sees_x": plan.a_sees_x}),
        "avae_uninformed": Recipe("avae_uninformed", auxiliary),
    }
    rate = partial(hold_then_cosine, steps=steps, hold=plan.hold)
    engine = Engine(steps, adam(plan.lr), rate, average=plan.average, old_precision="bf16")
    x = space.transform(test.raw_rows()[: plan.test_rows])
    evaluations: dict[str, Evaluation] = {
        "importance_bound": ImportanceBound(x, k=NUM_IMPORTANCE_WEIGHTS, binarised_seed=0),
        "elbo": Elbo(x, draws=20, binarised_seed=0),
    }
    if plan.model == "avae":
        evaluations["auxiliary_rate"] = AuxiliaryRate(x, draws=20, binarised_seed=0)
    recipe = recipes[plan.model]
    stage = make_vae_stage(recipe, engine, space, train, test, plan.batch, seed, evaluations)
    return {plan.model: stage}


@final
@dataclass(frozen=True, eq=False)
class AuxiliaryRate(DrawEvaluation):
    """Mean of log q(a|.) - log p(a|.) over rows and layers, nats.

    It is 0 where a is noise that nobody hears, and negative where the bound gains by a: z then says
    more of a than x does.
    """

    def __call__(self, method: object) -> Score:
        assert isinstance(method, AVAE)

        def average(x: Tensor) -> Tensor:
            _, _, log_ratio_a = method.compute_bound_terms(x, self.draws)
            return -log_ratio_a.double().mean(0)

        x, device = self.prepare_rows(self.x), get_device(method)
        with torch.no_grad(), use_seed(self.seed, device):
            each = map_batches(average, x, device=device, batch_size=self.rows)
        details = "log q(a|.) - log p(a|.)", len(x), self.describe_draws(), f"seed {self.seed}"
        return make_mean_score(each, "nats", self.describe_protocol(*details))
