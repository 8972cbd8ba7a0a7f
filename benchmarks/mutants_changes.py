"""Changes of one token: every one that can be made of the packages' files, and the changed text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("methods", "functional", "metrics", "engine")
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES = {
    "argmax": "argmin", "argmin": "argmax", "amax": "amin", "amin": "amax", "max": "min",
    "min": "max", "sum": "mean", "mean": "sum", "exp": "expm1", "log": "log1p", "log1p": "log",
    "sigmoid": "tanh", "softmax": "log_softmax", "log_softmax": "softmax", "any": "all",
    "all": "any", "logsumexp": "mean", "sqrt": "square", "square": "abs", "abs": "square",
    "softplus": "relu", "clamp": "add", "floor": "ceil", "ceil": "floor", "train": "eval",
    "eval": "train", "detach": "clone", "cumsum": "cumprod", "sample": "rsample",
    "rsample": "sample",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A change of one place in a file, and what came of it."""

    file: str
    line: int
    text: str
    node: int
    """Its place in `ast.walk` of the file."""
    number: int
    """Of the changes of this node."""
    change: str
    outcome: str = ""
    seconds: float = 0.0


def apply_changes(node: ast.AST) -> Iterator[Callable[[], None]]:
    """Functions that change a node in place; what each does is its docstring."""

    def change(
        words: str, field: str, value: object, place: int | None = None
    ) -> Callable[[], None]:
        def make() -> None:
            if place is None:
                setattr(node, field, value)
            else:
                getattr(node, field)[place] = value

        make.__doc__ = words
        return make

    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            if type(op) in COMPARISONS:
                new = COMPARISONS[type(op)]()
                words = f"{type(op).__name__} becomes {type(new).__name__}"
                yield change(words, "ops", new, place=i)
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        if not (is_type(node) or is_text(node)):
            new = OPERATORS[type(node.op)]()
            words = f"{type(node.op).__name__} becomes {type(new).__name__}"
            yield change(words, "op", new)
    elif isinstance(node, ast.BoolOp):
        new = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        words = f"{type(node.op).__name__} becomes {type(new).__name__}"
        yield change(words, "op", new)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield change("not is left out", "op", ast.UAdd())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield change("minus is left out", "op", ast.UAdd())
    elif isinstance(node, ast.IfExp):
        yield change("the condition is always true", "test", ast.Constant(True))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield change(f"{node.value} becomes {not node.value}", "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        new_value = node.value + 1 if isinstance(node.value, int) else node.value * 2 + 1e-3
        yield change(f"{node.value} becomes {new_value}", "value", new_value)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield change(f"{node.attr} becomes {NAMES[node.attr]}", "attr", NAMES[node.attr])
    elif isinstance(node, ast.Call) and node.keywords and not is_refusal(node):
        last = node.keywords[-1]
        if last.arg is not None:
            yield change(f"{last.arg}= is left out", "keywords", node.keywords[:-1])
    elif isinstance(node, ast.With):
        empty = ast.parse("__import__('contextlib').nullcontext()", mode="eval").body
        items = [ast.withitem(empty, item.optional_vars) for item in node.items]
        yield change("the context is left out", "items", items)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield change("the call is left out", "value", ast.Constant(None))


def is_type(node: ast.AST) -> bool:
    """Whether an operator may join types, as in `Tensor | None`."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)


def is_text(node: ast.AST) -> bool:
    """Whether an operator joins texts, which people read and nothing computes with."""
    parts = [getattr(node, "left", None), getattr(node, "right", None)]
    return any(
        isinstance(part, ast.JoinedStr)
        or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in parts
    )


def is_refusal(node: ast.Call) -> bool:
    """Whether a call makes an exception, whose words are not what is tested here."""
    return isinstance(node.func, ast.Name) and node.func.id.endswith(("Error", "_error"))


def list_mutants() -> Iterator[Mutant]:
    """All mutants that can be made."""
    for room in ROOMS:
        for file in sorted((ROOT / "auxgen" / room).glob("*.py")):
            text = file.read_text()
            lines = text.splitlines()
            for i, node in enumerate(ast.walk(ast.parse(text))):
                for j, change in enumerate(apply_changes(node)):
                    line = getattr(node, "lineno", 1)
                    name, shown = str(file.relative_to(ROOT)), lines[line - 1].strip()
                    yield Mutant(name, line, shown, i, j, change.__doc__ or "")


def write_mutant(mutant: Mutant, text: str) -> str:
    """The text of a file with the mutant's change."""
    tree = ast.parse(text)
    node = list(ast.walk(tree))[mutant.node]
    list(apply_changes(node))[mutant.number]()
    return ast.unparse(ast.fix_missing_locations(tree))
