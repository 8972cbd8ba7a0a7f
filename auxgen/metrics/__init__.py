"""Measures as pure functions of tensors."""
