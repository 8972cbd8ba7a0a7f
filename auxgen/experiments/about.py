"""What is known of an experiment before anything of it is imported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class About:
    """An experiment in the list that its paper's package keeps.

    Attributes:
        shows: What it shows or reproduces, in a line.
        paper: The paper's number, with its unit; "" where there is none.
        ours: Ours, with the file under results/ that made it; "" while not measured.
        time: Hours, minutes or seconds, with the hardware.
        module: The module in the paper's package, "half_moons"; with a colon and the function's
            name where that is not `experiment`: "toys:ring".
    """

    shows: str
    paper: str = ""
    ours: str = ""
    time: str = ""
    module: str = ""


Renamed = Mapping[str, str | Callable[..., dict[str, Any]]]
"""Options of earlier versions by their old names: the new name, or a function of the old value, or
of it and all old options, that gives new options."""
