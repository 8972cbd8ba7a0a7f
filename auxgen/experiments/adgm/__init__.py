"""Auxiliary deep generative models (Maaloe et al., 2016): experiments and reproductions."""
