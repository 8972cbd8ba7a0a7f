"""Facial: faces with a beard, goatee or mustache, and as many without (IntroVAC, section 4).

auxgen train introvac.facial --run runs/facial --size 32
auxgen train introvac.facial --run runs/facial --budget paper --device cuda
"""

from __future__ import annotations

from ..common import About
from ._faces import FACIAL_HAIR, make_face_experiment

ABOUT = About(
    shows="Figures 5, 7 and 8: facial hair added to faces, VAC beside IntroVAC",
    paper="pictures without numbers",
    ours="at 32 x 32, 60 epochs, 1 seed: facial hair comes for 99 % "
    "(results/introvac.figure5.json)",
    time="about 8 minutes of a CPU core at 32 x 32 (cpu); hours on a GPU (paper), not run yet",
)

experiment = make_face_experiment(FACIAL_HAIR, ratio=1, delta=4)
