"""How the explorer calls the model that a command line names."""

from pathlib import Path

import pytest

from auxgen.cli.explore import make_page_title


@pytest.mark.parametrize(
    ("path", "title"),
    [
        (Path("runs/moons"), "moons"),
        (Path("runs/mine/experiment.py"), "mine"),
        (Path("hf://you/moons"), "you/moons"),
        (Path("hf://you/moons@0123abc"), "you/moons"),
    ],
)
def test_the_page_has_the_name_of_the_model(path: Path, title: str) -> None:
    assert make_page_title(path) == title
