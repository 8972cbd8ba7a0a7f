"""Facial: faces with a beard, goatee or mustache, and as many without (IntroVAC, section 4).

auxgen train introvac.facial --run runs/facial --size 32
auxgen train introvac.facial --run runs/facial --budget paper --device cuda
"""

from __future__ import annotations

from ._faces import FACIAL_HAIR, make_face_experiment

experiment = make_face_experiment(FACIAL_HAIR, ratio=1, delta=4)
