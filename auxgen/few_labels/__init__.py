"""Classification of rows of which few have labels: an ensemble, its peers, and their mean."""
