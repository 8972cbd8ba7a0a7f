"""What people do with a trained model: sample, encode, predict, edit."""
