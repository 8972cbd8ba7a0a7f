"""A model in a person's units: each method, and the command that writes the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cli.conftest import left_with
from laws import COUPLINGS, MODEL, RESIDUAL, SIZES, X
from torch import Tensor

import auxgen
from auxgen.builders import Recipe
from auxgen.builders.artefact import save_model
from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.errors import InputError
from auxgen.inference.codes import interpolate_linearly
from auxgen.method import Bounds, Classifies, Decodes, Encodes, SamplesConditional, require
from auxgen.model import Model

N = 300  # more than one batch
CLASSES = ("cat", "dog", "owl")
SCALES: dict[str, Any] = {
    "shift": (1.0, -2.0, 0.0, 3.0, 0.0, 5.0),
    "scale": (2.0, 0.5, 1.0, 3.0, 1.0, 0.1),
}
GAUSSIAN = {**MODEL, "a": 2, "likelihood": "gaussian"}
COLUMNS = ("age", "height", "weight", "x", "y", "z")
ARTEFACTS = {
    "images": (
        Recipe("sdgm", {**MODEL, "x": 64, "a": 2}),
        Preprocessor("images", (1, 8, 8), classes=CLASSES, binary=True),
    ),
    "points": (
        Recipe("sdgm", GAUSSIAN),
        Preprocessor("points", (X,), classes=CLASSES, **SCALES),
    ),
    "table": (
        Recipe("m2", {**MODEL, "likelihood": "gaussian"}),
        Preprocessor("table", (X,), classes=CLASSES, columns=COLUMNS, **SCALES),
    ),
    "faces": (
        Recipe("introvac", {"images": RESIDUAL, "attributes": 2}),
        Preprocessor("images", (1, 8, 8), flat=False, attributes=("Round", "Red")),
    ),
    "vae": (Recipe("vae", {**SIZES, "z": 2}), Preprocessor("points", (X,))),
    "flow": (
        Recipe("flow", {"x": X, "sizes": COUPLINGS}),
        Preprocessor("points", (X,)),
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained artefacts by name."""
    root = tmp_path_factory.mktemp("artefacts")
    for name, (recipe, space) in ARTEFACTS.items():
        torch.manual_seed(0)
        save_model(root / name, recipe.build().eval(), recipe, space, {"experiment": "test"})
    return root


@pytest.fixture(params=["images", "points", "table"])
def model(request: pytest.FixtureRequest, folder: Path) -> Model:
    return auxgen.load(folder / request.param)


def make_rows(model: Model, n: int = N) -> Tensor:
    """Raw rows; images as bytes."""
    x = torch.rand(n, *model.space.shape, generator=torch.Generator().manual_seed(1))
    return (x * 255).to(torch.uint8) if model.space.kind == "images" else 3 * x


def transform(model: Model, rows: Tensor) -> Tensor:
    """Rows as the method sees them, by hand."""
    x = rows / 255 if rows.dtype == torch.uint8 else rows
    if model.space.shift:
        x = (x - torch.tensor(model.space.shift)) / torch.tensor(model.space.scale)
    return x.flatten(1)


def restore(model: Model, x: Tensor) -> Tensor:
    """The way back, by hand."""
    if model.space.shift:
        x = x.double() * x.new_tensor(model.space.scale) + x.new_tensor(model.space.shift)
    return x.reshape(-1, *model.space.shape)


def run_command(command: str, model: Model, out: Path, *options: str, rows: Tensor) -> Path:
    """Carry out a command on rows in an .npy file."""
    file = out.with_name("rows.npy")
    np.save(file, rows.numpy())
    files = [] if command == "sample" else [str(file)]
    assert left_with([command, model.name, *files, "--out", str(out), *options]) == 0
    return out


def test_samples(model: Model, tmp_path: Path) -> None:
    drawn = model.sample(N, seed=3)
    torch.manual_seed(3)
    p_x = require(model.method, SamplesConditional).sample_p_x(256)
    first = p_x.mean if model.space.kind == "images" else p_x.sample()
    torch.testing.assert_close(drawn[:256], restore(model, first))
    assert drawn.shape == (N, *model.space.shape)
    assert not torch.equal(drawn, model.sample(N, seed=4))
    out = run_command("sample", model, tmp_path / "x.npy", "--n", str(N), "--seed", "3", rows=drawn)
    assert np.array_equal(np.load(out), drawn)
    for mean, word in ((True, "--mean"), (False, "--no-mean")):
        rows = model.sample(N, seed=3, mean=mean)
        assert torch.equal(rows, drawn) == (mean == (model.space.kind == "images"))
        out = run_command("sample", model, out, "--n", str(N), "--seed", "3", word, rows=drawn)
        assert np.array_equal(np.load(out), rows)


def test_samples_of_classes(model: Model, tmp_path: Path) -> None:
    owls = model.sample(5, y="owl")
    for y in (2, ["owl"] * 5, [2] * 5, torch.full((5,), 2), np.full(5, 2), np.array(["owl"] * 5)):
        assert torch.equal(model.sample(5, y=y), owls)
    mixed = model.sample(5, y=["owl", 0, "dog", "owl", "owl"])
    assert torch.equal(mixed[[0, 3, 4]], owls[[0, 3, 4]])
    assert not torch.equal(mixed[1:3], owls[1:3])
    out = run_command("sample", model, tmp_path / "x.npy", "--n", "5", "--of", "owl", rows=owls)
    assert np.array_equal(np.load(out), owls)
    assert model.sample(0).shape == (0, *model.space.shape)


def test_codes(model: Model, tmp_path: Path) -> None:
    rows = make_rows(model)
    z = model.encode(rows)
    expected = require(model.method, Encodes).encode(transform(model, rows)).mean
    torch.testing.assert_close(z, expected)
    assert torch.equal(model.embed(rows.numpy()), z)
    with np.load(run_command("embed", model, tmp_path / "z.npz", rows=rows)) as written:
        assert np.array_equal(written["codes"], z)


def test_decoding(model: Model) -> None:
    z = torch.randn(N, 2)
    x = model.decode(z, y="dog")
    expected = require(model.method, Decodes).decode(z, torch.full((N,), 1)).mean
    torch.testing.assert_close(x, restore(model, expected))
    assert torch.equal(model.decode(z.double().numpy(), [1] * N), x)
    with pytest.raises(InputError, match=r"decodes a code under a class; expected classes y"):
        model.decode(z)


def test_reconstructions(model: Model, tmp_path: Path) -> None:
    rows = make_rows(model, 7)
    back = model.reconstruct(rows, seed=2)
    torch.manual_seed(2)
    y = require(model.method, Classifies).classify(transform(model, rows)).probs.argmax(-1)
    torch.testing.assert_close(back, model.decode(model.encode(rows), y))
    out = run_command("reconstruct", model, tmp_path / "x.npy", "--seed", "2", rows=rows)
    assert np.array_equal(np.load(out)[1::2], back)


def test_interpolation(model: Model, tmp_path: Path) -> None:
    rows = make_rows(model, 4)
    for linear in (False, True):
        path = model.interpolate(rows, steps=5, linear=linear)
        assert path.shape == (3, 5, *model.space.shape)
        options = ["--steps", "5", *(["--linear"] if linear else [])]
        out = run_command("interpolate", model, tmp_path / "x.npy", *options, rows=rows)
        assert np.array_equal(np.load(out), path.flatten(0, 1))
    z, t = model.encode(rows), torch.linspace(0, 1, 5)
    y = model.predict(rows, draws=1).predicted
    nearer = torch.stack([y[:-1], y[:-1], y[1:], y[1:], y[1:]], 1)
    between = interpolate_linearly(z[:-1], z[1:], t).flatten(0, 1)
    if model.space.kind == "table":  # whose classifier draws nothing
        expected = model.decode(between, nearer.flatten())
        torch.testing.assert_close(path.flatten(0, 1), expected)
    with pytest.raises(InputError, match="rows is 1"):
        model.interpolate(rows[:1])


def apply_to_each(function: Callable[[Tensor], Tensor], x: Tensor, seed: int) -> Tensor:
    """A function of each row alone, with draws from the same seed."""
    each = []
    for row in x.split(1):
        torch.manual_seed(seed)
        each.append(function(row))
    return torch.cat(each)


def test_predictions(model: Model, tmp_path: Path) -> None:
    rows = make_rows(model)
    found = model.predict(rows, draws=3, seed=5)
    classify = require(model.method, Classifies).classify
    expected = apply_to_each(lambda x: classify(x, 3).probs, transform(model, rows), seed=5)
    torch.testing.assert_close(found.probabilities, expected)
    assert found.classes == CLASSES
    options = ("--draws", "3", "--seed", "5", "--bound", "--abstain", "0.25", "--temperature", "2")
    out = run_command("predict", model, tmp_path / "p.csv", *options, rows=rows)
    same = model.predict(rows, draws=3, seed=5, bound=True, abstain=0.25, temperature=2)
    lines = [line.split(",") for line in out.read_text().splitlines()[1:]]
    assert [line[1] for line in lines] == same.names
    assert same.names.count("") == N // 4
    assert same.bounds is not None
    written = np.array([[float(v) for v in line[2:]] for line in lines])
    values = [same.confidence[:, None], same.probabilities, same.bounds[:, None]]
    np.testing.assert_allclose(written, torch.cat(values, 1), rtol=1e-5)


def test_bounds(model: Model) -> None:
    rows = make_rows(model)
    bounds = model.log_prob_bound(rows, draws=2, seed=6)
    x = transform(model, rows)
    if model.space.kind == "images":  # drawn as bits once, by the same numbers for all rows
        x = (torch.rand(x.shape[1:], generator=torch.Generator().manual_seed(0)) < x).float()
    elbo = require(model.method, Bounds).elbo
    expected = apply_to_each(lambda x: (elbo(x) + elbo(x)) / 2, x, seed=6)
    torch.testing.assert_close(bounds.float(), expected)


def test_usual_layouts_of_images_are_the_same_rows(folder: Path) -> None:
    model = auxgen.load(folder / "images")
    rows = make_rows(model, 5)
    z = model.encode(rows)
    each: list[Tensor | np.ndarray] = [
        rows.numpy(), rows / 255, (rows / 255).double().numpy(), rows.flatten(1), rows.squeeze(1),
        rows.permute(0, 2, 3, 1),
    ]  # fmt: skip
    for same in each:
        torch.testing.assert_close(model.encode(same), z)
    torch.testing.assert_close(model.encode(rows[3]), z[3:4])


def test_samples_can_be_encoded_again(folder: Path) -> None:
    """Pixels of a Gaussian model lie a little outside [0, 1]."""
    model = auxgen.load(folder / "images")
    assert model.encode(model.sample(5) * 1.2 - 0.1).shape == (5, 2)


def make_faces(n: int = 120) -> Dataset:
    generator = torch.Generator().manual_seed(2)
    x = torch.randint(256, (n, 1, 8, 8), generator=generator, dtype=torch.uint8)
    bright = (x.float().mean((1, 2, 3)) > 127).float()
    top = (x[:, :, :4].float().mean((1, 2, 3)) > 127).float()
    y = torch.stack((bright, top), 1)
    return Dataset(x, torch.full((n,), -1), (), "faces", "", y, ("Bright", "Top"))


def test_edits(folder: Path, tmp_path: Path) -> None:
    model = auxgen.load(folder / "faces")
    rows = make_rows(model, 6)
    z, own = model.encode(rows), model.direction("Round")
    edits = model.edit(rows, {"Round": 2, "Red": -1}, reconstruction=True)
    moved = model.direction("Red").move(own.move(z, 2.0), -1.0)
    torch.testing.assert_close(edits.edited, model.decode(moved), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(edits.reconstruction, model.reconstruct(rows))
    kept = model.edit(rows, [("Round", 2)], keep=["Red"])
    assert kept.moves[0].along.cosine_similarity(model.direction("Red")) == pytest.approx(
        0, abs=1e-5
    )
    options = ("--attribute", "Round=+2", "--keep", "Red", "--until", "0.9")
    out = run_command("edit", model, tmp_path / "edited", *options, rows=rows)
    same = model.edit(rows, {"Round": 2}, keep=["Red"], target_probability=0.9)
    lines = [line.split(",") for line in (out / "edits.csv").read_text().splitlines()[1:]]
    written = np.array([[float(v) for v in line[1:]] for line in lines])
    values = torch.stack([2 * same.distance_share, same.before[:, 0], same.after[:, 0]], 1)
    np.testing.assert_allclose(written, values, rtol=1e-5, atol=1e-6)


def test_edits_along_probes_and_beside_kept_attributes(folder: Path) -> None:
    model, faces = auxgen.load(folder / "faces"), make_faces()
    rows = make_rows(model, 3)
    edits = model.edit(rows, {"Bright": 1}, probe=faces)
    assert faces.attributes is not None
    found = model.probe("Bright", faces.x, faces.attributes[:, 0])
    torch.testing.assert_close(edits.moves[0].along.vector, found.vector)
    between = model.edit(rows, {"Bright": 1}, probe=faces, means=True)
    z, bright = model.encode(faces.x), faces.attributes[:, 0] == 1
    way = z[bright].mean(0) - z[~bright].mean(0)
    torch.testing.assert_close(between.moves[0].along.vector, way / way.norm())
    with pytest.raises(InputError, match="expected a probe as well"):
        model.edit(rows, {"Round": 1}, means=True)
    turned = model.edit(rows, {"Bright": 1}, probe=faces, by=faces, keep=["Top"])
    assert turned.moves[0].along.name == "Bright, others kept"
    with pytest.raises(InputError, match="No attribute to keep is named"):
        model.edit(rows, {"Bright": 1}, probe=faces, by=faces)


CALLS: dict[str, Callable[..., Tensor]] = {
    "sample": lambda model, **seed: model.sample(4, **seed),
    "encode": lambda model, **seed: model.encode(make_rows(model, 4), **seed),
    "reconstruct": lambda model, **seed: model.reconstruct(make_rows(model, 4), **seed),
    "interpolate": lambda model, **seed: model.interpolate(make_rows(model, 4), **seed),
    "predict": lambda model, **seed: model.predict(make_rows(model, 4), **seed).probabilities,
    "log_prob_bound": lambda model, **seed: model.log_prob_bound(make_rows(model, 4), **seed),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_seed_leaves_the_random_state_alone_and_none_draws_from_it(
    name: str, folder: Path
) -> None:
    model, call = auxgen.load(folder / "points"), CALLS[name]
    torch.manual_seed(9)
    before = torch.get_rng_state()
    with_seed = call(model, seed=9)
    assert torch.equal(with_seed, call(model, seed=9))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(call(model, seed=None), with_seed)
    drawn = not torch.equal(torch.get_rng_state(), before)
    assert drawn == (name != "encode")


LACKING: dict[str, tuple[str, Callable[[Model], object], str]] = {
    "no encoder": ("flow", lambda m: m.encode(torch.zeros(1, X)), "cannot encode"),
    "no decoder": ("flow", lambda m: m.decode(torch.zeros(1, X)), "cannot decode"),
    "no way back": ("flow", lambda m: m.reconstruct(torch.zeros(1, X)), "cannot decode"),
    "no classifier": ("vae", lambda m: m.predict(torch.zeros(1, X)), "cannot classify"),
    "no classes": ("vae", lambda m: m.sample(1, y="cat"), "cannot sample by class"),
    "no attributes": ("vae", lambda m: m.edit(torch.zeros(1, X), {"Hat": 1}), "cannot predict"),
    "no direction": ("vae", lambda m: m.direction("Hat"), "cannot predict attributes"),
    "no bound": ("faces", lambda m: m.log_prob_bound(torch.zeros(1, 64)), "cannot bound"),
    "another class": ("points", lambda m: m.sample(1, y="cta"), "no class 'cta'; did you mean"),
    "another index": ("points", lambda m: m.sample(1, y=3), "no class '3'"),
    "fewer classes": ("points", lambda m: m.sample(3, y=[0, 1]), "2 classes for 3 rows"),
    "another width": ("points", lambda m: m.encode(torch.zeros(2, 5)), "takes rows of 6 values"),
    "no number": ("points", lambda m: m.encode(torch.full((1, X), torch.nan)), "not finite"),
    "text": ("points", lambda m: m.encode(np.array([["a"] * X])), "expected numbers"),
    "no pixels": ("images", lambda m: m.encode(torch.full((1, 64), 200.0)), "from 200 to 200"),
    "no draws": ("points", lambda m: m.predict(torch.zeros(1, X), draws=0), "draws is 0"),
    "no device": ("points", lambda m: m.to("nowhere"), "no device 'nowhere'"),
}


@pytest.mark.parametrize("lack", LACKING)
def test_what_a_model_cannot_do_is_a_sentence(lack: str, folder: Path) -> None:
    name, call, message = LACKING[lack]
    with pytest.raises(InputError, match=message) as error:
        call(auxgen.load(folder / name))
    assert "\n" not in str(error.value)


def test_a_model_is_saved_as_the_artefact_it_was(folder: Path, tmp_path: Path) -> None:
    model = auxgen.load(folder / "table")
    saved = model.save(tmp_path / "saved")
    for name in ("config.json", "model.safetensors", "README.md"):
        assert (saved / name).read_bytes() == (folder / "table" / name).read_bytes()
    assert torch.equal(auxgen.load(saved).sample(3), model.sample(3))
    with pytest.raises(InputError, match="exists already"):
        model.save(tmp_path / "saved")


def test_the_model_of_an_estimator_is_saved_and_loaded(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    y: Any = np.where(np.arange(60) < 6, np.arange(60) % 2, -1)
    fitted = auxgen.SemiSupervisedClassifier(steps=3, hidden=(4,), latent=2).fit(x, y)
    loaded = auxgen.load(fitted.model_.save(tmp_path / "fitted"))
    found = loaded.predict(x, draws=20).probabilities
    np.testing.assert_allclose(found, fitted.predict_proba(x), atol=1e-6)  # predicts in float64


def test_a_model_moves_to_a_device_and_answers_on_the_cpu(folder: Path) -> None:
    model = auxgen.load(folder / "points").to("auto")
    assert model.sample(3).device.type == "cpu"
