"""Parts of a model as ONNX: from raw rows to classes, attributes and codes, and from codes to rows.

Each part holds its preprocessing: rows come in and go out in a person's own units, any number of
them. What a part draws (q(y|x) of an ADGM is a mean over draws of a) is written into it as
constants, so that it says of a row what `Model` says with seed 0.
"""
