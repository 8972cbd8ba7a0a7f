"""Devices: which one a name means, and what it is, in words."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

from ..errors import InputError


def resolve_device(device: str) -> str:
    """The device's name, "auto" decided.

    Raises:
        InputError: This machine has none of that name.
    """
    if device == "auto":
        local = os.environ.get("LOCAL_RANK", "0")
        return f"cuda:{local}" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"This machine has no device {device!r}; auto, cpu or cuda is wanted."
        ) from error
    return device


def describe_hardware(device: str) -> str:
    """What it runs on, in words: the processor's model and the threads in use."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    said = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in said if line.startswith("model name")]
    threads = torch.get_num_threads()
    named = models[0] if models else platform.processor() or platform.machine()
    return f"{named}, {threads} thread{'s' if threads > 1 else ''}"
