"""Training Deep Generative Models via Auxiliary Supervised Learning (2022)."""

from ..about import About


def _describe_toy(toy: str, medians: str) -> About:
    """What an experiment on a toy tells of itself; medians of W1 over five seeds."""
    return About(
        shows=f"Figures 2, 3 and 8: VAE, flow, VAE-ASL and MI-ASL on {toy}",
        paper="box plots without numbers: ASL nearest to the truth on every toy",
        ours=f"W1 {medians} (results/asl.figure3.json)",
        time="about 2 minutes of one CPU core",
    )


EXPERIMENTS = {
    "celeba": About(
        shows="Figures 7 and 10-12: VAE-ASL and MI-ASL on faces, and faces by attributes",
        paper="pictures without numbers",
        ours="",
        time="about 10 minutes of one CPU core (cpu); hours on a GPU (paper); neither run yet",
    ),
    "cifar10": About(
        shows="Table 1, figure 9: VAE, two-stage VAE, VAE-ASL and MI-ASL on CIFAR-10",
        paper="FID 99.34, 89.91, 86.51, 87.19",
        ours="",
        time="about 10 minutes of one CPU core (cpu); hours on a GPU (paper); neither run yet",
    ),
    "circle": _describe_toy(
        "a thin circle", "0.076 MI-ASL, 0.068 VAE-ASL, 0.093 flow, 0.096 VAE, 0.057 true"
    ),
    "fashion": About(
        shows="Table 1, figures 4-6: VAE, two-stage VAE, VAE-ASL and MI-ASL on Fashion-MNIST",
        paper="FID 47.19, 43.88, 38.39, 26.00",
        ours="FD, not FID: 13.8, 5.3, 1.9, 1.9, budget cpu, 3 seeds (results/asl.table1.json)",
        time="about 30 minutes of one CPU core (cpu); hours on a GPU (paper), not run yet",
    ),
    "given": About(
        shows="Section 3.3: ASL on an encoder without a decoder, here a classifier's features",
        paper="said to be possible, not tried",
        ours="FD 4.84, in the features of the encoder itself; 1 seed (results/asl.given.json)",
        time="about 5 minutes of one CPU core",
    ),
    "grid": _describe_toy(
        "a grid of 25 Gaussians", "0.141 MI-ASL, 0.092 VAE-ASL, 0.364 flow, 0.101 VAE, 0.070 true"
    ),
    "moons": _describe_toy(
        "two half-moons", "0.088 MI-ASL, 0.102 VAE-ASL, 0.083 flow, 0.119 VAE, 0.078 true"
    ),
    "pinwheel": _describe_toy(
        "a pinwheel of five arms", "0.087 MI-ASL, 0.091 VAE-ASL, 0.099 flow, 0.113 VAE, 0.073 true"
    ),
    "ring": _describe_toy(
        "eight Gaussians on a ring",
        "0.078 MI-ASL, 0.091 VAE-ASL, 0.115 flow, 0.109 VAE, 0.066 true",
    ),
    "swiss_roll": _describe_toy(
        "a rolled sheet in three dimensions",
        "0.227 MI-ASL, 0.367 VAE-ASL, 0.478 flow, 0.377 VAE, 0.155 true",
    ),
}
TABLES = (
    "densities",
    "figure10",
    "figure11",
    "figure12",
    "figure2",
    "figure3",
    "figure4",
    "figure5",
    "figure6",
    "figure7",
    "figure8",
    "figure9",
    "given",
    "on_demand",
    "table1",
)
