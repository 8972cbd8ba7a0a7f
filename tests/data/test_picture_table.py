"""The table of docs/guides/data.md: what becomes of every kind of picture and folder, as it is.

`python tests/data/test_picture_table.py` writes it anew.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from data.picture_files import describe, make_picture, make_png, put, save
from PIL import Image

from auxgen.data import user
from auxgen.data.folders import find_image_splits
from auxgen.data.inputs import read_rows
from auxgen.errors import InputError
from auxgen.experiments.common import image_preprocessor

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "data.md"
HEAD = "| what lies in the folder | what is done | what is said |\n|---|---|---|\n"
Maker = Callable[[Path], object]


def write(name: str, kind: str) -> Maker:
    return lambda folder: save(folder / name, kind, (6, 4))


def write_array(name: str, values: list[float], dtype: type) -> Maker:
    return lambda folder: Image.fromarray(np.array([values] * 2, dtype)).save(folder / name)


def write_bytes(name: str, data: bytes) -> Maker:
    return lambda folder: (folder / name).write_bytes(data)


def write_turned(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for suffix in ("jpg", "png", "webp", "tiff"):
        make_picture("RGB", (6, 4)).save(folder / f"a.{suffix}", exif=exif)


def write_animation(folder: Path) -> None:
    frames = [make_picture("L", (6, 4), seed) for seed in (1, 2)]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])


def write_cut(folder: Path) -> None:
    save(folder / "a.png", "RGB", (30, 30))
    (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[:900])


def write_links(folder: Path) -> None:
    put(folder, "cat/1.png", "dog/1.png")
    (folder / "link").symlink_to(folder / "cat")
    (folder / "cat" / "up").symlink_to(folder)
    (folder / "dog" / "lost.png").symlink_to(folder / "nothing.png")


def write_foreign_name(folder: Path) -> None:
    put(folder, "a/1.png", "b/1.png")
    os.rename(os.fsencode(folder / "a"), os.fsencode(folder) + b"/caf\xe9")


def write_named(*names: str) -> Maker:
    return lambda folder: put(folder, *names)


def write_sheet(*lines: str, name: str = "metadata.csv", encoding: str = "utf-8") -> Maker:
    def make(folder: Path) -> None:
        put(folder, "1.png", "2.png", "3.png")
        describe(folder, *lines, name=name, encoding=encoding)

    return make


HEADER = "file_name,label"
KINDS: dict[str, Maker] = {
    "8 bits, grey": write("a.PNG", "L"),
    "JPEG": write("a.jpg", "RGB"),
    "WebP": write("a.webp", "RGB"),
    "PGM": write("a.pgm", "L"),
    "1 bit": write("a.png", "1"),
    "palette": write("a.gif", "P"),
    "CMYK": write("a.jpg", "CMYK"),
    "grey and colour": lambda f: (save(f / "a.png", "L", (6, 4)), save(f / "b.png", "RGB", (6, 4))),
    "turned by EXIF": write_turned,
    "RGBA": write("a.png", "RGBA"),
    "a transparent colour": write("a.png", "P with a clear colour"),
    "16 bits": write_array("a.png", [0, 40_000], np.uint16),
    "12 bits in 16": write_array("a.png", [0, 4001], np.uint16),
    "32 bits": write_array("a.tif", [0, 60_001], np.int32),
    "32 bits, beyond 16": write_array("a.tif", [0, 100_000], np.int32),
    "fractions to 1": write_array("a.tif", [0, 0.9], np.float32),
    "fractions to 255": write_array("a.tif", [0, 200.5], np.float32),
    "fractions to 5.5": write_array("a.tif", [0, 5.5], np.float32),
    "negative or not a number": write_array("a.tif", [0, np.nan], np.float32),
    "16 bits in three channels": write_bytes("a.png", make_png(3, 2, 16, 2, b"\x77\xa0" * 9)),
    "a mask of 0 and 1": write_array("a.png", [0, 1], np.uint8),
    "an animation": write_animation,
    "two sizes": lambda f: (save(f / "a.png", "L", (6, 4)), save(f / "b.png", "L", (5, 9))),
    "an empty file": write_bytes("a.png", b""),
    "text called .jpg": write_bytes("a.jpg", b"no picture"),
    "a truncated file": write_cut,
    "50,000 x 50,000 pixels": write_bytes("a.png", make_png(50_000, 50_000, 1, 0, bytes(6250))),
    "HEIC": lambda f: (put(f, "1.png"), (f / "2.heic").touch()),
    "links": write_links,
    "hidden pictures": write_named("cat/1.png", "cat/._1.png", "dog/1.png"),
    "a system's folder": write_named("__MACOSX/1.png", "cat/1.png", "dog/1.png"),
    "odd class names": write_named("__other__/1.png", "NA/1.png", "01/1.png", "1/1.png"),
    "a folder called x.png": write_named("x.png/1.png", "y/1.png"),
    "names not in UTF-8": write_foreign_name,
    "nested folders": write_named("cat/old/1.png", "dog/1.png"),
    "classes bus, car, train": write_named("bus/1.png", "car/1.png", "train/1.png"),
    "classes cat, dog beside test": write_named("cat/1.png", "dog/1.png", "test/1.png"),
    "splits, and a folder beside": write_named("train/a/1.png", "train/b/1.png", "more/1.png"),
    "val and validation": write_named("train/a/1.png", "val/a/1.png", "validation/a/1.png"),
    "metadata.csv": write_sheet(HEADER, "1.png,NA", "2.png,01", "3.png,"),
    "labels.tsv": write_sheet("path\tlabel", "1.png\ta", "2.png\tb", "3.png\t", name="labels.tsv"),
    "a sheet in UTF-16": write_sheet(HEADER, "1.png,ä", "2.png,b", "3.png,", encoding="utf-16"),
    "a sheet in Latin-1": write_sheet(HEADER, "1.png,ä", "2.png,b", "3.png,", encoding="latin-1"),
    "a sheet with semicolons": write_sheet("file;label", "1.png;a", "2.png;b", "3.png;"),
    "a sheet's column photo": write_sheet("id,photo,label", "x,1.png,a", "y,2.png,b", "z,3.png,"),
    "a sheet with other columns": write_sheet(
        "file_name,label,kg,tail", "1.png,a,3.5,0", "2.png,b,4,1", "3.png,,2,"
    ),
    "a sheet of pandas, with blanks": write_sheet(
        "file_name,label,tail", "1.png,1.0,1.0", "2.png,2.0,0.0", "3.png,,"
    ),
    "a sheet with other answers": write_sheet(
        "file_name,tail", "1.png,yes", "2.png,NA", "3.png,no"
    ),
    "a sheet of another name": lambda f: (
        put(f, "cat/1.png", "dog/1.png"),
        describe(f, HEADER, "cat/1.png,a", name="animals.csv"),
    ),
    "an empty folder": lambda f: (put(f, "cat/1.png", "dog/1.png"), (f / "emu").mkdir()),
    "a sheet that names two of three": write_sheet(HEADER, "1.png,a", "2.png,b"),
    "a sheet that names one twice": write_sheet(HEADER, "1.png,a", "2.png,b", "./1.png,b"),
    "a sheet that names none": write_sheet(HEADER, "1.png,a", "7.png,b"),
    "a sheet without file names": write_sheet("animal,label", "x,a", "y,b"),
    "two sheets": lambda f: (
        write_sheet(HEADER, "1.png,a")(f),
        describe(f, HEADER, "1.png,b", name="labels.csv"),
    ),
}
"""What may lie in a folder, and what puts it there."""


def describe_outcome(folder: Path) -> tuple[str, str]:
    """What training makes of a folder and what it says; a model of it reads the same pixels."""
    try:
        found = user.load_image_folder(folder)
    except InputError as error:
        return "refused", str(error)
    place = find_image_splits(folder)["train"].place
    rows = read_rows([place], image_preprocessor(found))
    assert torch.equal(rows.x, found.raw_rows())
    count, channels = found.x.shape[:2]
    colour = "grey" if channels == 1 else "colour"
    names = {"classes": found.classes, "attributes": found.attribute_names}
    lists = [
        f"; {what} {', '.join(f'`{n}`' for n in each)}" for what, each in names.items() if each
    ]
    return f"{count} in {colour}{''.join(lists)}", " ".join(found.notes)


def make_table(place: Path) -> str:
    """The lines of the table, each of which was tried."""
    lines = []
    for i, (kind, make) in enumerate(KINDS.items()):
        folder = place / str(i) / "pets"
        folder.mkdir(parents=True)
        make(folder)
        done, said = describe_outcome(folder)
        said = said.replace(f"{folder.parent}/", "").replace("|", "\\|")
        lines.append(f"| {kind} | {done} | {said} |\n")
    return HEAD + "".join(lines)


def find_table(page: str) -> str:
    start = page.index(HEAD)
    return page[start : page.index("\n\n", start) + 1]


def test_the_guide_s_table_is_what_happens(tmp_path: Path) -> None:
    assert make_table(tmp_path) == find_table(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    os.environ["AUXGEN_CACHE"] = tempfile.mkdtemp()
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace(find_table(page), make_table(Path(tempfile.mkdtemp()))))
