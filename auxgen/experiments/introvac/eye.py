"""Eye: faces with glasses, and twice as many without (IntroVAC, section 4).

auxgen train introvac.eye --run runs/eye --size 32
auxgen train introvac.eye --run runs/eye --budget paper --device cuda
"""

from __future__ import annotations

from ..common import About
from ._faces import GLASSES, make_face_experiment

ABOUT = About(
    shows="Figures 4 and 8: glasses added to faces, and faces drawn with glasses",
    paper="pictures without numbers",
    ours="at 32 x 32, 60 epochs, 1 seed: glasses come for 100 % (results/introvac.figure4.json)",
    time="about 8 minutes of a CPU core at 32 x 32 (cpu); hours on a GPU (paper), not run yet",
)

experiment = make_face_experiment(GLASSES, ratio=2, delta=3)
