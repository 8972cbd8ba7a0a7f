"""The lock of an audit has the versions that are tested, each with its hashes."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def read_versions(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text().splitlines()
    found = [re.match(r"([\w.-]+)(?:\[[\w,]+\])?==([\w.+]+)", line) for line in lines]
    return {re.sub(r"[-_.]+", "-", m[1].lower()): m[2] for m in found if m}


def test_the_lock_has_the_tested_versions() -> None:
    locked, tested = read_versions("requirements.lock"), read_versions("constraints.txt")
    both = locked.keys() & tested.keys()
    assert {"torch", "numpy", "datasets", "gradio", "onnx", "safetensors"} <= both
    assert {name: locked[name] for name in both} == {name: tested[name] for name in both}


def test_every_package_of_the_lock_has_hashes_and_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    packages = re.split(r"\n(?=[\w])", text.strip())
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text
