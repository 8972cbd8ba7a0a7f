"""The version of auxgen."""

__version__ = "0.1.0"
