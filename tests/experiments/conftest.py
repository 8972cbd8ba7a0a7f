"""Pictures of few pixels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def coarse_pictures() -> Iterator[None]:
    """Pictures of the usual size would take a third of the time of a reproduction."""
    import matplotlib

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(matplotlib.rcParams, "savefig.dpi", 65)
        yield
