"""HTML as strings: whatever is not marked as HTML is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

VOID_ELEMENTS = ("img", "meta", "br")


class Html(str):
    """Text that is HTML already; any other string is escaped where it enters an element."""

    __slots__ = ()


def render_element(name: str, /, *children: str, **attributes: str) -> Html:
    """<name attributes>children</name>; `class_` is class, `aria_label` is aria-label."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    inside = "".join(escape_text(child) for child in children)
    return Html(
        f"<{name}{given}>" if name in VOID_ELEMENTS else f"<{name}{given}>{inside}</{name}>"
    )


def escape_text(content: str) -> Html:
    """Content made safe to stand in HTML."""
    return content if isinstance(content, Html) else Html(escape(content))


def join_html(parts: Iterable[str]) -> Html:
    return Html("".join(escape_text(part) for part in parts))


def render_section(title: str, *children: str) -> Html:
    """A titled section; nothing where it has no content."""
    inside = join_html(children)
    return render_element("section", render_element("h2", title), inside) if inside else Html("")


def render_html_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], class_: str = ""
) -> Html:
    """A table whose first column names its rows, and which scrolls where the screen is narrow."""
    head = render_element("tr", *(render_element("th", cell, scope="col") for cell in header))
    body = (
        render_element(
            "tr",
            render_element("th", row[0], scope="row"),
            *(render_element("td", c) for c in row[1:]),
        )
        for row in rows
    )
    inside = (render_element("thead", head), render_element("tbody", *body))
    return render_element("div", render_element("table", *inside, class_=class_), class_="scroll")


def render_html_image(png: bytes, alt: str) -> Html:
    """A picture that travels inside the page."""
    source = "data:image/png;base64," + b64encode(png).decode("ascii")
    return render_element("img", src=source, alt=alt, loading="lazy")


def render_html_figure(content: Html, caption: str) -> Html:
    return render_element("figure", content, render_element("figcaption", caption))


def render_document(title: str, *children: str) -> Html:
    """The whole page: its policy lets it load nothing from anywhere."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    head = render_element(
        "head",
        render_element("meta", charset="utf-8"),
        render_element("meta", http_equiv="Content-Security-Policy", content=policy),
        render_element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        render_element("meta", name="color-scheme", content="light dark"),
        render_element("title", title),
        render_element("style", Html(style)),
    )
    body = render_element("body", render_element("main", *children))
    return Html("<!doctype html>\n" + render_element("html", head, body, lang="en") + "\n")
