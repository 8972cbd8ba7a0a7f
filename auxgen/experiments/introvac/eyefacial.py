"""EyeFacial: faces with glasses or facial hair, and as many without (IntroVAC, section 4).

    auxgen train introvac.eyefacial --run runs/eyefacial --size 32
    auxgen train introvac.eyefacial --run runs/eyefacial --budget paper --device cuda

Two attributes: Eyeglasses; FacialHair, which is a beard, a goatee or a mustache.
"""

from __future__ import annotations

from ._faces import FACIAL_HAIR, GLASSES, make_face_experiment

experiment = make_face_experiment({**GLASSES, **FACIAL_HAIR}, ratio=1, delta=4)
