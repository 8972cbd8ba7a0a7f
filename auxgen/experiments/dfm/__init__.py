"""Warde-Farley & Bengio (2017), Improving GANs with Denoising Feature Matching."""

from collections.abc import Mapping
from typing import Any

from ..about import About, Renamed

EXPERIMENTS = {
    "cifar10": About(
        shows="Table 1: denoising feature matching on CIFAR-10",
        paper="Inception score 7.72 +/- 0.13; 11.24 +/- 0.12 for real images",
        ours="",
        time="50 minutes of a CPU core without a denoiser, 70 with one (cpu); hours on a GPU "
        "(paper); neither run yet",
        module="sets:cifar10",
    ),
    "digits": About(
        shows="A GAN of 8x8 digits, with and without feature matching",
        paper="none: not in the paper",
        ours="class score GAN 5.0 (sd 0.9), FM 6.6 (0.3), DFM 5.0 (0.8), both 6.8 (0.3), "
        "real images 9.2; 10 seeds (results/dfm.table1.json); DFM with --denoising-weight 30 "
        "--feature-noise 0.3: 6.1 (0.6), 10 others (results/dfm.weights.json)",
        time="about 18 s of a CPU core",
        module="sets:digits",
    ),
    "fashion": About(
        shows="A GAN of Fashion-MNIST, with and without feature matching",
        paper="none: not in the paper",
        ours="",
        time="1.5 minutes of a CPU core without a denoiser, 3 with one (cpu); hours on a GPU "
        "(paper)",
        module="sets:fashion",
    ),
    "imagenet32": About(
        shows="Table 3: denoising feature matching on ImageNet at 32 x 32",
        paper="Inception score 9.18 +/- 0.13, DCGAN 8.83 +/- 0.14; 25.78 +/- 0.47 for real images",
        ours="",
        time="days on a GPU (paper); not run: trained on tiny sets in tests alone",
        module="sets:imagenet32",
    ),
    "ring": About(
        shows="Modes that a GAN finds on a ring of eight, with and without feature matching",
        paper="none: not in the paper",
        ours="modes of 8: GAN 7.0 (sd 0.9), FM 8.0 (0), DFM 6.4 (1.1); 10 seeds "
        "(results/dfm.ring_study.json); DFM with --denoising-weight 3: 7.8 (0.6), 10 others "
        "(results/dfm.ring_weights.json)",
        time="19 s of a CPU core without a denoiser, 36 s with one",
        module="sets:ring",
    ),
    "stl10": About(
        shows="Table 2: denoising feature matching on STL-10 at 48 x 48",
        paper="Inception score 8.51 +/- 0.13, without it 7.84 +/- 0.07; 26.08 +/- 0.26 for real "
        "images",
        ours="",
        time="hours on a GPU (paper); not run: trained on tiny sets in tests alone",
        module="sets:stl10",
    ),
    "tiny_imagenet": About(
        shows="Denoising feature matching on Tiny ImageNet at 32 x 32, with ImageNet's networks",
        paper="none: not in the paper",
        ours="",
        time="hours on a GPU (paper); not run: trained on tiny sets in tests alone",
        module="sets:tiny_imagenet",
    ),
}
TABLES = (
    "ablations",
    "cifar10_study",
    "ring_study",
    "ring_targets",
    "ring_weights",
    "table1",
    "table2",
    "table3",
    "targets",
    "weights",
)


def _rename_depth(depth: int) -> dict[str, Any]:
    """it is called 'denoiser_depth' now, and 0 is no longer the architecture's own."""
    return {"denoiser_depth": depth} if depth else {}


def _keep_width(width: int) -> dict[str, Any]:
    """0 is no longer the architecture's own."""
    return {"denoiser_width": width} if width else {}


_IMAGE_OPTIONS: Renamed = {
    "train": "train_split",
    "test": "test_split",
    "samples": "measured_samples",
    "depth": _rename_depth,
    "denoiser_width": _keep_width,
}
BEFORE_OPTIONS: Mapping[str, Mapping[str, Any]] = {"cifar10": {"measured_epochs": ()}}
"""What runs did that were begun before they had these options."""
RENAMED_OPTIONS: dict[str, Renamed] = {
    "*": {
        "denoising": "denoising_weight",
        "noise": "feature_noise",
        "annealed": "anneal_noise",
        "history": "history_weight",
        "l1": "l1_matching",
    },
    "ring": {"z": "latent", "depth": "denoiser_depth", "denoiser_width": _keep_width},
    **{name: _IMAGE_OPTIONS for name in EXPERIMENTS if name != "ring"},
}
