"""Methods, one file for each family, in the words of its paper."""
