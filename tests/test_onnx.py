"""Parts of models as ONNX: equal to the model, for any number of rows, with the preprocessing."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from laws import METHODS, make_rows, stage

import auxgen
from auxgen import SemiSupervisedClassifier
from auxgen.cli.main import run_command
from auxgen.data.dataset import Preprocessor
from auxgen.errors import InputError
from auxgen.methods.committee import Committee
from auxgen.model import Model
from auxgen.onnx.export import export_onnx
from auxgen.onnx.program import TOLERANCE

onnxruntime = pytest.importorskip("onnxruntime", reason="needs pip install 'auxgen[onnx]'")
pytest.importorskip("onnxscript", reason="needs pip install 'auxgen[onnx]'")

WITHOUT_PARTS = {"auxiliary_fit", "flow", "gan", "feature_matching", "denoising_gan"}
WITHOUT_PARTS |= {"denoising_gan_of_images", "spectral_gan_of_images"}
"""Methods that neither classify nor encode rows."""
IN_FAST_TESTS = ("introvac", "informative_encoder")
"""A model of pictures, and one whose encoder draws; all others are tried in the slow tests."""


def make_model(name: str) -> Model:
    """A law's model, of rows or pictures in their own units."""
    made = stage(name)
    shape = tuple(make_rows(name, 1).shape[1:])
    names = ("a", "b", "c")
    space = Preprocessor("points", shape, flat=len(shape) == 1, classes=names, attributes=names)
    if len(shape) == 3:
        space = replace(space, kind="images")
    elif name in ("sdgm_gaussian", "vae_gaussian", "m2"):
        space = replace(space, shift=(1e9,) * 6, scale=(2.0,) * 6, limit=8.0, compressed=(1, 4))
    return Model(made.method.eval().requires_grad_(False), space, name, {})


def run_part(program: bytes, *inputs: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(program, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    (found,) = session.run(None, dict(zip(names, inputs, strict=True)))
    return np.asarray(found)


@pytest.mark.parametrize(
    "name",
    [
        name if name in IN_FAST_TESTS else pytest.param(name, marks=pytest.mark.slow)
        for name in METHODS
        if name not in WITHOUT_PARTS
    ],
)
def test_every_part_says_of_new_rows_what_the_model_says(name: str) -> None:
    model = make_model(name)
    files = export_onnx(model)
    assert not files.refused
    torch.manual_seed(1)
    space = model.space
    for n in (1, 3, 50):
        if space.kind == "images":
            rows = torch.rand(n, *space.shape)
        else:
            rows = space.inverse_transform(torch.randn(n, space.width))
        expected = {}
        if "encoder.onnx" in files.contents:
            expected["encoder"] = model.encode(rows)
        if "classifier.onnx" in files.contents:
            expected["classifier"] = model.predict(rows).probabilities
        for part, said in expected.items():
            found = run_part(files.contents[f"{part}.onnx"], rows.numpy())
            np.testing.assert_allclose(found, said.numpy(), rtol=TOLERANCE, atol=TOLERANCE)
        if "decoder.onnx" in files.contents:
            codes = torch.randn(n, model.encode(rows).shape[1])
            about = json.loads(files.contents["onnx.json"])["parts"]["decoder"]
            y = np.arange(n) % 3
            more = (y,) if "classes" in about["inputs"] else ()
            found = run_part(files.contents["decoder.onnx"], codes.numpy(), *more)
            back = model.decode(codes, ["abc"[i] for i in y] if more else None)
            np.testing.assert_allclose(found, back.numpy(), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("classes", "options"),
    [
        (3, {}),
        pytest.param(2, {}, marks=pytest.mark.slow),
        pytest.param(3, {"likelihood": "negative_binomial"}, marks=pytest.mark.slow),
    ],
)
def test_a_committee_says_what_it_says_of_rows_with_blanks_too(
    classes: int, options: dict[str, Any], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(90) % classes
    x = rng.poisson(3 + 9 * (y[:, None] == np.arange(4))).astype(float)
    x[::7, 1] = np.nan
    known = np.where(np.arange(90) < 30, y, -1)
    fitted = SemiSupervisedClassifier(steps=20, **options).fit(x, known)
    fitted.save(tmp_path / "committee")
    model = auxgen.load(tmp_path / "committee")
    assert isinstance(model.method, Committee)
    files = export_onnx(model)
    assert not files.refused
    for rows in (x, x[:1], 30 * x[:7]):
        found = run_part(files.contents["classifier.onnx"], rows)
        said = fitted.predict_proba(rows)
        np.testing.assert_allclose(found, said, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("name", sorted(WITHOUT_PARTS))
def test_methods_without_parts_are_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(InputError, match=f"No part of {name} can be exported as ONNX"):
        export_onnx(make_model(name))


def test_the_command_leaves_an_artefact_with_the_parts_beside_it(tmp_path: Path) -> None:
    auxgen.train({"m2": stage("m2")}, run=tmp_path / "run", device="cpu", quiet=True)
    run_command(["export", str(tmp_path / "run"), str(tmp_path / "model"), "--onnx"])
    names = {file.name for file in (tmp_path / "model").iterdir()}
    parts = {"classifier.onnx", "encoder.onnx", "decoder.onnx", "onnx.json"}
    assert names == {"README.md", "config.json", "model.safetensors"} | parts
    about = json.loads((tmp_path / "model" / "onnx.json").read_text())
    assert about["classes"] == ["a", "b", "c"]
    assert about["parts"]["classifier"]["inputs"]["rows"]["shape"] == ["n", 6]
    rows = np.random.default_rng(0).random((4, 6), np.float32)
    found = run_part((tmp_path / "model" / "classifier.onnx").read_bytes(), rows)
    expected = auxgen.load(tmp_path / "model").predict(rows).probabilities
    np.testing.assert_allclose(found, expected.numpy(), atol=TOLERANCE)


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(InputError, match=r"onnxscript, which is not installed; pip install"):
        export_onnx(make_model("m2"))
