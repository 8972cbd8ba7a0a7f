"""The scikit-learn face: a classifier that learns from rows without labels, and a density."""

from .classifier import SemiSupervisedClassifier
from .folds import LabelledKFold
from .generative import GenerativeModel

__all__ = ["GenerativeModel", "LabelledKFold", "SemiSupervisedClassifier"]
