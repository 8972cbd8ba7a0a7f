"""EyeFacial: faces with glasses or facial hair, and as many without (IntroVAC, section 4).

    auxgen train introvac.eyefacial --run runs/eyefacial --size 32
    auxgen train introvac.eyefacial --run runs/eyefacial --budget paper --device cuda

Two attributes: Eyeglasses; FacialHair, which is a beard, a goatee or a mustache.
"""

from __future__ import annotations

from ..common import About
from ._faces import FACIAL_HAIR, GLASSES, make_face_experiment

ABOUT = About(
    shows="Table 1, figures 6 and 9: glasses and facial hair added to faces, singly and both",
    paper="FID of reconstructions 63.9 (VAC), 25.5 (IntroVAC), of a set not named",
    ours="at 32 x 32, 60 epochs, 3 seeds: FD of reconstructions 9.3 (VAC), 7.1 (IntroVAC) "
    "(results/introvac.table1.json)",
    time="10 minutes of a CPU core at 32 x 32 (cpu), of the tables' 60 epochs 35; hours on a GPU "
    "(paper), not run yet",
)

experiment = make_face_experiment({**GLASSES, **FACIAL_HAIR}, ratio=1, delta=4)
