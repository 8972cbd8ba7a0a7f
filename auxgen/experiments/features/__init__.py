"""Feature extractors that are trained here, for distances between sets of pictures."""

from ..about import About

EXPERIMENTS = {
    "celeba": About(
        shows="A residual network on the 40 attributes of CelebA, for its features",
        paper="none: not in a paper",
        ours="error 11.2 % and balanced accuracy 69.6 %, means over attributes, 1 seed "
        "(results/features.celeba.json)",
        time="7 minutes of a CPU core",
    ),
    "celeba_32": About(
        shows="A residual network on the 40 attributes of CelebA at 32 x 32, to judge edits by",
        paper="none: not in a paper",
        ours="error 10.7 % and balanced accuracy 73.4 %, means over attributes, 1 seed "
        "(results/features.celeba_32.json)",
        time="13 minutes by the clock on a CPU core shared with other jobs",
    ),
    "cifar10": About(
        shows="A residual network on CIFAR-10, for its features",
        paper="none: not in a paper",
        ours="test error 16.5 %, 1 seed (results/features.cifar10.json)",
        time="9 minutes of a CPU core",
    ),
    "digits": About(
        shows="A residual network on 8x8 digits, for its features",
        paper="none: not in a paper",
        ours="test error 0.2 % (1 of 500), 1 seed (results/features.digits.json)",
        time="15 s of a CPU core",
    ),
    "fashion_mnist": About(
        shows="A residual network on Fashion-MNIST, for its features",
        paper="none: not in a paper",
        ours="test error 8.1 %, 1 seed (results/features.fashion_mnist.json)",
        time="3 minutes of a CPU core",
    ),
    "mnist": About(
        shows="A residual network on MNIST, for its features",
        paper="none: not in a paper",
        ours="test error 0.60 %, 1 seed (results/features.mnist.json)",
        time="2 minutes of a CPU core",
    ),
    "own": About(
        shows="A residual network on your own labelled images, for its features",
        paper="none: not in a paper",
        ours="yours",
        time="minutes on a CPU core",
    ),
}
TABLES: tuple[str, ...] = ()
