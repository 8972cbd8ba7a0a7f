"""Feature extractors, in whose features pictures are compared."""
