"""Networks in whose features pictures are compared."""
