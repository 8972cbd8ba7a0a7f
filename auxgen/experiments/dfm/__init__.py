"""Denoising feature matching (Warde-Farley & Bengio, 2017): experiments and reproductions."""
