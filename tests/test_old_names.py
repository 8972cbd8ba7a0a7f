"""What version 0.1 called otherwise is found, with a warning."""

from __future__ import annotations

import importlib
import re

import pytest

from auxgen.old_names import OLD_NAMES

PAIRS = [(module, name, new) for module, names in OLD_NAMES.items() for name, new in names.items()]


@pytest.mark.parametrize(("module", "name", "new"), PAIRS)
def test_an_old_name_is_the_new_one_with_a_warning(module: str, name: str, new: str) -> None:
    place, _, attribute = new.partition(":")
    known = getattr(importlib.import_module(f"auxgen.{place}"), attribute)
    old = importlib.import_module(f"auxgen.{module}")
    sentence = f"auxgen.{module}.{name} is auxgen.{place}.{attribute} now."
    with pytest.warns(DeprecationWarning, match=re.escape(sentence)):
        assert getattr(old, name) is known


def test_a_from_import_warns_too() -> None:
    with pytest.warns(DeprecationWarning, match=r"auxgen\.data\.dataset\.Preprocessor now"):
        from auxgen.data.examples import Space  # pyright: ignore
    assert Space.__name__ == "Preprocessor"


def test_what_never_was_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("auxgen.data.example")
    with pytest.raises(ImportError):
        from auxgen.data.examples import nothing  # pyright: ignore  # noqa: F401
    with pytest.raises(ImportError):
        from auxgen.data.batches import nothing as none  # pyright: ignore  # noqa: F401
