"""Sphinx: MyST pages, and a reference made of the docstrings."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from typing import Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from auxgen import __version__

project = "auxgen"
copyright = "the auxgen maintainers"
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "auxgen"
html_static_path = ["_static"]
html_css_files = ["gallery.css"]
myst_enable_extensions = ["dollarmath", "html_image"]
myst_heading_anchors = 3
# `make docs` shows notebooks as they are stored, without outputs; `make notebooks` executes them
nb_execution_mode = "off"
nb_execution_timeout = 3600
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_use_ivar = True


class Room(SphinxDirective):
    """`automodule` for all modules of a package but those of the option `except`."""

    required_arguments = 1
    option_spec: ClassVar = {"except": str}

    def run(self) -> list[nodes.Node]:
        package = import_module(self.arguments[0])
        left_out = re.split(r",\s*", self.options.get("except", ""))
        modules = [m.name for m in pkgutil.iter_modules(package.__path__)]
        names = [f"{package.__name__}.{m}" for m in modules if m not in left_out]
        return self.parse_text_to_nodes("\n\n".join(f".. automodule:: {name}" for name in names))


CODE = re.compile(r"(`[^`]*`)")


def plain(app: Any, what: str, name: str, it: object, options: Any, lines: list[str]) -> None:
    """Formulas such as q(y|x) and (n, *shape) are text, not markup."""
    del app, what, name, it, options
    for i, line in enumerate(lines):
        parts = CODE.split(line)
        parts[::2] = [re.sub(r"([*|])|(?<=\w)(_)(?!\w)", r"\\\1\2", part) for part in parts[::2]]
        lines[i] = "".join(parts)


def skip_metadata_requests(
    app: Any, what: str, name: str, it: object, skip: bool, options: Any
) -> bool:
    """Leave out `set_fit_request` and the like, which scikit-learn adds with links of its own."""
    del app, what, it, options
    return skip or re.fullmatch(r"set_\w+_request", name.rpartition(".")[2]) is not None


def setup(app: Any) -> None:
    app.connect("autodoc-skip-member", skip_metadata_requests)
    app.add_directive("room", Room)
    app.connect("autodoc-process-docstring", plain, priority=400)
