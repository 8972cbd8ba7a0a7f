"""The page of failures quotes the messages that auxgen has."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import auxgen

PACKAGE = Path(auxgen.__file__).parent
PAGE = PACKAGE.parent / "docs" / "guides" / "failures.md"
ANY = "…"
"""Stands for names and numbers, on the page and in the templates."""


def list_quotes() -> list[str]:
    """Code on the page that has an ellipsis, or that begins a point of a list."""
    text = re.sub(r"\n  ", " ", PAGE.read_text())
    spans = re.findall(r"(?<!`)`([^`]+)`", text)
    first = re.findall(r"^- `([^`]+)`", text, re.MULTILINE)
    return list(dict.fromkeys([*first, *(span for span in spans if len(span) > 1 and ANY in span)]))


@cache
def list_templates() -> frozenset[str]:
    """Texts of auxgen's code, with an ellipsis for each value that is put in."""
    found: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [v.value if isinstance(v, ast.Constant) else ANY for v in node.values]
                found.add("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


def is_quoted(quote: str) -> bool:
    pattern = ".*".join(map(re.escape, quote.split(ANY)))
    return any(re.search(pattern, template) for template in list_templates())


QUOTES = list_quotes()


@pytest.mark.parametrize("quote", QUOTES)
def test_a_message_on_the_page_is_one_of_the_code(quote: str) -> None:
    assert max(len(part) for part in quote.split(ANY)) > 8  # else it would fit many messages
    assert is_quoted(quote)


def test_another_message_is_not_found() -> None:
    assert not is_quoted("Only class … of … is labelled; three or more are expected.")


def test_the_page_quotes_messages_of_every_part() -> None:
    assert len(QUOTES) > 30
