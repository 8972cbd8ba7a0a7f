"""Pure functions of tensors that measure samples, codes and predictions."""
