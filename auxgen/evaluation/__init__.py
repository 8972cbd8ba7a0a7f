"""Scores: pure functions of tensors; drawing and passing over rows apart."""
