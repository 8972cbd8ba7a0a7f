"""Pictures and folders of all kinds, for tests."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

MODES = {
    **{mode: mode for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "I")},
    "P with a clear colour": "P",
    "RGB with a clear colour": "RGB",
}


def make_picture(kind: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Noise in a mode of Pillow."""
    rng, (width, height) = np.random.default_rng(seed), size
    bytes_ = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    mode = MODES[kind]
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65536, (height, width)).astype(np.uint16))
    if mode == "I":
        return Image.fromarray(rng.integers(0, 65536, (height, width)).astype(np.int32))
    if mode == "F":
        return Image.fromarray(rng.random((height, width), dtype=np.float32))
    bands = {"1": 1, "L": 1, "LA": 2, "P": 3, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    base = Image.fromarray(bytes_[..., :bands].squeeze(-1) if bands == 1 else bytes_[..., :bands])
    if mode == "CMYK":
        return Image.frombytes("CMYK", size, bytes_.tobytes())
    if mode == "P":
        return base.quantize(16)
    return base.convert(mode)


def save(path: Path, kind: str, size: tuple[int, int]) -> bool:
    """Write a picture; False where the format has no such pictures."""
    picture = make_picture(kind, size)
    if picture.mode == "I" and path.suffix == ".png":  # Pillow 13 refuses it, and 12 warns of that
        return False
    options: dict[str, object] = {}
    if "clear colour" in kind:
        if path.suffix not in (".png", ".gif") or (path.suffix == ".gif" and picture.mode != "P"):
            return False
        first = picture.getpixel((0, 0))
        options["transparency"] = first
    if path.suffix == ".webp":
        options["lossless"] = True
    try:
        picture.save(path, **options)  # type: ignore[arg-type]
    except (OSError, KeyError, ValueError):
        path.unlink(missing_ok=True)
        return False
    return True


def make_png(width: int, height: int, bits: int, colour: int, line: bytes) -> bytes:
    """A PNG file of a hundred lines at most, each the same, whatever its header says."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    rest = chunk(b"IDAT", zlib.compress((b"\0" + line) * min(height, 100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + rest


def put(folder: Path, *names: str) -> Path:
    """Grey pictures of these names, each of its own value."""
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((2, 2), 200 - i, np.uint8)
        Image.fromarray(pixels).save(folder / name, format="PNG")
    return folder


def describe(
    folder: Path, *lines: str, name: str = "metadata.csv", encoding: str = "utf-8"
) -> Path:
    (folder / name).write_text("\n".join(lines) + "\n", encoding=encoding)
    return folder
