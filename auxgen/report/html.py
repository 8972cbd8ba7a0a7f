"""HTML as strings: whatever is not marked as HTML is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

VOID = ("img", "meta", "br")


class Html(str):
    """Text that is HTML already; any other string is escaped where it enters an element."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str) -> Html:
    """<name attributes>children</name>; `class_` is class, `aria_label` is aria-label."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    inside = "".join(text(child) for child in children)
    return Html(f"<{name}{given}>" if name in VOID else f"<{name}{given}>{inside}</{name}>")


def text(content: str) -> Html:
    """Content made safe to stand in HTML."""
    return content if isinstance(content, Html) else Html(escape(content))


def joined(parts: Iterable[str]) -> Html:
    return Html("".join(text(part) for part in parts))


def section(title: str, *children: str) -> Html:
    """A titled section; nothing where it has no content."""
    inside = joined(children)
    return element("section", element("h2", title), inside) if inside else Html("")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], class_: str = "") -> Html:
    """A table whose first column names its rows, and which scrolls where the screen is narrow."""
    head = element("tr", *(element("th", cell, scope="col") for cell in header))
    body = (
        element("tr", element("th", row[0], scope="row"), *(element("td", c) for c in row[1:]))
        for row in rows
    )
    inside = (element("thead", head), element("tbody", *body))
    return element("div", element("table", *inside, class_=class_), class_="scroll")


def image(png: bytes, alt: str) -> Html:
    """A picture that travels inside the page."""
    source = "data:image/png;base64," + b64encode(png).decode("ascii")
    return element("img", src=source, alt=alt, loading="lazy")


def figure(content: Html, caption: str) -> Html:
    return element("figure", content, element("figcaption", caption))


def document(title: str, *children: str) -> Html:
    """The whole page: its policy lets it load nothing from anywhere."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html(style)),
    )
    body = element("body", element("main", *children))
    return Html("<!doctype html>\n" + element("html", head, body, lang="en") + "\n")
