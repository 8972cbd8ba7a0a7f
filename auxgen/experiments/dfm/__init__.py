"""Warde-Farley & Bengio (2017), Improving GANs with Denoising Feature Matching."""

from ..about import About

EXPERIMENTS = {
    "cifar10": About(
        shows="Table 1: denoising feature matching on CIFAR-10",
        paper="Inception score 7.72 +/- 0.13; 11.24 +/- 0.12 for real images",
        ours="",
        time="hours on a GPU (paper); not run",
    ),
    "digits": About(
        shows="A GAN of 8x8 digits, with and without feature matching",
        paper="none: not in the paper",
        ours="class score GAN 5.0 (sd 0.9), FM 6.6 (0.3), DFM 5.0 (0.8), both 6.8 (0.3), "
        "real images 9.2; 10 seeds (results/dfm.table1.json)",
        time="about 18 s of a CPU core",
    ),
    "fashion": About(
        shows="A GAN of Fashion-MNIST, with and without feature matching",
        paper="none: not in the paper",
        ours="",
        time="1.5 minutes of a CPU core without a denoiser, 3 with one (cpu); hours on a GPU (paper)",
    ),
    "imagenet32": About(
        shows="Table 3: denoising feature matching on ImageNet at 32 x 32",
        paper="Inception score 9.18 +/- 0.13, DCGAN 8.83 +/- 0.14; 25.78 +/- 0.47 for real images",
        ours="",
        time="days on a GPU (paper); not run: trained on tiny sets in tests alone",
    ),
    "ring": About(
        shows="Modes that a GAN finds on a ring of eight, with and without feature matching",
        paper="none: not in the paper",
        ours="modes of 8: GAN 7.0 (sd 0.9), FM 8.0 (0), DFM 6.4 (1.1); 10 seeds "
        "(results/dfm.ring_study.json)",
        time="19 s of a CPU core without a denoiser, 36 s with one",
    ),
    "stl10": About(
        shows="Table 2: denoising feature matching on STL-10 at 48 x 48",
        paper="Inception score 8.51 +/- 0.13, without it 7.84 +/- 0.07; 26.08 +/- 0.26 for real images",
        ours="",
        time="hours on a GPU (paper); not run: trained on tiny sets in tests alone",
    ),
    "tiny_imagenet": About(
        shows="Denoising feature matching on Tiny ImageNet at 32 x 32, with ImageNet's networks",
        paper="none: not in the paper",
        ours="",
        time="hours on a GPU (paper); not run: trained on tiny sets in tests alone",
    ),
}
TABLES = ("ablations", "ring_study", "table1", "table2", "table3")
