"""Eye: faces with glasses, and twice as many without (IntroVAC, section 4).

auxgen train introvac.eye --run runs/eye --size 32
auxgen train introvac.eye --run runs/eye --budget paper --device cuda
"""

from __future__ import annotations

from ._faces import GLASSES, make_face_experiment

experiment = make_face_experiment(GLASSES, ratio=2, delta=3)
