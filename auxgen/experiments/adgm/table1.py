"""Log-likelihood of binarised MNIST with and without auxiliary variables (table 1).

    auxgen train adgm.table1 --model avae --stochastic-layers 2 --run runs/avae
    auxgen reproduce adgm.table1

VAE, IWAE and AVAE of one or two stochastic layers, in networks of the same sizes, each bounded with
5,000 importance weights. Budget cpu: small networks, codes of 8 entries, 10 epochs, 300 test rows.
Budget paper: the sizes and the 2,000 epochs of Sonderby et al. (2016), all 10,000 rows, for a GPU;
not run yet.
"""

from functools import partial

from ...builders import Recipe
from ...data.dataset import fit_preprocessor
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.likelihood import Elbo, ImportanceBound
from ...functional.schedules import hold_then_cosine
from ...score import Evaluation
from ...stage import Experiment
from ..common import Budget, count_steps
from ..vae.mnist import make_vae_stage
from .plans import LAYERED_VAE, LayeredVaePlan
from .stages import load_image_splits

NUM_IMPORTANCE_WEIGHTS = 5000


def make_plan(budget: Budget = "cpu") -> LayeredVaePlan:
    """The plan of a budget: cpu is small and short, paper is the setup that the paper names."""
    return LAYERED_VAE[budget]


def experiment(plan: LayeredVaePlan = LAYERED_VAE["cpu"], *, seed: int = 0) -> Experiment:
    """A model of 60,000 images, binarised anew in every batch; test images binarised once."""
    layers = plan.stochastic_layers
    hidden = [[plan.hidden] * 2, [plan.hidden_above] * 2][:layers]
    latent = [plan.latent, plan.latent_above][:layers]
    require_at_least(1, hidden=min(map(min, hidden)), latent=min(latent))
    require_at_least(1, iwae_weights=plan.iwae_weights, test_rows=plan.test_rows)
    train, test = load_image_splits("mnist", plan.held_out_rows)
    space = fit_preprocessor(train, binary=True)
    steps = count_steps(len(train), plan.batch, plan.epochs)
    widths = {"x": space.width, "hidden": hidden, "z": latent}
    sizes = {**widths, "batch_norm": True, "warm_up": round(plan.warm_up_share * steps)}
    auxiliary = {**sizes, "a": latent, "log_std_a": plan.log_std_a}
    recipes = {
        "vae": Recipe("iwae", {**sizes, "k": 1}),
        "iwae": Recipe("iwae", {**sizes, "k": plan.iwae_weights}),
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
    recipe = recipes[plan.model]
    stage = make_vae_stage(recipe, engine, space, train, test, plan.batch, seed, evaluations)
    return {plan.model: stage}
