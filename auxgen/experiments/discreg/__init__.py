"""Experiments of Discriminative Regularization for Generative Models (Lamb et al., 2016)."""
