"""Pieces of the page as HTML. Names of classes, columns and files are escaped by `Markup`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from io import BytesIO

from markupsafe import Markup
from PIL.Image import Image
from torch import Tensor

from ..plotting.grids import draw_image_grid

MOST_BARS = 10
"""Classes that have a bar of their own, the most probable ones."""


def encode_picture(picture: Tensor, *, side: int | None = None) -> str:
    """A picture (c, h, w) in [0, 1] as the address of a PNG that holds it.

    Args:
        picture: The picture.
        side: Pixels of its longer side at most; None for all that it has.
    """
    page = draw_image_grid(picture[None], 1, padding=0)
    if side is not None:
        page.thumbnail((side, side))
    return _encode_image(page, "PNG")


def _encode_image(image: Image, kind: str) -> str:
    file = BytesIO()
    image.save(file, format=kind, quality=92)
    return f"data:image/{kind.lower()};base64,{b64encode(file.getvalue()).decode()}"


def format_figures(
    pictures: Iterable[Tensor | Image], captions: Sequence[str], kind: str = ""
) -> Markup:
    """Pictures side by side, each with a caption below it.

    Args:
        pictures: Pictures (c, h, w), whose pixels are shown sharp; photographs are smooth.
        captions: One for each.
        kind: Another class of the element, for its style.
    """
    figures = []
    for picture, caption in zip(pictures, captions, strict=True):
        smooth = isinstance(picture, Image)
        source = _encode_image(picture, "JPEG") if smooth else encode_picture(picture)
        figures.append(
            Markup(
                '<figure><img class="{}" src="{}" alt="{}"><figcaption>{}</figcaption></figure>'
            ).format("ax-smooth" if smooth else "", source, caption, caption)
        )
    return Markup('<div class="ax-figures {}">{}</div>').format(kind, Markup("").join(figures))


def format_bars(shares: Iterable[tuple[str, float]]) -> Markup:
    """A bar for each name with a share in [0, 1], the greatest first; the least of many in one."""
    ranked = sorted(shares, key=lambda pair: -pair[1])
    bars = [_format_bar(name, share) for name, share in ranked[:MOST_BARS]]
    others = ranked[MOST_BARS:]
    if others:
        bars.append(_format_bar(f"{len(others):,} others", sum(share for _, share in others)))
    return Markup('<div class="ax-bars">{}</div>').format(Markup("").join(bars))


def _format_bar(name: str, share: float) -> Markup:
    return Markup(
        '<div class="ax-bar"><span class="ax-name">{}</span><span class="ax-track">'
        '<span style="width:{:.1f}%"></span></span><span class="ax-share">{}</span></div>'
    ).format(name, 100 * share, format_share(share))


def format_share(share: float) -> str:
    """A share in per cent, without the certainty that rounding would give it: "over 99 %"."""
    if 0.99 < share < 1:
        return "over 99 %"
    return "below 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def format_heading(text: str) -> Markup:
    return Markup('<h3 class="ax-heading">{}</h3>').format(text)


def format_notes(notes: Iterable[str]) -> Markup:
    """Sentences that a person should know, one a line."""
    return Markup("").join(Markup('<p class="ax-note">{}</p>').format(note) for note in notes)


def format_error(sentence: str) -> Markup:
    """What is wrong with what a person gave, in place of a result."""
    return Markup('<p class="ax-error" role="alert">{}</p>').format(sentence)


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """A table, which scrolls by itself where it is wide."""
    first = Markup("").join(Markup("<th>{}</th>").format(name) for name in header)
    lines = [
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format("" if v is None else v) for v in row)
        )
        for row in rows
    ]
    return Markup(
        '<div class="ax-scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(first, Markup("").join(lines))
