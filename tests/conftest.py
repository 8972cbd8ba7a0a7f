"""Every test runs on one thread, with distributions that check their arguments, and offline."""

from __future__ import annotations

import os
import tempfile

os.environ["AUXGEN_DEBUG"] = "1"
os.environ["AUXGEN_CACHE"] = tempfile.mkdtemp(prefix="auxgen-cache-")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"

import torch

torch.set_num_threads(1)
