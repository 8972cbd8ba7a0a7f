"""Denoising feature matching on sets that are written here as their authors publish them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from auxgen.data.images import load_image_dataset
from auxgen.experiments.dfm import plans, sets, tables
from auxgen.experiments.dfm.rows import SHARE
from auxgen.experiments.dfm.tables import FD, PRECISION, REAL, RECALL, SCORE
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment
from auxgen.features import pretrained
from auxgen.launch import evaluate, train
from auxgen.networks.residual import ResNet
from auxgen.reproduction import load_reproduction, reproduce
from auxgen.stage import Stage

N, HELD = 20, 24
LITTLE: dict[str, Any] = {"architecture": "small", "epochs": 0.5, "batch": 5}
LITTLE |= {"measured_samples": 20, "denoiser_depth": 1, "denoiser_width": 8}


def build(name: str, **options: Any) -> Stage:
    return build_experiment(find_experiment(name), options)["dfm"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AUXGEN_WEIGHTS with a ResNet-56 that has learned nothing."""
    folder = tmp_path_factory.mktemp("weights")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(ResNet(3, 10, blocks=9).state_dict(), folder / pretrained.RESNET56_FILE)
    return folder


@pytest.fixture(autouse=True)
def root(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AUXGEN_DATA, empty, and a cache of its own."""
    folder = tmp_path / "root"
    folder.mkdir()
    monkeypatch.setenv("AUXGEN_DATA", str(folder))
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AUXGEN_WEIGHTS", str(weights))
    monkeypatch.setattr(sets, "WATCHED", HELD)
    return folder


def pixels(n: int, side: int, seed: int) -> np.ndarray:
    """(n, side, side, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


@pytest.fixture
def stl(root: Path) -> np.ndarray:
    """STL-10's binary files; the unlabelled pictures (N, 96, 96, 3)."""
    place = root / "stl10"
    place.mkdir()
    for seed, (split, n) in enumerate({"train": 10, "test": HELD, "unlabeled": N}.items()):
        x = pixels(n, 96, seed)
        (place / f"{split}_X.bin").write_bytes(x.transpose(0, 3, 2, 1).tobytes())
        if split != "unlabeled":
            (place / f"{split}_y.bin").write_bytes(bytes(i % 10 + 1 for i in range(n)))
    (place / "class_names.txt").write_text("\n".join(pretrained.CIFAR10_CLASSES))
    return pixels(N, 96, 2)


@pytest.fixture
def imagenet(root: Path) -> None:
    """ImageNet's folders of two classes."""
    for seed, (split, n) in enumerate({"train": N, "val": HELD}.items()):
        for i, x in enumerate(pixels(n, 40, seed)):
            place = root / "imagenet" / split / ("n01440764", "n02084071")[i % 2]
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(x).save(place / f"{i}.JPEG")


@pytest.fixture
def tiny_imagenet(root: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Tiny ImageNet's parquet files; the training pictures (N, 64, 64, 3)."""
    from datasets import ClassLabel, Dataset, Features, config, disable_progress_bars
    from datasets import Image as Picture

    disable_progress_bars()
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", root.parent / "hf")
    features = Features(image=Picture(), label=ClassLabel(names=["n01443537", "n01629819"]))
    place = root / "tiny_imagenet"
    place.mkdir()
    for seed, (split, n) in enumerate({"train": N, "valid": HELD}.items()):
        rows = {"image": [png(x) for x in pixels(n, 64, seed)], "label": [i % 2 for i in range(n)]}
        made = Dataset.from_dict(rows, features=features)
        made.to_parquet(place / f"{split}-00000-of-00001.parquet")
    return pixels(N, 64, 0)


def png(x: np.ndarray) -> dict[str, Any]:
    buffer = BytesIO()
    Image.fromarray(x).save(buffer, format="PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def means_of_four(x: np.ndarray) -> torch.Tensor:
    """(n, h, w, 3) uint8 -> (n, 3, h / 2, w / 2) float64."""
    n, h, w, _ = x.shape
    means = x.reshape(n, h // 2, 2, w // 2, 2, 3).astype(float).mean((2, 4))
    return torch.from_numpy(means.transpose(0, 3, 1, 2))


def test_stl10_learns_the_unlabelled_images_and_is_held_against_the_test_images(
    stl: np.ndarray,
) -> None:
    stage = build("dfm.stl10", **LITTLE)
    assert (stage.data["train"].name, stage.data["test"].name) == ("stl10/unlabeled", "stl10/test")
    assert stage.engine.steps == 2
    off = stage.data["train"].x.double() - means_of_four(stl)
    assert off.abs().max() <= 1  # rows and columns are rounded in turn
    assert stage.batches(0, 0, 1, "cpu").shape == (5, 3, 48, 48)


def test_imagenet_is_held_against_its_validation_images(imagenet: None) -> None:
    stage = build("dfm.imagenet32", **LITTLE)
    assert stage.data.keys() == {"train", "valid"}
    assert stage.data["train"].x.shape == (N, 3, 32, 32)
    assert stage.data["valid"].name == "imagenet32/valid"


def test_tiny_imagenet_is_halved_and_held_against_its_validation_images(
    tiny_imagenet: np.ndarray,
) -> None:
    stage = build("dfm.tiny_imagenet", **LITTLE)
    assert stage.data["valid"].name == "tiny_imagenet/valid"
    off = stage.data["train"].x.double() - means_of_four(tiny_imagenet)
    assert off.abs().max() <= 1


@pytest.mark.slow
def test_a_generator_of_tiny_imagenet_is_trained_and_measured(
    tiny_imagenet: np.ndarray, tmp_path: Path
) -> None:
    run = train("dfm.tiny_imagenet", run=tmp_path / "run", device="cpu", quiet=True, **LITTLE)
    scores = evaluate(run.path, device="cpu")["scores"]
    assert "rows of the valid split" in scores["dfm/recall"]["protocol"]
    real = scores["dfm/CS(cifar10-resnet56) of real images"]
    assert f"the {HELD} valid images themselves" in real["protocol"]


def test_another_set_is_learned_from_the_splits_that_it_has(tiny_imagenet: np.ndarray) -> None:
    given = {**LITTLE, "data": "tiny_imagenet", "test_split": "valid", "size": 16}
    stage = build("dfm.cifar10", **given)
    assert stage.data["valid"].x.shape == (HELD, 3, 16, 16)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "paper"), [("dfm.table2", (26.08, 7.84, 8.51)), ("dfm.table3", (25.78, 8.83, 9.18))]
)
def test_tables_2_and_3_are_trained_and_measured(
    name: str, paper: tuple[float, ...], stl: np.ndarray, imagenet: None, tmp_path: Path
) -> None:
    reproduce(name, seeds=1, out=tmp_path / "out", device="cpu", quiet=True, **LITTLE)
    table = load_reproduction(tmp_path / "out")
    assert [row["name"] for row in table["rows"]][:2] == [REAL, "GAN"]
    for row in table["rows"][1:]:
        own = {SHARE} if "dfm" in row["options"]["objective"] else set()
        assert row["columns"].keys() == {SCORE, FD, PRECISION, RECALL} | own
        assert all(np.isfinite(cell["mean"]) for cell in row["columns"].values())
    cells = {row["name"]: row["columns"][SCORE] for row in table["rows"]}
    gan, dfm = cells["GAN"], cells["denoising feature matching"]
    for cell, score in zip((cells[REAL], gan, dfm), paper, strict=True):
        assert cell["paper"].startswith(f"IS {score} +/- 0.")
    assert f"({dfm['mean'] - gan['mean']:+.2f}; the paper's" in table["claim"]


def test_the_gain_is_claimed_where_it_is() -> None:
    for make in (tables.make_table2, tables.make_table3):
        made = make("paper")
        assert made.claim is not None
        means = {("GAN", SCORE): 5.0, ("denoising feature matching", SCORE): 5.5}
        assert ": holds (+0.50;" in made.claim(means)
        means["GAN", SCORE] = 6.0
        assert "does not hold (-0.50;" in made.claim(means)


def test_table_1_is_of_cifar_10_at_the_papers_budget() -> None:
    rows = tables.make_table1("paper").rows
    assert {row.experiment for row in rows} == {"dfm.cifar10"}
    assert len(rows) == 6
    wanted = {"CS", "FD", "precision", "recall"}
    assert set(rows[1].scores.values()) == {f"gan/{m}(cifar10-resnet56)" for m in wanted}


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        (plans.CIFAR10["paper"], ("cifar", 200, 50_000)),
        (plans.STL10["paper"], ("stl_48", 50, 50_000)),
        (plans.IMAGENET32["paper"], ("imagenet_32", 25, 50_000)),
        (plans.TINY_IMAGENET["paper"], ("imagenet_32", 100, 50_000)),
    ],
)
def test_the_papers_budgets(plan: plans.DfmImagePlan, wanted: tuple[str, float, int]) -> None:
    assert (plan.architecture, plan.epochs, plan.measured_samples) == wanted
    assert (plan.lr, plan.batch) == (1e-4, 128)


def test_tiny_imagenet_of_whole_numbers_of_pixels_is_not_blurred(
    tiny_imagenet: np.ndarray,
) -> None:
    assert torch.equal(
        load_image_dataset("tiny_imagenet").x,
        torch.from_numpy(tiny_imagenet).permute(0, 3, 1, 2),
    )
