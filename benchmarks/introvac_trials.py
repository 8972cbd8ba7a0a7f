"""Short trials by which the weights, widths and errors of VAC and IntroVAC were chosen.

auxgen train features.celeba_32 --epochs 6 --run runs/judge
python benchmarks/introvac_trials.py code results/introvac.trials.code.json --judge runs/judge
python benchmarks/introvac_trials.py game results/introvac.trials.game.json --judge runs/judge

Faces of 32 x 32, EyeFacial; all is measured on validation faces, with weights that are an average
over rounds. "code" are VACs: the weight of the rate, the width of the code, the error, the networks
and the rows. "game" are IntroVACs that start from one VAC: by which weights is the game played?
Trials that the file has already are not run again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from records import describe_run
from torch.distributions import kl_divergence

from auxgen.evaluation.attribute_scorers import MultilabelScorer
from auxgen.evaluation.classification import AttributeTestErrors
from auxgen.evaluation.edited_pictures import EditedPictureQuality
from auxgen.evaluation.images import PixelSimilarity, ReconstructionQuality
from auxgen.experiments.introvac.celeba import FACIAL_HAIR, GLASSES
from auxgen.experiments.introvac.evaluations import FakeDetection
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment
from auxgen.features.extractors import quantise_pictures
from auxgen.files import write_file
from auxgen.inference.batched import map_raw_rows
from auxgen.inference.codes import decode_to_rows, embed_rows
from auxgen.inference.moves import get_classifier_directions
from auxgen.launch import train
from auxgen.score import Score
from auxgen.stage import Stage

ATTRIBUTES = {**GLASSES, **FACIAL_HAIR}
BATCH, ROWS, ALL_ROWS = 64, 6284, 14433
"""Rows of a batch, of the paper's set, and of all training faces."""
EDIT_DISTANCE = 4.0
SHORT: Mapping[str, Any] = {"size": 32, "test_split": "valid", "pixel_shuffle": True}
CODE_TRIALS: Mapping[str, Mapping[str, Any]] = {
    "beta_reg 3, latent 64": {"beta_reg": 3.0},
    "beta_reg 0.75, latent 64": {},
    "beta_reg 0.25, latent 64": {"beta_reg": 0.25},
    "beta_reg 1.5, latent 128": {"latent": 128},
    "layers at full size": {"pixel_shuffle": False},
    "all faces, mirrored": {"all_faces": True, "flip": True},
    "squared error": {"error": "squared", "beta_ae": 600.0},
    "features, weight 0.03": {"feature_weight": 0.03},
}
"""What differs from a VAC of `SHORT` whose weights are the plan's."""
GAME_TRIALS: Mapping[str, Mapping[str, Any]] = {
    "beta_ec 1.67": {"beta_ec": 5 / 3},
    "beta_ec 1.67, beta_g 0.5": {"beta_ec": 5 / 3, "beta_g": 0.5},
    "beta_ec 1.67, beta_g 0.1": {"beta_ec": 5 / 3, "beta_g": 0.1},
    "the paper's weights": {},
    "attributes alone": {"game": False},
}
"""What differs from an IntroVAC of `SHORT`."""


def count_passes(rounds: int, options: Mapping[str, Any]) -> float:
    """Passes over the rows that so many rounds are."""
    return rounds * BATCH / (ALL_ROWS if options.get("all_faces") else ROWS)


def run_trial(options: Mapping[str, Any], model: str, rounds: tuple[int, int], seed: int) -> Stage:
    """The stage of a model, trained for rounds of pretraining and in all."""
    passes = [count_passes(n, options) for n in rounds]
    given = {**SHORT, **options, "model": model, "scorers": (), "seed": seed}
    given |= {
        "pretraining_epochs": passes[0],
        "vac_epochs": passes[1],
        "introvac_epochs": passes[1],
    }
    with TemporaryDirectory() as folder:
        run = train(
            "introvac.eyefacial", run=Path(folder) / "run", precision="32", quiet=True, **given
        )
        stage: Stage = build_experiment(find_experiment("introvac.eyefacial"), given)[model]
        run.restore_stage(model, stage)
    return stage


def measure(stage: Stage, judge: str) -> dict[str, float]:
    """Scores of a stage on its validation faces."""
    method: Any = stage.method.eval()
    test, space = stage.data["test"], stage.space
    assert space is not None
    split: dict[str, Any] = {"split_name": "valid"}
    x, names = test.raw_rows(), test.attribute_names
    y = test.require_attributes()
    scores: dict[str, Score] = {
        **PixelSimilarity(test, space, measures=("l1", "psnr"), **split)(method),
        **ReconstructionQuality(test, space, extractor=judge, **split)(method),
        **AttributeTestErrors(x, y, names=names, **split)(method),
        **EditedPictureQuality(
            stage.data["train"], test, space, extractor=judge, distance=EDIT_DISTANCE, **split
        )(method),
    }
    if "game" in stage.recipe.arguments:  # pyright: ignore[reportOptionalMemberAccess]
        scores |= FakeDetection(test, space, **split)(method)
    found = {name.replace(f"({judge})", ""): score.value for name, score in scores.items()}

    def compute_rate(rows: torch.Tensor) -> torch.Tensor:
        return kl_divergence(method.q_z(rows), method.p_z())

    found["nats"] = map_raw_rows(compute_rate, method, space, x).mean().item()
    scorer = MultilabelScorer(judge, ATTRIBUTES)
    directions = get_classifier_directions(method, space)
    for k, name in enumerate(names):
        for what, rows, distance in (
            ("reconstructions with it", y[:, k] == 1, 0.0),
            ("reconstructions without it", y[:, k] == 0, 0.0),
            ("edits", y[:, k] == 0, EDIT_DISTANCE),
        ):
            z = directions[name].move(embed_rows(method, space, x[rows]), distance)
            pictures = quantise_pictures(decode_to_rows(method, space, z, None))
            seen = scorer(pictures, "cpu").logits[:, k] > 0
            found[f"{name} seen in {what}"] = 100 * seen.double().mean().item()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trials", choices=["code", "game"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--judge", default="features.celeba_32", help="a classifier of attributes")
    parser.add_argument("--pretraining", type=int, default=100, help="rounds of pretraining")
    parser.add_argument("--rounds", type=int, default=300, help="rounds, pretraining included")
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    trials, model = (CODE_TRIALS, "vac") if given.trials == "code" else (GAME_TRIALS, "introvac")
    result = json.loads(given.out.read_text()) if given.out.exists() else {"trials": []}
    done = {(trial["name"], trial["seed"]) for trial in result["trials"]}
    for seed in range(given.seeds):
        for name, options in trials.items():
            if (name, seed) in done:
                continue
            begun = time.process_time()
            stage = run_trial(options, model, (given.pretraining, given.rounds), seed)
            seconds = time.process_time() - begun
            scores = measure(stage, given.judge)
            rounds = {"pretraining": given.pretraining, "all": given.rounds}
            trial = {"name": name, "seed": seed, "options": options, "rounds": rounds}
            result["trials"].append({**trial, "processor_seconds": seconds, "scores": scores})
            about = describe_run("introvac_trials.py", "torch")
            write_file(given.out, (json.dumps({**about, **result}, indent=1) + "\n").encode())
            print(name, seed, {k: round(v, 4) for k, v in scores.items()}, flush=True)


if __name__ == "__main__":
    main()
