"""The one training loop. It knows moves, not methods."""
