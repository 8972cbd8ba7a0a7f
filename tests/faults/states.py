"""What a folder holds, in a form in which two runs of the same bits are equal."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

TIMES = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\+00:00)?( UTC)?|[\d.]+ (s|min)\b|[0-9a-f]{32}"
)
"""Dates, lengths of time and the identity of a run in a page."""
OTHERS = ("seconds", "id", "started", "estimated_seconds", "run", "state.json")
"""Keys of JSON whose values are another run's own: times, its name, and what depends on these."""


def read_state(folder: Path) -> dict[str, str]:
    """A digest of each file by its path; "" of a folder that is empty."""
    found = {}
    for here, folders, names in os.walk(folder):
        for name in names:
            path = Path(here, name)
            found[path.relative_to(folder).as_posix()] = _digest(path)
        if not folders and not names:
            found[f"{Path(here).relative_to(folder).as_posix()}/"] = ""
    return found


def _digest(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".json":
        data = json.dumps(_drop(json.loads(data))).encode()
    elif path.suffix == ".jsonl":
        lines = [_drop(json.loads(line)) for line in data.decode().splitlines()]
        data = json.dumps(lines).encode()
    elif path.suffix in (".html", ".md"):
        data = TIMES.sub(b"", data)
    elif path.suffix == ".npz":  # an archive has the time of day
        data = data.replace(data[10:14], b"")
    return hashlib.sha256(data).hexdigest()


def _drop(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop(each) for key, each in value.items() if key not in OTHERS}
    return [_drop(each) for each in value] if isinstance(value, list) else value


def compare_states(found: dict[str, str], expected: dict[str, str]) -> str:
    """How they differ, in words; "" if they do not."""
    missing = sorted(expected.keys() - found.keys())
    more = sorted(found.keys() - expected.keys())
    others = sorted(name for name in found.keys() & expected if found[name] != expected[name])
    said = {"missing": missing, "left over": more, "different": others}
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in said.items() if names)


def find_half_files(folder: Path) -> list[str]:
    """Files under their final names that are not whole: JSON, tensors, pictures, pages.

    Names that begin with a point are of files in the making. The log grows by lines, and its last
    one may be cut.
    """
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(here, name)
            if not name.startswith(".") and not _is_whole(path):
                found.append(path.relative_to(folder).as_posix())
    return found


def _is_whole(path: Path) -> bool:
    try:
        match path.suffix:
            case ".json":
                json.loads(path.read_bytes())
            case ".safetensors":
                load_file(path)
            case ".html":
                return path.read_text().rstrip().endswith("</html>")
            case ".png":
                from PIL import Image

                with Image.open(path) as image:
                    image.load()
            case ".csv":
                return path.read_bytes().endswith(b"\n")
    except Exception:
        return False
    return True
