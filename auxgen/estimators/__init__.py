"""The scikit-learn face: a classifier that learns from labelled and unlabelled rows."""

from .classifier import SemiSupervisedClassifier
from .folds import LabelledKFold

__all__ = ["LabelledKFold", "SemiSupervisedClassifier"]
