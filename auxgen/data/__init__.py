"""Data: named sets, a person's own, labels, toys, and batches."""
