"""Inputs that nobody would write on purpose: changed JSON, bytes, tables, pictures and options."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

SHARES = {
    "config.json": 0.2,
    "model.safetensors": 0.2,
    "run.json": 0.06,
    "sheet of labels": 0.1,
    "table as text": 0.14,
    "parquet, feather, Excel": 0.1,
    "picture": 0.14,
    "options": 0.06,
}
"""Of all inputs: what is slower has fewer, at least 5,000 of 100,000."""
HOSTILE_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 0.5, -0.0, 1e308, -1e308, 5e-324, 2**31, 2**63, -(2**63)),
    *(10**30, float("nan"), float("inf"), float("-inf"), "", " ", "x", "0", "-1", "nan", "1e999"),
    *([], {}, [[]], [None], ["a", "a"], [0, 99], [1e9, 1e9], {"": ""}, {"x": None}, "a" * 5000),
    *("../../x", "/etc/passwd", "os.system", "antigravity", "this", "__import__", "{0.__class__}"),
    *("<b>", "[/bold]", "\x1b[31m", "two\nlines", "\u202e", "\ud800", "été", "日本", "🙂", "\0"),
)
HOSTILE_CELLS = (
    *("", "NA", "nan", "inf", "-1e309", "1,5", "=1+1", "@x", '"', '""', "'", "a\nb", "a;b", "\t"),
    *("\0", "\x1b[31m", "\u202e", "🙂", "日本", "12:30", "2024-02-30", "True", "0x1F", "1" * 400),
    *("../../x.png", "/etc/passwd", "1.png", "train", "yes", "no", "-", "?", "x" * 3000, "1e5"),
)
HOSTILE_WORDS = (
    *("0", "-1", "1", "2", "3.5", "-0.0", "1e308", "1e-320", "nan", "inf", "-inf", "1e999", "x"),
    *("", " ", "9" * 25, "--", "-", "True", "false", "None", "../../x", "/etc/passwd", "a=b", "🙂"),
    *(
        "\x1b[31m",
        "two\nlines",
        "cuda:9",
        "cpu:7",
        "meta",
        "auto",
        "[]",
        "{}",
        "1 2",
        "1,2",
        "\u202e",
    ),
)
INTERESTING_BYTES = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\r\n",
    b'"',
    b"{",
    b"]",
    b",",
    b"\xef\xbb\xbf",
)


def change_json(rng: Random, value: Any) -> bytes:
    """JSON with one to three places changed, and sometimes bytes of it."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        holder, key = rng.choice(list(list_places(value)) or [([value], 0)])
        value = holder[0] if holder is value and not holder else value
        change_place(rng, holder, key)
    text = json.dumps(value).encode()
    if rng.random() < 0.01:
        deep = rng.choice((1_000, 100_000))
        text = text.replace(b"[", b"[" * deep, 1).replace(b"]", b"]" * deep, 1)
    return change_bytes(rng, text) if rng.random() < 0.15 else text


def list_places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """All places of nested lists and objects: the holder, and the key or index."""
    if depth > 50:
        return
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from list_places(value[key], depth + 1)


def change_place(rng: Random, holder: Any, key: Any) -> None:
    """Change what a place of nested lists and objects holds, or the place itself."""
    value = holder[key]
    kind = rng.randrange(9)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[str(rng.choice(HOSTILE_VALUES))] = holder.pop(key)
    elif kind == 2 and isinstance(value, int | float):
        holder[key] = rng.choice(
            (-value, value + 1, value * 1000, value * 1e9, value + 0.5, str(value))
        )
    elif kind == 3 and isinstance(value, str):
        holder[key] = rng.choice((value + "x", value[::-1], value.upper(), value * 50, value[1:]))
    elif kind == 4 and isinstance(value, list):
        holder[key] = rng.choice((value * 2, value[1:], value[::-1], [value], value * 3000))
    elif kind == 5:
        holder[key] = [value]
    elif kind == 6:
        deep: Any = value
        for _ in range(rng.choice((5, 100, 300))):
            deep = [deep]
        holder[key] = deep
    else:
        holder[key] = copy.deepcopy(rng.choice(HOSTILE_VALUES))


def change_bytes(rng: Random, content: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Bytes flipped, cut, repeated, put in, or joined with those of another file."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(8)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at : at + rng.randrange(1, 64)]
        elif kind == 3:
            data[at:at] = rng.choice(INTERESTING_BYTES) * rng.choice((1, 1, 7))
        elif kind == 4:
            data[at : at + 4] = rng.randbytes(4)
        elif kind == 5:
            size = rng.choice((1, 2, 4, 8))
            number = rng.choice((0, 1, 2**7, 2**15, 2**31 - 1, 2**31, 2**62, -1))
            order = rng.choice(("little", "big"))
            wrapped = number % 2 ** (8 * size)
            data[at : at + size] = wrapped.to_bytes(size, order)
        elif kind == 6:
            data[at:at] = data[at : at + rng.randrange(1, 200)]
        elif others:
            other = rng.choice(others)
            data[at:] = other[rng.randrange(len(other) + 1) :]
    return bytes(data)


def change_safetensors(rng: Random, content: bytes) -> bytes:
    """A safetensors file with another header, or with changed bytes."""
    if rng.random() < 0.3:
        return change_bytes(rng, content)
    length = int.from_bytes(content[:8], "little")
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    if rng.random() < 0.5:
        name = rng.choice([n for n in header if n != "__metadata__"])
        part = header[name]
        start, end = part["data_offsets"]
        shift = rng.choice((1, 4, -4, 10**6, 2**40))
        part.update(
            rng.choice(
                (
                    {"shape": part["shape"][::-1]},
                    {"shape": [*part["shape"], rng.choice((0, 1, 2, 10**9))]},
                    {"shape": [rng.choice((0, -1, 2**40, 2**62))]},
                    {
                        "dtype": rng.choice(
                            ("F64", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "X")
                        )
                    },
                    {"data_offsets": [start + shift, end]},
                    {"data_offsets": [start, end + shift]},
                    {"data_offsets": [end, start]},
                )
            )
        )
        text = json.dumps(header).encode()
    else:
        text = change_json(rng, header)
    size = len(text) if rng.random() < 0.9 else rng.choice((0, 1, 2**20, 2**40, 2**63 - 1))
    return size.to_bytes(8, "little") + text + body


def make_table_text(rng: Random, rows: Sequence[Sequence[str]]) -> bytes:
    """A table as a file of text, with changed cells, rows, separators, encodings or bytes."""
    cells = [list(row) for row in rows]
    for _ in range(rng.choice((0, 1, 1, 3, 8))):
        row = rng.choice(cells)
        kind = rng.randrange(5)
        if kind == 0 and row:
            row.pop(rng.randrange(len(row)))
        elif kind == 1:
            row.insert(rng.randrange(len(row) + 1), rng.choice(HOSTILE_CELLS))
        elif kind == 2:
            cells.insert(rng.randrange(len(cells) + 1), list(rng.choice(cells)))
        elif row:
            row[rng.randrange(len(row))] = rng.choice(HOSTILE_CELLS)
    if rng.random() < 0.2:  # a whole column
        at, cell = rng.randrange(len(cells[0]) or 1), rng.choice(HOSTILE_CELLS)
        cells[1:] = [[*row[:at], cell, *row[at + 1 :]] for row in cells[1:]]
    mark = rng.choice((",", ",", ",", ";", "\t", "|", " "))
    quote = rng.random() < 0.7

    def write(cell: str) -> str:
        return (
            '"' + cell.replace('"', '""') + '"' if quote and set(cell) & set(mark + '"\n') else cell
        )

    text = rng.choice(("\n", "\n", "\r\n", "\r")).join(mark.join(map(write, row)) for row in cells)
    encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"))
    content = text.encode(encoding, errors="replace")
    return change_bytes(rng, content) if rng.random() < 0.2 else content


def make_frame_file(rng: Random, suffix: str) -> bytes:
    """A parquet, feather or Excel file of columns of many types, sometimes with changed bytes."""
    import numpy as np
    import pandas
    import pyarrow
    from pyarrow import feather, parquet

    n = rng.choice((0, 1, 2, 12, 12, 12, 12, 12))
    draw = np.random.default_rng(rng.randrange(2**32))
    when = pandas.Timestamp("2024-01-01")
    makers: tuple[Callable[[], Any], ...] = (
        lambda: draw.normal(size=n),
        lambda: draw.normal(size=n) * 1e300,
        lambda: draw.integers(-(2**62), 2**62, n),
        lambda: draw.integers(0, 3, n).astype(np.uint8),
        lambda: draw.choice(["a", "b", "", "NA"], n).tolist(),
        lambda: [rng.choice(HOSTILE_CELLS) for _ in range(n)],
        lambda: [None] * n,
        lambda: [float("nan")] * n,
        lambda: [rng.choice((True, False, None)) for _ in range(n)],
        lambda: [when + pandas.Timedelta(days=i) for i in range(n)],
        lambda: [[i, i] for i in range(n)],
        lambda: [{"x": i} for i in range(n)],
        lambda: [b"\xff" * i for i in range(n)],
        lambda: pandas.Categorical(draw.choice(["u", "v"], n).tolist()),
        lambda: draw.normal(size=n).astype(np.float16),
        lambda: [1.5, *([None] * (n - 1))][:n],
    )
    names = ("x", "y", "label", "id", "", "a,b", "日本", "x=1", "two\nlines", "label ")
    columns = {rng.choice(names): rng.choice(makers)() for _ in range(rng.randrange(1, 6))}
    columns["label"] = rng.choice((draw.choice(["a", "b", ""], n).tolist(), rng.choice(makers)()))
    out = io.BytesIO()
    if suffix == "xlsx":
        plain = {
            k: [str(v) if isinstance(v, list | dict | bytes) else v for v in c]
            for k, c in columns.items()
        }
        cleaned = {
            k: [v.replace("\0", "").replace("\x1b", "") if isinstance(v, str) else v for v in c]
            for k, c in plain.items()
        }
        pandas.DataFrame({k: pandas.Series(c) for k, c in cleaned.items()}).to_excel(
            out, index=False
        )
    else:
        table = pyarrow.table(
            {name: pyarrow.array(list(column)) for name, column in columns.items()}
        )
        write = parquet.write_table if suffix == "parquet" else feather.write_feather
        write(table, out)
    return change_bytes(rng, out.getvalue()) if rng.random() < 0.5 else out.getvalue()


def make_picture(rng: Random) -> tuple[str, bytes]:
    """A picture's suffix and file, of any mode, size and format, mostly with changed bytes."""
    import numpy as np
    from PIL import Image

    mode = rng.choice(("L", "RGB", "RGBA", "LA", "P", "1", "CMYK", "I;16", "F", "YCbCr"))
    size = (rng.choice((1, 2, 8, 8, 13)), rng.choice((1, 8, 8, 9)))
    draw = np.random.default_rng(rng.randrange(2**32))
    if mode == "I;16":
        image = Image.fromarray(draw.integers(0, 2**16, size[::-1], dtype=np.uint16))
    else:
        image = Image.fromarray(draw.integers(0, 256, (*size[::-1], 3), dtype=np.uint8)).convert(
            mode
        )
    kind = rng.choice(("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"))
    out = io.BytesIO()
    try:
        image.save(out, kind)
    except (OSError, ValueError, KeyError):  # the format does not have the mode
        kind = "PNG"
        out = io.BytesIO()
        image.convert("RGB").save(out, kind)
    content = out.getvalue()
    suffix = rng.choice((kind.lower(), kind.lower(), kind.lower(), "png", "jpg"))
    return suffix, change_bytes(rng, content) if rng.random() < 0.8 else content
