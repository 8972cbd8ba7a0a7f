"""Experiments by name and from a person's file: their options, plans and earlier options."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from importlib import import_module
from importlib.util import find_spec
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import torch

from auxgen import experiments
from auxgen.errors import InputError
from auxgen.experiments import registry
from auxgen.experiments.common import Plan
from auxgen.experiments.option_values import (
    build_experiment,
    list_options,
    list_required_options,
    make_option_function,
    resolve_options,
)
from auxgen.experiments.registry import (
    find_experiment,
    find_papers,
    list_experiments,
    list_reproductions,
    load_reproduction_maker,
)
from auxgen.experiments.runs import update_old_options

PAPER = {
    "__init__": '''
from ..about import About

EXPERIMENTS = {
    "clouds": About(shows="An experiment with a module of its own"),
    "disc": About(shows="A function of a module, with budgets", module="shapes:disc"),
    "square": About(shows="A function of a module, with one plan", module="shapes:square"),
}
TABLES = ("table1",)


def _split(layers):
    """give widths."""
    return {"widths": [8] * layers}


def _count(epochs, options):
    """give steps of a batch."""
    return {"batch": epochs * options["rows"]}


RENAMED_OPTIONS = {
    "*": {"rate": "lr", "column": "label"},
    "clouds": {"z": "latent", "layers": _split, "epochs": _count},
}
''',
    "plans": '''
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from ..common import NOT_AN_OPTION, Plan

WORDS = {"shape": "Shape of the rows.", "widths": "Units in each layer.", "sides": "Sides."}


@dataclass(frozen=True, kw_only=True)
class ToyPlan(Plan):
    """A plan."""

    latent: int = 2
    widths: tuple[int, ...] = (8, 8)
    shape: Literal["round", "flat"] = "round"
    sides: int = 0
    precision: Literal["32", "bf16"] = field(default="bf16", metadata=NOT_AN_OPTION)


CPU = ToyPlan(lr=0.1, batch=4)
PAPER = replace(CPU, lr=0.01, precision="32")
''',
    "clouds": '''
from __future__ import annotations

from typing import Literal

from ..common import Budget
from .plans import CPU, PAPER, ToyPlan


def experiment(plan: ToyPlan = CPU, *, label: str, seed: int = 0):
    """Clouds of points."""
    return {"plan": plan, "label": label, "seed": seed}


def make_plan(budget: Budget = "cpu", model: Literal["vae", "gan"] = "vae") -> ToyPlan:
    """A plan."""
    return {"cpu": CPU, "paper": PAPER}[budget]
''',
    "shapes": '''
from __future__ import annotations

from dataclasses import replace
from typing import Literal

from ..common import Budget
from .plans import CPU, PAPER, ToyPlan


def disc(plan: ToyPlan = CPU, *, seed: int = 0):
    """A disc."""
    return {"disc": plan}


def make_disc_plan(
    budget: Budget = "cpu", shape: Literal["round", "flat"] | None = None
) -> ToyPlan:
    """A plan; a flat disc has two sides."""
    plan = {"cpu": CPU, "paper": PAPER}[budget]
    return plan if shape is None else replace(plan, shape=shape, sides=2 * (shape == "flat"))


def square(plan: ToyPlan = PAPER, *, seed: int = 0):
    """A square."""
    return {"square": plan}
''',
    "tables": """
TABLES = {"table1": lambda budget: f"table 1, {budget}"}
""",
}
OLD = json.loads(Path(__file__).with_name("options_3ba1356.json").read_text())
"""Options of the first version by experiment."""
KEYWORDS = '''
from __future__ import annotations

import torch


def experiment(*, seed: int = 0, steps: int = 4, rows: int | None = None, loud: bool = False):
    """Six numbers.

    Args:
        seed: Seed of everything.
        steps: Rounds
            to play.
    """
    return {"six": (seed, steps, rows, loud, torch.initial_seed())}
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A paper "toy", the only one, laid out as the package's own are."""
    place = tmp_path / "toy"
    place.mkdir()
    for name, text in PAPER.items():
        (place / f"{name}.py").write_text(text)
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "find_papers", lambda: ["toy"])
    yield
    for name in [name for name in sys.modules if f"{name}.".startswith("auxgen.experiments.toy.")]:
        del sys.modules[name]
    del experiments.toy  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A person's own file, with keyword arguments."""
    file = tmp_path / "numbers.py"
    file.write_text(KEYWORDS)
    return file


def build(name: str | Path, **options: Any) -> Any:
    return build_experiment(find_experiment(name), options)


def get_defaults(name: str | Path, **given: Any) -> dict[str, Any]:
    return {o.name: o.default for o in list_options(find_experiment(name), given)}


@pytest.mark.usefixtures("toy")
def test_experiments_are_listed_before_they_are_imported() -> None:
    assert list(list_experiments()) == ["toy.clouds", "toy.disc", "toy.square"]
    assert list_reproductions() == ["toy.table1"]
    assert "auxgen.experiments.toy.shapes" not in sys.modules
    assert load_reproduction_maker("toy.table1")("paper") == "table 1, paper"


@pytest.mark.usefixtures("toy")
def test_a_module_and_a_function_of_a_module_have_their_own_plans() -> None:
    clouds, disc, square = (find_experiment(f"toy.{n}") for n in ("clouds", "disc", "square"))
    assert [each.function.__name__ for each in (clouds, disc, square)] == [
        "experiment",
        "disc",
        "square",
    ]
    assert clouds.make_plan is not None
    assert clouds.make_plan.__name__ == "make_plan"
    assert disc.make_plan is not None
    assert disc.make_plan.__name__ == "make_disc_plan"
    assert square.make_plan is None


@pytest.mark.usefixtures("toy")
def test_options_are_the_functions_the_choices_and_the_plans() -> None:
    plan = {"lr": 0.1, "batch": 4, "average": 0.999, "latent": 2, "widths": (8, 8)}
    plan |= {"shape": "round", "sides": 0}
    assert get_defaults("toy.clouds") == {
        "label": MISSING,
        "seed": 0,
        "budget": "cpu",
        "model": "vae",
        **plan,
    }
    assert get_defaults("toy.disc") == {"seed": 0, "budget": "cpu", **plan}
    assert get_defaults("toy.square") == {"seed": 0, **plan, "lr": 0.01}
    assert get_defaults("toy.disc", budget="paper")["lr"] == 0.01
    assert list_required_options(find_experiment("toy.clouds")) == ["label"]


@pytest.mark.usefixtures("toy")
def test_what_chooses_a_plan_and_is_in_it_has_the_plans_value() -> None:
    assert get_defaults("toy.disc")["shape"] == "round"
    given = {"shape": "flat"}
    assert get_defaults("toy.disc", **given) | given == get_defaults("toy.disc", **given)
    assert get_defaults("toy.disc", **given)["sides"] == 2
    assert build("toy.disc", **given)["disc"].sides == 2
    assert build("toy.disc", **given, sides=5)["disc"].sides == 5


@pytest.mark.usefixtures("toy")
def test_a_plan_is_built_with_what_was_given_and_the_seed() -> None:
    stages = build("toy.clouds", label="kind", widths=[3], budget="paper", seed=7)
    plan = stages["plan"]
    assert (plan.widths, plan.lr, plan.precision) == ((3,), 0.01, "32")
    assert (stages["label"], stages["seed"], torch.initial_seed()) == ("kind", 7, 7)
    assert build("toy.disc")["disc"].precision == "bf16"
    assert build("toy.square", average=0)["square"].average == 0


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("given", [{}, {"budget": "paper"}, {"shape": "flat", "lr": 0.5}])
def test_all_options_as_a_run_keeps_them_build_the_same(given: dict[str, Any]) -> None:
    options = resolve_options(find_experiment("toy.disc"), given)
    assert options.keys() == get_defaults("toy.disc").keys()
    assert build("toy.disc", **options) == build("toy.disc", **given)


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("disc", {"latnt": 3}, "no option of toy.disc 'latnt'; did you mean 'latent'"),
        ("disc", {"model": "vae"}, "no option of toy.disc 'model'"),
        ("disc", {"precision": "32"}, "no option of toy.disc 'precision'"),
        ("disc", {"rate": 3}, "'rate' of toy.disc is called 'lr' now"),
        ("disc", {"z": 3}, "no option of toy.disc 'z'"),
        ("disc", {"column": "a"}, "no option of toy.disc 'column'"),
        ("clouds", {"column": "a"}, "'column' of toy.clouds is called 'label' now"),
        ("clouds", {"z": 3}, "'z' of toy.clouds is called 'latent' now"),
        ("clouds", {"layers": 3}, "'layers' of toy.clouds is gone; give widths"),
        ("clouds", {}, "toy.clouds needs the option 'label'"),
        ("clouds", {"label": "a", "model": "van"}, "no model 'van'; did you mean 'vae'"),
        ("disc", {"budget": "papers"}, "no budget 'papers'; did you mean 'paper'"),
        ("disc", {"shape": "rond"}, "no shape 'rond'; did you mean 'round'"),
        ("disc", {"shape": None}, "no shape 'None'"),
    ],
)
def test_what_does_not_exist_is_refused_in_a_sentence(
    name: str, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        build(f"toy.{name}", **given)


@pytest.mark.usefixtures("toy")
def test_earlier_options_are_renamed_and_those_left_to_the_budget_dropped() -> None:
    clouds, disc = find_experiment("toy.clouds"), find_experiment("toy.disc")
    old = {"rate": 0.5, "z": 7, "layers": 3, "batch": None, "label": "kind", "seed": 0}
    new = {"lr": 0.5, "latent": 7, "widths": [8, 8, 8], "label": "kind", "seed": 0}
    assert update_old_options(clouds, old) == new
    assert build_experiment(clouds, new)["plan"].widths == (8, 8, 8)
    assert update_old_options(disc, {"rate": None, "layers": 3}) == {"layers": 3}
    assert update_old_options(clouds, {"epochs": 2, "rows": 5}) == {"batch": 10, "rows": 5}


@pytest.mark.usefixtures("toy")
def test_the_command_line_has_a_function_of_all_options() -> None:
    function = make_option_function(find_experiment("toy.clouds"), {"budget": "paper"})
    parameters = signature(function).parameters
    assert parameters["label"].default is Parameter.empty
    shown = {name: p.default for name, p in parameters.items()}
    assert shown == {**get_defaults("toy.clouds", budget="paper"), "label": Parameter.empty}
    assert get_type_hints(function)["widths"] == tuple[int, ...]
    assert "widths: Units in each layer." in (function.__doc__ or "")
    assert function(lr=1.0, widths=(3, 5)) == {"lr": 1.0, "widths": (3, 5)}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("toy.dics", "no experiment 'toy.dics'; did you mean 'toy.disc'"),
        ("toy.table1", "auxgen reproduce toy.table1"),
    ],
)
def test_a_name_that_is_no_experiments_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        find_experiment(name)
    with pytest.raises(InputError, match="no reproduction"):
        load_reproduction_maker("toy.disc")


def test_a_persons_own_file_has_keyword_arguments(own: Path) -> None:
    entry = find_experiment(own)
    assert (entry.name, entry.file, entry.make_plan) == ("numbers", own, None)
    assert get_defaults(own) == {"seed": 0, "steps": 4, "rows": None, "loud": False}
    helps = {option.name: option.help for option in list_options(entry)}
    assert helps == {
        "seed": "Seed of everything.",
        "steps": "Rounds to play.",
        "rows": "",
        "loud": "",
    }
    assert build(own, seed=5, rows=3) == {"six": (5, 4, 3, False, 5)}
    assert sys.modules["numbers"].Number  # Python's module of the file's name is not hidden
    with pytest.raises(InputError, match="no option of numbers 'step'; did you mean 'steps'"):
        build(own, step=5)
    assert update_old_options(entry, {"steps": 3, "rows": None}) == {"steps": 3}


def test_a_persons_own_file_may_have_a_plan(tmp_path: Path) -> None:
    file = tmp_path / "flat.py"
    head = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    text = PAPER["shapes"].replace("from .plans import CPU, PAPER, ToyPlan", "").replace("..", "")
    plans = PAPER["plans"].replace("from ..common", "from auxgen.experiments.common")
    body = text.replace("from common import Budget", "from auxgen.experiments.common import Budget")
    body = body.replace("make_disc_plan", "make_plan").replace("def disc(", "def experiment(")
    body = body.replace("from __future__ import annotations", "")
    file.write_text(head + plans.replace("from __future__ import annotations", "") + body)
    assert build(file, budget="paper", shape="flat")["disc"].sides == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "no file"),
        ("x = 3", "has no function experiment"),
        ("1 / 0", "cannot be run: ZeroDivisionError"),
    ],
)
def test_a_file_without_an_experiment_is_refused(
    text: str | None, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "broken.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError, match=sentence):
        find_experiment(file)


def load_plan_modules() -> list[Any]:
    """The modules that hold plans and words: a paper's plans, and those of its experiments."""
    names = {f"auxgen.experiments.{paper}.plans" for paper in find_papers()}
    names |= {find_experiment(name).function.__module__ for name in list_experiments()}
    return [import_module(name) for name in sorted(names) if find_spec(name)]


def test_every_package_of_experiments_is_a_paper_and_nothing_else_is() -> None:
    packages = Path(experiments.__path__[0]).glob("*/__init__.py")
    assert find_papers() == sorted(file.parent.name for file in packages)


@pytest.mark.usefixtures("toy")
def test_a_paper_without_tables_or_renamed_options_lists_none(tmp_path: Path) -> None:
    init = tmp_path / "toy" / "__init__.py"
    init.write_text(init.read_text().partition("TABLES")[0])
    assert list_reproductions() == []
    assert find_experiment("toy.disc").renamed == {}


@pytest.mark.parametrize("name", list_experiments())
def test_every_experiment_has_lines_about_it(name: str) -> None:
    about = list_experiments()[name]
    assert about.shows
    assert about.time
    assert about.paper


@pytest.mark.parametrize("name", list_reproductions())
@pytest.mark.parametrize("budget", ["cpu", "paper"])
def test_every_table_names_experiments_and_options_that_exist(name: str, budget: str) -> None:
    table = load_reproduction_maker(name)(budget)
    assert table.rows
    assert table.seeds >= 1
    for row in table.rows:
        entry = find_experiment(row.experiment)
        needed = dict.fromkeys(list_required_options(entry), "a")
        resolve_options(entry, {**needed, **row.options})
        assert row.paper.keys() <= row.scores.keys()


@pytest.mark.parametrize("name", list_experiments())
def test_every_option_has_a_help_and_every_renamed_one_a_new_name(name: str) -> None:
    entry = find_experiment(name)
    options = {option.name: option for option in list_options(entry)}
    assert options["seed"].default == 0
    assert [option.name for option in options.values() if not option.help] == []
    for old, new in (entry.renamed or {}).items():
        if isinstance(new, str):
            assert new in options or old not in OLD.get(name, {})
            assert old not in options
        else:
            assert (new.__doc__ or "").endswith(".")


def test_no_word_stands_in_two_tables_and_no_plan_has_anothers_name() -> None:
    modules = load_plan_modules()
    shared: Mapping[str, str] = import_module("auxgen.experiments.options").WORDS
    words = Counter([*shared, *(word for each in modules for word in getattr(each, "WORDS", {}))])
    assert [word for word, count in words.items() if count > 1] == []
    plans = Counter(
        value.__name__
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Plan)
        and value.__module__ == module.__name__
    )
    assert [plan for plan, count in plans.items() if count > 1] == []


@pytest.mark.parametrize("name", registry.list_experiments())
def test_pictures_of_a_person_can_be_given_one_size(name: str) -> None:
    """Pictures that differ in size are refused by a sentence that says --size."""
    options = {o.name for o in list_options(registry.find_experiment(name))}
    assert "data" not in options or "size" in options


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seed": None}, "seed is None; a value"),
        ({"lr": None}, "lr is None; a value"),
        ({"lr": [1e-3, 1e-4]}, r"lr is \[0.001, 0.0001\]; one value"),
        ({"batch": 2.5}, "batch is 2.5; a whole number"),
        ({"seed": "1"}, "seed is '1'"),
    ],
)
def test_what_an_edited_run_json_gives_an_option_must_fit_it(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        resolve_options(registry.find_experiment("adgm.half_moons"), given)


@pytest.mark.parametrize("name", registry.list_experiments())
def test_an_option_of_one_value_or_none_refuses_several(name: str) -> None:
    entry = registry.find_experiment(name)
    for option in list_options(entry):
        kinds = {option.type, *get_args(option.type)} - {type(None)}
        if kinds & {str, int, float, Path} and not any(get_origin(kind) is tuple for kind in kinds):
            with pytest.raises(InputError, match=f"{option.name} is .* expected"):
                resolve_options(entry, {option.name: [0, "x"]})


@pytest.mark.parametrize("name", registry.list_experiments())
def test_an_option_may_be_none_where_its_type_says_so(name: str) -> None:
    entry = registry.find_experiment(name)
    options = list_options(entry)
    given = {option.name: "x" for option in options if option.default is MISSING}
    for option in options:
        if type(None) in get_args(option.type):
            found = resolve_options(entry, {**given, option.name: None})
            assert found[option.name] is None


def list_options_of_several_values() -> list[tuple[str, str, type]]:
    """Experiments, their options that take several values, and of which kind these are."""
    return [
        (name, option.name, kind)
        for name in registry.list_experiments()
        for option in list_options(registry.find_experiment(name))
        for kind in (str, int, float)
        if any(
            get_origin(t) is tuple and kind in get_args(t)
            for t in (option.type, *get_args(option.type))
        )
    ]


@pytest.mark.parametrize(("name", "option", "kind"), list_options_of_several_values())
def test_each_of_several_values_must_be_of_the_options_kind(
    name: str, option: str, kind: type
) -> None:
    wrong = {str: (0, 1e9, None, ["x"]), int: ("x", 2.5, None, True), float: ("x", None, [1.0])}
    for value in wrong[kind]:
        with pytest.raises(InputError, match=f"{option} is .* expected"):
            resolve_options(registry.find_experiment(name), {option: [value]})
