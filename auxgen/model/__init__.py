"""A trained method with its preprocessor as one object, and how it is loaded."""

from .loading import load
from .model import Model, Rows

__all__ = ["Model", "Rows", "load"]
