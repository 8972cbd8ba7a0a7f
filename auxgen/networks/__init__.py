"""Architectures. They know nothing of objectives."""
