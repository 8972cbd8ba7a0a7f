"""The plans that the ADGM's experiments start from, by budget where there are two."""

from collections.abc import Mapping
from dataclasses import replace

from ..common import Budget
from .plans import (
    AdgmDigitsPlan,
    AdgmMnistPlan,
    AdgmMoonsPlan,
    AdgmNorbPlan,
    AdgmSvhnPlan,
    LayeredVaePlan,
    M1M2Plan,
    M2PyroPlan,
    PotentialPlan,
)

_MNIST = AdgmMnistPlan(
    lr=2e-3, batch=100, hidden=256, latent=50, epochs=80, hold=0.5, monitor_epochs=5
)
_MNIST_PAPER = replace(
    _MNIST, hidden=500, latent=100, epochs=1000, lr=3e-4, draws=5, monitor_epochs=10, hold=None
)
_SVHN = AdgmSvhnPlan(labels_per_class=100, lr=1e-3, batch=1000, hidden=256, latent=50, epochs=5)
_SVHN_PAPER = replace(_SVHN, hidden=1000, latent=300, epochs=300, lr=3e-4, monitor_epochs=10)
_NORB = AdgmNorbPlan(labels_per_class=200, lr=1e-3, batch=100, hidden=256, latent=50, epochs=10)
_NORB_PAPER = replace(_NORB, hidden=500, latent=100, epochs=300, lr=3e-4, monitor_epochs=10)
_M1_M2 = M1M2Plan(lr=1e-3, batch=100, hidden=300, epochs=20)
_M1_M2_PAPER = replace(_M1_M2, hidden=500, epochs=500)
_LAYERED_VAE = LayeredVaePlan(
    lr=1e-3,
    batch=100,
    epochs=10,
    warm_up_share=0.2,
    hidden=200,
    hidden_above=100,
    latent=8,
    latent_above=4,
    iwae_weights=5,
    encoder_layers=4,
    test_rows=300,
    log_std_a=-2.0,
)
_LAYERED_VAE_PAPER = replace(
    _LAYERED_VAE,
    batch=256,
    epochs=2000,
    warm_up_share=0.1,
    hidden=512,
    hidden_above=256,
    latent=64,
    latent_above=32,
    iwae_weights=50,
    encoder_layers=2,
    test_rows=10_000,
    log_std_a=None,
)
MNIST: Mapping[Budget, AdgmMnistPlan] = {"cpu": _MNIST, "paper": _MNIST_PAPER}
SVHN: Mapping[Budget, AdgmSvhnPlan] = {"cpu": _SVHN, "paper": _SVHN_PAPER}
NORB: Mapping[Budget, AdgmNorbPlan] = {"cpu": _NORB, "paper": _NORB_PAPER}
M1_M2: Mapping[Budget, M1M2Plan] = {"cpu": _M1_M2, "paper": _M1_M2_PAPER}
LAYERED_VAE: Mapping[Budget, LayeredVaePlan] = {"cpu": _LAYERED_VAE, "paper": _LAYERED_VAE_PAPER}

DIGITS_PLAN = AdgmDigitsPlan(lr=3e-3, batch=100, hidden=100, latent=16)
HALF_MOONS_PLAN = AdgmMoonsPlan(
    model="adgm", lr=1e-3, batch=100, average=0.99, hidden=100, latent=10
)
M2_PYRO_PLAN = M2PyroPlan(lr=4.2e-4, batch=200, epochs=96)
POTENTIAL_PLAN = PotentialPlan(lr=5e-3, batch=200, average=0.99)
