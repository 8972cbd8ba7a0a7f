"""Small models of tables, trained for a few rounds within this process."""

from __future__ import annotations

import json
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from auxgen.data.dataset import Preprocessor
from auxgen.data.inputs import read_rows
from auxgen.engine.loop import Training
from auxgen.experiments.adgm import own, plans
from auxgen.model import Model


def train_model(file: Path, model: Any = "m2", steps: int = 20, **options: Any) -> Model:
    """A small model of a table, after a few rounds; its space has been through JSON."""
    size = {"hidden": 8, "latent": 2, "batch": 16, "steps": steps, "lr": 3e-3}
    plan = plans.AdgmOwnPlan(model=model, **size)
    (stage,) = own.experiment(plan, data=file, label="label", **options).values()
    assert stage.space is not None
    training = Training(stage.method, stage.engine, seed=0)
    batches = (stage.batches(step, 0, 1, "cpu") for step in count())
    for batch in islice(batches, steps):
        training.run_round(batch)
    assert all(np.isfinite(value) for value in training.meter.compute_means().values())
    space = Preprocessor.from_json(json.loads(json.dumps(stage.space.to_json())))
    return Model(stage.method.eval().requires_grad_(False), space, "small", {})


def predict(model: Model, file: Path) -> torch.Tensor:
    """Probabilities of classes of a file's rows."""
    return model.predict(read_rows([file], model.space).x, draws=3).probabilities
