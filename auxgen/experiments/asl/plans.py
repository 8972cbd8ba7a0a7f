"""What can be chosen in the experiments of ASL, and their budgets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from ...builders.asl_parts import Layout
from ...networks.densities import DensityKind
from ..common import RESNET56, Budget, Plan

CouplingKind = Literal["affine", "additive", "spline"]

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "density": "Density of the codes: affine, additive or spline couplings, a mixture, or vae "
        "for a second VAE.",
        "cells": "Combine four densities of a VAE's codes with its decoder, before and after ASL's "
        "regression, in place of all other models.",
        "second_lr": "Learning rate of the second VAE, halved after 3 and 6 eighths of its rounds; "
        "None: lr, which rises and falls.",
        "density_lr": "Learning rate of the density of codes, and of a flow on x; None: lr.",
        "components": "Components of a mixture.",
        "l1": "Take |x - g(u)|_1 as the error of the regression in place of |x - g(u)|_2^2.",
        "stein_weight": "Weight of the Stein discrepancy in the objective of the MI encoder; the "
        "paper's lambda.",
        "kernel_exponent": "Exponent of the kernel of the Stein discrepancy; the paper's beta.",
        "encoder": "Encoder: a folder of a run or an artefact, or features.DATA, which is trained "
        "at its first use.",
        "layout": "Layout of the networks: plain or normalised, the columns of table 2.",
        "vae_unit_epochs": "Passes over the training images of the VAE of scale 1.",
        "two_stage_epochs": "Passes over the training images of the two-stage VAE.",
        "vae_asl_epochs": "Passes over the training images of VAE-ASL.",
        "mi_epochs": "Passes over the training images of the MI encoder.",
        "mi_asl_epochs": "Passes over the training images of MI-ASL.",
        "on_demand_epochs": "Passes over the training images of MI-ASL with p(u|y).",
        "init_scale": "Scale of p(x|u) at the start, in the VAE and for the MI encoder.",
        "variance_floor": "Least residual variance in the objective of the MI encoder.",
        "coupling_hidden": "Units in each hidden layer of a coupling.",
        "second_hidden": "Units in each hidden layer of the second VAE.",
        "mapped_codes": "Codes in the map of figure 4.",
        "resamplings": "Sets of samples on which distances are measured.",
    }
)


@dataclass(frozen=True, kw_only=True)
class AslPlan(Plan):
    """What all experiments of ASL have."""

    average: float = 0.99
    width: int
    density: DensityKind = "affine"
    density_lr: float | None = None
    transforms: int = 8


@dataclass(frozen=True, kw_only=True)
class AslToyPlan(AslPlan):
    """Five models of a toy."""

    steps: int
    components: int = 20
    l1: bool = False
    stein_weight: float = 1.0
    kernel_exponent: float = 0.5


@dataclass(frozen=True, kw_only=True)
class AslGivenPlan(AslPlan):
    """ASL of images on an encoder that is given."""

    data: str
    size: int | None = None
    latent: int
    layout: Layout
    epochs: float
    least_steps: int = 1500
    stop_early: int = 0
    density: CouplingKind = "affine"
    extractor: str = "auto"
    held_out_rows: int = 0


@dataclass(frozen=True, kw_only=True)
class AslImagePlan(AslPlan):
    """All models of table 1 on a set of images."""

    data: str
    size: int | None = None
    layout: Layout
    latent: int
    scale_epochs: float = 1.0
    cells: bool = False
    vae_epochs: float
    vae_unit_epochs: float
    two_stage_epochs: float
    vae_asl_epochs: float
    mi_epochs: float
    mi_asl_epochs: float
    on_demand_epochs: float
    init_scale: float = 1.0
    stein_weight: float = 10.0
    kernel_exponent: float = 0.5
    variance_floor: float = 1e-3
    coupling_hidden: tuple[int, ...]
    components: int = 50
    second_hidden: tuple[int, ...]
    second_lr: float | None = None
    l1: bool = False
    extractor: str = "auto"
    mapped_codes: int = 2000
    resamplings: int = 3
    held_out_rows: int = 0


# at the rate of all else the flow stayed N(0, I) on the grid and on the swiss roll
ASL_TOY_PLAN = AslToyPlan(lr=5e-3, density_lr=1e-3, batch=256, width=64, steps=3000)

ASL_GIVEN_PLAN = AslGivenPlan(
    data="fashion_mnist", lr=2e-3, batch=128, width=16, latent=32, layout="plain", epochs=18.0
)


def _enlarge(plan: AslImagePlan) -> AslImagePlan:
    """What the paper's budgets have in common."""
    return replace(
        plan,
        lr=2e-4,
        width=64,
        vae_epochs=50.0,
        vae_unit_epochs=50.0,
        two_stage_epochs=800.0,
        second_lr=1e-4,
        vae_asl_epochs=50.0,
        mi_epochs=50.0,
        mi_asl_epochs=50.0,
        on_demand_epochs=50.0,
        init_scale=1.0,
        second_hidden=(1024, 1024, 1024),
        mapped_codes=5000,
        resamplings=10,
    )


_FASHION = AslImagePlan(
    data="fashion_mnist",
    layout="plain",
    lr=2e-3,
    batch=128,
    width=16,
    latent=32,
    vae_epochs=18.0,
    vae_unit_epochs=9.0,
    two_stage_epochs=30.0,
    vae_asl_epochs=12.0,
    mi_epochs=18.0,
    mi_asl_epochs=12.0,
    on_demand_epochs=5.0,
    init_scale=0.15,
    coupling_hidden=(64, 64),
    second_hidden=(512, 512, 512),
    second_lr=5e-4,
    resamplings=5,
)
_CELEBA = replace(
    _FASHION,
    data="celeba",
    layout="normalised",
    batch=256,
    latent=128,
    vae_epochs=10.0,
    vae_unit_epochs=5.0,
    two_stage_epochs=30.0,
    vae_asl_epochs=5.0,
    mi_epochs=10.0,
    mi_asl_epochs=5.0,
    coupling_hidden=(128, 128),
    resamplings=3,
)
_FASHION_PAPER = replace(
    _enlarge(_FASHION),
    batch=256,
    vae_asl_epochs=100.0,
    mi_asl_epochs=100.0,
    on_demand_epochs=100.0,
    transforms=16,
    coupling_hidden=(256, 256),
)
_CELEBA_PAPER = replace(_enlarge(_CELEBA), transforms=20, coupling_hidden=(128, 128, 128))
_CIFAR10_PAPER = replace(
    _CELEBA_PAPER,
    data="cifar10",
    extractor=RESNET56,
    vae_epochs=100.0,
    vae_unit_epochs=100.0,
    vae_asl_epochs=100.0,
    mi_epochs=100.0,
    mi_asl_epochs=100.0,
)
_CIFAR10 = replace(_CELEBA, data="cifar10", extractor=RESNET56, on_demand_epochs=3.0)

FASHION: Mapping[Budget, AslImagePlan] = {"cpu": _FASHION, "paper": _FASHION_PAPER}
CELEBA: Mapping[Budget, AslImagePlan] = {"cpu": _CELEBA, "paper": _CELEBA_PAPER}
CIFAR10: Mapping[Budget, AslImagePlan] = {"cpu": _CIFAR10, "paper": _CIFAR10_PAPER}
