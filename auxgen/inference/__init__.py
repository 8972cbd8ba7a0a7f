"""What people do with a trained method and its preprocessor: sample, encode, predict, edit.

Functions take a `method`, which needs the abilities that they use, see `auxgen.method`, and the
`space`, which is how it sees raw rows: `raw` (n, *shape), in a person's units.
"""
