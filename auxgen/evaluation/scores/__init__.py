"""Evaluations: functions of a method that return a Score, bound to the rows they measure on.

Each seeds its own draws, so that a score depends on the method, the rows and the seed alone.
"""

from .bounds import Elbo, ImportanceBound, ImportanceNll
from .classified import AttributeTestErrors, Brier, Calibration, Classified, PeerError, TestError

__all__ = [
    "AttributeTestErrors",
    "Brier",
    "Calibration",
    "Classified",
    "Elbo",
    "ImportanceBound",
    "ImportanceNll",
    "PeerError",
    "TestError",
]
