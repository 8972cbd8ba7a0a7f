"""How long each notebook takes, and a picture of what comes out of it.

python benchmarks/notebooks.py results/notebooks.json --threads 1
python benchmarks/notebooks.py results/notebooks.json --threads 2

The notebooks of docs/notebooks are executed one after the other, each in a folder of its own with
an empty cache, so that whatever is trained once and kept is trained. Times are kept in the file
beside those of the other number of threads; `processor_seconds` are those of all processes
together, what a quiet machine takes on one core. A picture of each notebook lies beside the file.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

from auxgen.engine.device import describe_hardware
from auxgen.files import write_file
from auxgen.runs.config import find_commit

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"
PICTURES: Mapping[str, int] = {
    "few-labels-table": 0,
    "few-labels-pictures": 2,
    "picture-edits": 0,
    "gan-baselines": 0,
}
"""By notebook: which of its pictures is kept."""


def execute(file: Path) -> NotebookNode:
    """A notebook with its outputs."""
    notebook = nbformat.read(file, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AUXGEN_CACHE"] = os.environ["TMPDIR"] = folder
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=3600, resources=resources).execute()
    return notebook


def measure(name: str) -> tuple[NotebookNode, dict[str, Any]]:
    """An executed notebook, and what it took."""
    start, before = time.monotonic(), _read_processor_seconds()
    waiting = os.getloadavg()[0]
    notebook = execute(FOLDER / f"{name}.ipynb")
    return notebook, {
        "seconds": round(time.monotonic() - start),
        "processor_seconds": round(_read_processor_seconds() - before),
        "processes_that_wanted_a_core": [round(waiting, 1), round(os.getloadavg()[0], 1)],
        "date": date.today().isoformat(),
        "commit": find_commit(),
    }


def _read_processor_seconds() -> float:
    """Of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def get_picture(notebook: NotebookNode, place: int) -> bytes:
    """One of the pictures that a notebook shows, as PNG of 64 colours."""
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    pictures = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    page, out = Image.open(BytesIO(base64.b64decode(pictures[place]))), BytesIO()
    page.convert("RGB").quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, choices=(1, 2), default=1)
    parser.add_argument("--only", nargs="*", default=list(PICTURES))
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    known = json.loads(given.out.read_text()) if given.out.exists() else {}
    about = {
        "command": "python benchmarks/notebooks.py results/notebooks.json --threads N",
        "hardware": describe_hardware("cpu").partition(",")[0],
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in ("torch", "scikit-learn", "numpy")},
    }
    for name in given.only:
        notebook, took = measure(name)
        picture = get_picture(notebook, PICTURES[name])
        write_file(given.out.with_name(f"notebooks.{name}.png"), picture)
        times = known.setdefault("notebooks", {}).setdefault(name, {})
        times[f"{given.threads} threads"] = took
        text = json.dumps({**about, "notebooks": known["notebooks"]}, indent=2) + "\n"
        write_file(given.out, text.encode())
        print(name, took, flush=True)


if __name__ == "__main__":
    main()
