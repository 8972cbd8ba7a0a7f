"""Pictures of few pixels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def coarse_pictures() -> Iterator[None]:
    """Most of a small reproduction is to lay out, draw and compress pictures of the usual size."""
    import matplotlib
    from matplotlib.figure import Figure

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(matplotlib.rcParams, "savefig.dpi", 65)
        patch.setattr(Figure, "get_layout_engine", lambda self: None)  # it draws all twice
        yield
