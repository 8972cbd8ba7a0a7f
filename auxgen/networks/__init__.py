"""Networks and the distributions that they return. They know nothing of objectives."""
