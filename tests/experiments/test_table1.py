"""Table 1: models that are told apart fairly, and options that none of them ignores."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from auxgen.builders import Recipe
from auxgen.data.dataset import Dataset
from auxgen.data.images import load_image_dataset
from auxgen.errors import InputError
from auxgen.experiments.adgm import budgets, likelihood_tables
from auxgen.experiments.adgm.table1 import AuxiliaryRate
from auxgen.experiments.common import refuse_ignored_option
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment
from auxgen.files import encode_json, write_file
from auxgen.launch import rebuild_experiment
from auxgen.methods.avae import AVAE
from auxgen.runs.folder import Run


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *(("adgm.table1", {"model": model}) for model in ("vae", "iwae", "avae_uninformed")),
        *(
            (experiment, {"model": model})
            for experiment in ("adgm.half_moons", "adgm.mnist_100")
            for model in ("m2", "sdgm", "adgm_deterministic", "adgm_uninformed")
        ),
    ],
)
def test_an_option_that_a_model_ignores_is_refused(
    name: str, options: dict[str, str], no_images: None
) -> None:
    with pytest.raises(InputError, match=f"^--a-sees-x is for .*; {options['model']} has no use"):
        build_experiment(find_experiment(name), {**options, "a_sees_x": True})


@pytest.fixture
def no_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options are checked before images are read."""

    def read(*_: object) -> None:
        raise AssertionError("images were read before the options were checked")

    for module in ("table1", "table2"):
        monkeypatch.setattr(f"auxgen.experiments.adgm.{module}.load_image_splits", read)


def test_an_option_that_is_not_given_is_not_refused() -> None:
    refuse_ignored_option("a_sees_x", False, "vae", ("avae",))
    refuse_ignored_option("a_sees_x", True, "avae", ("avae",))


def test_at_budget_cpu_a_vae_has_an_encoder_as_deep_as_the_avae() -> None:
    assert budgets.LAYERED_VAE["cpu"].encoder_layers == 2 + 2  # of q(a|x) and of q(z|a,x)


@pytest.mark.parametrize("budget", ["cpu", "paper"])
def test_every_avae_stands_beside_a_vae_under_the_same_settings(budget: str) -> None:
    rows = {row.name: dict(row.options) for row in likelihood_tables.make_table1(budget).rows}
    assert {"IWAE, L=1", "IWAE, L=2"} < rows.keys()
    means = {(name, likelihood_tables.BOUND): -1.0 for name in rows}
    for name in (name for name in rows if name.startswith("AVAE")):
        beside = f"VAE, {name.removeprefix('AVAE, ').removesuffix(', a sees x')}"
        own = {**rows[name], "model": "vae"}
        own.pop("a_sees_x", None)
        assert rows[beside] == own
        assert f"{name}: does not hold" in likelihood_tables.check_avae_gain(means)


def test_the_rate_of_a_is_its_divergence_where_p_sees_nothing() -> None:
    """KL of q(a|x) to N(0, 1), in closed form; within four standard errors."""
    torch.manual_seed(0)
    sizes = {"x": 4, "hidden": [[6, 6]], "z": [2], "a": [3]}
    method = Recipe("avae_uninformed", sizes).build().eval()
    assert isinstance(method, AVAE)
    x = torch.rand(20, 4).round()
    found = AuxiliaryRate(x, draws=2000)(method)
    q = method.q_a[0](x).base_dist
    kl: Tensor = torch.distributions.kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    assert found.value == pytest.approx(kl.mean().item(), abs=0.03)
    assert found.unit == "nats"
    assert found.n == 20


def test_a_run_of_version_0_1_keeps_the_networks_that_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run.json lacks what became an option later."""

    def read(*_: object) -> tuple[Dataset, Dataset]:
        return load_image_dataset("digits", "train"), load_image_dataset("digits", "test")

    monkeypatch.setattr("auxgen.experiments.adgm.table1.load_image_splits", read)
    options = {"seed": 0, "model": "avae", "layers": 2}
    config = {"id": "1", "experiment": "adgm.table1", "seed": 0, "stages": ["avae"]}
    write_file(tmp_path / "run.json", encode_json({**config, "options": options}))
    (old,) = rebuild_experiment(Run(tmp_path)).values()
    (new,) = build_experiment(
        find_experiment("adgm.table1"), {"model": "avae", "stochastic_layers": 2}
    ).values()
    names = [{name for name, _ in stage.method.named_parameters()} for stage in (old, new)]
    assert names[1] - names[0] == {"q_a.1.network.maps.1.weight"}
    assert names[0] < names[1]
    (vae,) = build_experiment(
        find_experiment("adgm.table1"), {"model": "vae", **find_experiment("adgm.table1").before}
    ).values()
    assert vae.recipe.arguments["encoder"] == vae.recipe.arguments["hidden"]
    assert vae.recipe.arguments["log_std_z"] is None
