"""Sphinx: MyST pages, and a reference made of the docstrings."""

from __future__ import annotations

import re
from typing import Any

from auxgen import __version__

project = "auxgen"
copyright = "the auxgen maintainers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "auxgen"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_use_ivar = True

CODE = re.compile(r"(`[^`]*`)")


def plain(app: Any, what: str, name: str, it: object, options: Any, lines: list[str]) -> None:
    """Formulas such as q(y|x) and (n, *shape) are text, not markup."""
    del app, what, name, it, options
    for i, line in enumerate(lines):
        parts = CODE.split(line)
        parts[::2] = [re.sub(r"([*|])|(?<=\w)(_)(?!\w)", r"\\\1\2", part) for part in parts[::2]]
        lines[i] = "".join(parts)


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", plain, priority=400)
