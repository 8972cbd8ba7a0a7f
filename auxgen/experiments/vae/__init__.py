"""Variational autoencoders: the baseline of everything else."""
