"""What people do with a model: sample, reconstruct, interpolate, embed, predict."""
