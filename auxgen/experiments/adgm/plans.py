"""Plans of the experiments of the ADGM's paper: what a person can choose, and the budgets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ...builders.adgm import LabelledBoundName
from ..common import NOT_AN_OPTION, Plan

DGMName = Literal["adgm", "sdgm", "m2"]
AblationName = Literal["adgm_deterministic", "adgm_uninformed"]
"""ADGM with a = mu(x), no variable; with p(a) = N(0, I), which sees nothing."""
DGMOrAblationName = Literal[DGMName, AblationName]
VAEName = Literal["vae", "iwae", "avae", "avae_uninformed"]
LabelPlacement = Literal["ends", "inside", "drawn"]
Preset = Literal["own", "equal"]


@dataclass(frozen=True, kw_only=True)
class AdgmPlan(Plan):
    """ADGM, SDGM, M2 or an ablation of the ADGM, learned from few labels."""

    model: DGMOrAblationName = "sdgm"
    hidden: int
    latent: int
    classification_weight: float = 0.1
    skip_below: float | None = None


@dataclass(frozen=True, kw_only=True)
class AdgmDigitsPlan(AdgmPlan):
    """Handwritten digits from a few labels."""

    model: DGMName = "sdgm"
    labels_per_class: int = 5
    steps: int = 6000
    warm_up_steps: int = 300


@dataclass(frozen=True, kw_only=True)
class AdgmMoonsPlan(AdgmPlan):
    """Half-moons with six labels."""

    label_placement: LabelPlacement = "ends"
    epochs: float = 10
    warm_up: float = 3
    warm_up_from: float = 5.0
    data_noise: float = 0.1
    a_sees_x: bool = False
    spread_labels: bool = False


@dataclass(frozen=True, kw_only=True)
class AdgmMnistPlan(AdgmPlan):
    """MNIST with 100 labels."""

    labels_per_class: int = 10
    held_out_rows: int = 0
    warp: float = 0.0
    epochs: float
    hold: float | None = None
    warm_up: float = 0.0
    warm_up_from: float = 0.0
    temperature_from: float = 1.0
    monitor_epochs: float
    draws: int = 1
    a_sees_x: bool = False
    labelled_bound: LabelledBoundName = "conditional"
    classes_summed: int | None = None
    log_std_a: float | None = field(default=None, metadata=NOT_AN_OPTION)


@dataclass(frozen=True, kw_only=True)
class AdgmPixelPlan(AdgmPlan):
    """Pixels with noise of a grey level."""

    labels_per_class: int
    epochs: float
    warm_up: float = 0.0
    monitor_epochs: float = 1
    draws: int = 1


@dataclass(frozen=True, kw_only=True)
class AdgmSvhnPlan(AdgmPixelPlan):
    """SVHN, with its extra images or without."""

    extra: bool = True


@dataclass(frozen=True, kw_only=True)
class AdgmNorbPlan(AdgmPixelPlan):
    """Small NORB, of pairs or of single images."""

    single: bool = False


@dataclass(frozen=True, kw_only=True)
class AdgmOwnPlan(AdgmPlan):
    """A person's own images or table."""

    model: DGMName = "sdgm"
    size: int | None = None
    test_fraction: float = 0.2
    epochs: float = 30
    least_steps: int = 3000  # on small tables better than 300 and 1,000: results/own_rounds.json
    most_steps: int = 5000
    steps: int | None = None
    folds: int = 0
    stop_early: int = 0
    labelled_bound: LabelledBoundName = "conditional"
    classes_summed: int | None = None
    likelihood: tuple[str, ...] = ()
    library_size: bool = False
    pixel_deviation: Literal["fixed", "learned"] = "fixed"
    features: str | None = None
    spread_labels: bool = False
    warp: float = 0.0


@dataclass(frozen=True, kw_only=True)
class M1M2Plan(Plan):
    """M1 and M1+M2."""

    data: str = "mnist"
    size: int | None = None
    labels_per_class: int = 10
    epochs: float
    hidden: int
    latent: int = 50
    hidden_above: int = 300
    classification_weight: float = 0.1
    keep_above: float = 0.1


@dataclass(frozen=True, kw_only=True)
class M2PyroPlan(Plan):
    """M2 by the protocol of Pyro's tutorial."""

    labels_per_class: Literal[10, 60, 100, 300] = 10
    valid_rows: int = 10_000
    multiplier: float = 50.0
    epochs: float
    hidden: int = 500
    latent: int = 50
    batch_norm: bool = True
    labelled_bound: LabelledBoundName = "conditional"
    classes_summed: int = 3
    skip_below: float | None = None
    warm_up_share: float = 0.75
    warm_up_from: float = 8.0
    temperature_from: float = 20.0


@dataclass(frozen=True, kw_only=True)
class PotentialPlan(Plan):
    """A density of two modes."""

    a: int = 4
    steps: int = 4000
    mean_spread: float = 2.0
    log_std_z: float = -1.5
    energy_from: float = 0.2


@dataclass(frozen=True, kw_only=True)
class LayeredVaePlan(Plan):
    """A VAE, IWAE or AVAE of one or two stochastic layers."""

    model: VAEName = "avae"
    stochastic_layers: Literal[1, 2] = 1
    epochs: float
    hold: float = 0.5
    warm_up_share: float
    hidden: int
    hidden_above: int
    latent: int
    latent_above: int
    iwae_weights: int
    encoder_layers: int = 2
    log_std_z: float | None = None
    a_sees_x: bool = False
    upper_a_sees_x: bool = True
    test_rows: int
    held_out_rows: int = 0
    log_std_a: float | None = field(default=None, metadata=NOT_AN_OPTION)


OWN_PLAN = AdgmOwnPlan(lr=1e-3, batch=100, hidden=200, latent=32)


WORDS: Mapping[str, str] = MappingProxyType(
    {
        "folds": "Parts of the labelled rows, each held out once from a model of its own, for one "
        "error over all of them; 0 for none. Takes as many trainings more.",
        "preset": "own: the model's own number of passes and start, where the budget has one; "
        "equal: the same for all models.",
        "label_placement": "Places of the six labelled points: at both ends and in the middle of "
        "each arc; inside, at 0.15, 0.5 and 0.85 of it; or any three training points of each, "
        "drawn.",
        "data_noise": "Standard deviation of points about their arcs; at 0.2 the arcs overlap.",
        "single": "Single images as rows, rather than pairs.",
        "extra": "Whether the extra images are among the unlabelled rows.",
        "classification_weight": "Weight of the classification term, times (N_l + N_u) / N_l.",
        "multiplier": "Weight of the classification term itself.",
        "draws": "Monte-Carlo draws of a in training.",
        "a": "Width of the auxiliary variable; with 0 there is none.",
        "a_sees_x": "ADGM with p(a|z,y,x), eq. 5, rather than p(a|z,y), which section 3 ran; AVAE "
        "with p(a|z,x), eq. 2, rather than eq. 20.",
        "upper_a_sees_x": "AVAE of two layers with q(a_2|a_1,x), eq. 19, rather than q(a_2|a_1).",
        "encoder_layers": "Hidden layers of each q(z|.) of a VAE or IWAE; an AVAE has two in each "
        "q(a|.) and two in each q(z|a,.), four on the way from x to z.",
        "pixel_deviation": "Standard deviation of coloured pixels given their code: fixed at that "
        "of the training set, or learned for each. Learned, labels weigh little beside pixels.",
        "library_size": "Whether a row's counts are shares of their sum, which is taken as known.",
        "labelled_bound": "Bound of a labelled row: conditional, of log p(x, y), as the paper; "
        "marginal, of log p(x), which leaves the label to the classification term.",
        "classes_summed": "Classes over which training sums the label of an unlabelled row out: "
        "the most probable ones and one drawn from the rest, which stands for all of it; under "
        "batch norm these few make the statistics. None for all. Where "
        "there are many classes a few are much faster.",
        "skip_below": "Probability q(y|.) below which training leaves a class of an unlabelled row "
        "out of the sum over its label; the others' are divided by their sum, and count in batch "
        "norm by it. 0 leaves none out; None is the sum over all, in which batch norm counts all "
        "classes alike. 1e-4 saves most of the work once classes are decided.",
        "warp": "How far training stretches, slants, turns and moves the images that q(a|.) and "
        "q(y|.) see, anew in each batch; the bound is on the images as they are. At 1 by up to "
        "10 %, a tenth, 10 degrees and a pixel; 0 for not at all.",
        "spread_labels": "Learn from the label of the nearest labelled row along paths through "
        "dense places as if it were the row's own; for classes that are curved or long clusters.",
        "batch_norm": "Batch norm before the nonlinearities of hidden layers.",
        "warm_up_share": "Share of the run over which the weight of the KL terms goes from its "
        "start to 1.",
        "warm_up_from": "Weight of the KL terms at the start.",
        "temperature_from": "Weight of the entropy of q(y|.) of unlabelled rows at the start, "
        "which goes to 1 as that of the KL terms does; above 1, classes stay undecided for longer.",
        "hold": "Share of the run at the full rate, which then falls along a cosine; None for the "
        "rate of the authors, times 0.75 every fifth of the run.",
        "monitor_epochs": "Passes between test errors, for the curve; 0 for none.",
        "hidden_above": "Units in each hidden layer of the networks above the first code.",
        "latent_above": "Width of the second code.",
        "keep_above": "Standard deviation of a code entry's mean over rows, above which M2 and the "
        "classifier see the entry.",
        "mean_spread": "Standard deviation that the means of q(z|a) have over q(a) at the start.",
        "log_std_z": "Log standard deviation of q(z|.) at the start, in table 1 where there is no "
        "a; None as torch starts layers.",
        "energy_from": "Weight of the energy at the start; it rises to 1 over half of the rounds.",
        "stochastic_layers": "Stochastic layers.",
        "iwae_weights": "Importance weights in the training of an IWAE.",
    }
)
