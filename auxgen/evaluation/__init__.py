"""Scores bound to rows: what is measured of a trained method, how, and the names of measures."""
