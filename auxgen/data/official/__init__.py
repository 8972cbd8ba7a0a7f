"""Sets in the files that their authors publish: one format a file."""
