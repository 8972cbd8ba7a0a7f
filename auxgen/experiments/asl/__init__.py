"""Auxiliary supervised learning (anonymous, 2022): experiments and reproductions."""
