"""One model family, one file, as the paper reads."""
