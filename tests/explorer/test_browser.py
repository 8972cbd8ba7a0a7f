"""The explorer from end to end: the command, its server, and Chromium."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import torch
from explorer.browsing import Browser, Explorer, find_missing, get, open_browser, run_explorer
from explorer.conftest import HOSTILE
from hub_stand_in import serve_hub

import auxgen
from auxgen.explorer.uploads import MAX_MEGABYTES
from auxgen.model import Model
from auxgen.plotting.grids import write_picture

MISSING = find_missing()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"There is no {MISSING} here; see make browser."),
]
FILE_NAME = "<img src=x onerror=alert(1)>.png"
SECRET = "a secret that nobody serves"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures, one of which has a hostile name."""
    folder = tmp_path_factory.mktemp("data") / "pictures"
    folder.mkdir()
    (folder.parent / "secret.txt").write_text(SECRET)
    for i in range(15):
        generator = torch.Generator().manual_seed(i)
        picture = torch.rand(1, 8, 8, generator=generator)
        write_picture(picture, folder / (FILE_NAME if i == 1 else f"{i}.png"))
    return folder


@pytest.fixture(scope="module")
def describing(
    describer: Model, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Explorer]:
    """The page of an artefact with attributes, and a person's own pictures."""
    folder = tmp_path_factory.mktemp("describing")
    model = describer.save(folder / "faces")
    with run_explorer(folder / "server", model, pictures) as explorer:
        yield explorer


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    """The page of a run, with its own data."""
    folder = tmp_path_factory.mktemp("digits")
    options: dict[str, Any] = {"steps": 30, "hidden": 16, "latent": 4}
    run = auxgen.train("adgm.digits", run=folder / "run", device="cpu", quiet=True, **options)
    with run_explorer(folder / "server", run.path) as explorer:
        yield explorer


@pytest.fixture(scope="module")
def table(
    classifier_of_rows: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Explorer]:
    """The page of a table's model, and rows of such a table."""
    folder = tmp_path_factory.mktemp("table")
    model = classifier_of_rows.save(folder / "wine")
    rows = folder / "more.csv"
    lines = ["60.5,oak,2024-12-31,yes", "58.0,,2020-01-01,no", "61.0,clay,2021-06-01,yes"]
    rows.write_text("\n".join(["weight,cask,bought,sweet", *lines]) + "\n")
    with run_explorer(folder / "server", model, rows) as explorer:
        yield explorer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def open_tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def get_source(page: Any, place: int) -> str:
    """The address of a picture of the result, which holds its pixels."""
    return page.locator("#ax-result img").nth(place).get_attribute("src")


def wait_for_another(page: Any, place: int, source: str) -> str:
    """The address of a picture once it is another one."""
    page.wait_for_function(
        "([place, source]) => document.querySelectorAll('#ax-result img')[place]?.src != source",
        arg=[place, source],
    )
    return get_source(page, place)


def wait_until_it_stays(page: Any, place: int, source: str) -> None:
    """Wait until a picture is this one, and look whether a late answer changes it again."""
    page.wait_for_function(
        "([place, source]) => document.querySelectorAll('#ax-result img')[place].src == source",
        arg=[place, source],
    )
    page.wait_for_timeout(3000)
    assert get_source(page, place) == source


def move_slider(page: Any, times: int) -> None:
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(times):
        slider.press("ArrowRight")


def move_all_back(page: Any) -> None:
    page.get_by_role("button", name="All sliders back to the middle").click()


def get_positions(page: Any) -> list[str]:
    return [slider.input_value() for slider in page.get_by_role("slider").all()]


def test_a_slider_changes_the_picture(describing: Explorer, browser: Browser) -> None:
    with browser.open(describing.url) as page:
        original, before = get_source(page, 0), get_source(page, 1)
        move_slider(page, 10)
        wait_for_another(page, 1, before)
        assert get_source(page, 0) == original
        assert get_positions(page) == ["2", "0"]


@pytest.mark.parametrize("moves", [1, 10])
def test_sliders_go_back_while_their_moves_are_not_answered_yet(
    describing: Explorer, browser: Browser, moves: int
) -> None:
    with browser.open(describing.url) as page:
        before = get_source(page, 1)
        for _ in range(3):
            move_slider(page, moves)
            move_all_back(page)
        assert get_positions(page) == ["0", "0"]
        wait_until_it_stays(page, 1, before)


@pytest.mark.parametrize("answered", [False, True])
def test_a_request_or_answer_that_others_overtook_changes_nothing(
    describing: Explorer, browser: Browser, answered: bool
) -> None:
    with browser.open(describing.url) as page:
        before, held = get_source(page, 1), []

        def hold(route: Any) -> None:
            held.append((route, {"response": route.fetch()} if answered else None))

        page.route("**/run/predict*", hold, times=1)
        move_slider(page, 1)
        page.wait_for_timeout(500)
        move_all_back(page)
        wait_until_it_stays(page, 1, before)
        ((route, answer),) = held
        route.continue_() if answer is None else route.fulfill(**answer)
        wait_until_it_stays(page, 1, before)
        move_slider(page, 2)
        wait_for_another(page, 1, before)


def test_a_picture_of_the_data_is_chosen(describing: Explorer, browser: Browser) -> None:
    with browser.open(describing.url) as page:
        first = get_source(page, 0)
        thumbnails = page.locator(".ax-gallery button.thumbnail-item")
        thumbnails.nth(1).click()
        second = wait_for_another(page, 0, first)
        assert page.locator("#ax-result figcaption").first.inner_text() == "10.png"
        page.get_by_role("button", name="Show others").click()
        page.wait_for_timeout(1500)
        thumbnails.nth(1).click()
        wait_for_another(page, 0, second)


def test_classes_come_of_an_uploaded_picture(
    digits: Explorer, browser: Browser, tmp_path: Path
) -> None:
    mine = tmp_path / FILE_NAME
    write_picture(torch.rand(3, 90, 120), mine)
    with browser.open(digits.url) as page:
        before = get_source(page, 0)
        page.locator("input[type=file]").first.set_input_files(mine)
        wait_for_another(page, 0, before)
        caption = page.locator("#ax-result figcaption").first.inner_text()
        assert "onerror=alert(1)" in caption  # Gradio leaves out some signs
        assert page.locator("#ax-result .ax-bar").count() == 10
        shares = page.locator("#ax-result .ax-share").all_inner_texts()
        assert all(share.endswith("%") for share in shares)


def test_what_is_no_picture_or_too_large_is_said(
    digits: Explorer, browser: Browser, tmp_path: Path
) -> None:
    text, large = tmp_path / "words.png", tmp_path / "large.png"
    text.write_text("no picture")
    large.write_bytes(bytes(MAX_MEGABYTES * 2**20 + 1))
    with browser.open(digits.url) as page:
        page.locator("input[type=file]").first.set_input_files(text)
        message = page.locator(".ax-error").first
        message.wait_for()
        assert "words.png is not an image" in message.inner_text()
    problems = len(browser.problems)
    with browser.open(digits.url) as page:
        page.locator("input[type=file]").first.set_input_files(large)
        page.get_by_text("maximum", exact=False).first.wait_for()
    del browser.problems[problems:]  # the browser's own note that the server refused


def test_a_row_is_typed(table: Explorer, browser: Browser) -> None:
    with browser.open(table.url) as page:
        page.get_by_label("weight").fill("61,5")
        page.get_by_label("cask").click()
        page.get_by_role("option", name="oak").click()
        page.get_by_role("button", name="Predict").click()
        page.locator("#ax-result .ax-bar").first.wait_for()
        names = page.locator("#ax-result .ax-name").all_inner_texts()
        assert sorted(names) == ["red", "rose", "white"]
        page.get_by_label("weight").fill("heavy")
        page.get_by_role("button", name="Predict").click()
        message = page.locator("#ax-result .ax-error")
        message.wait_for()
        assert "weight takes a number, not 'heavy'" in message.inner_text()
        page.get_by_role("button", name="Fill in a row of the data").click()
        page.locator("#ax-result .ax-bar").first.wait_for()
        assert page.get_by_label("weight").input_value() == "60.5"


def test_new_rows_are_drawn(table: Explorer, digits: Explorer, browser: Browser) -> None:
    with browser.open(table.url) as page:
        open_tab(page, "New")
        page.get_by_label("Class").click()
        page.get_by_role("option", name="white").click()
        page.get_by_role("button", name="Draw").click()
        page.locator("#ax-new td").first.wait_for()
        assert page.locator("#ax-new tbody tr").count() == 16
    with browser.open(digits.url) as page:
        open_tab(page, "New")
        page.get_by_role("button", name="Draw").click()
        page.locator("#ax-new img").first.wait_for()
        assert page.locator("#ax-new img").count() == 16


def test_the_way_between_two_pictures_changes_with_them(
    describing: Explorer, browser: Browser
) -> None:
    with browser.open(describing.url) as page:
        open_tab(page, "Between")
        ends = page.locator("#ax-way img")
        assert ends.count() == 9
        before = [ends.nth(i).get_attribute("src") for i in (0, 8)]
        galleries = page.locator(".ax-gallery:visible")
        galleries.nth(0).locator("button.thumbnail-item").nth(3).click()
        page.wait_for_function(
            "source => document.querySelector('#ax-way img').src != source", arg=before[0]
        )
        assert ends.nth(8).get_attribute("src") == before[1]


def test_the_map_names_what_the_pointer_is_on(describing: Explorer, browser: Browser) -> None:
    with browser.open(describing.url) as page:
        open_tab(page, "Map")
        points = page.locator("#ax-codes .ax-point")
        assert points.count() == 15
        assert "direction 1" in page.locator("#ax-codes").inner_text()
        point = points.filter(has_text=FILE_NAME)
        point.focus()
        assert point.locator(".ax-tip").is_visible()
        page.get_by_label("the two most active numbers").click()
        page.get_by_text("of the code. Up:", exact=False).wait_for()


@pytest.mark.parametrize("server", ["describing", "digits", "table"])
def test_the_page_fits_a_telephone(
    server: str, request: pytest.FixtureRequest, browser: Browser
) -> None:
    explorer: Explorer = request.getfixturevalue(server)
    for width in (1280, 390):
        with browser.open(explorer.url, width) as page:
            for tab in page.get_by_role("tab").all_inner_texts():
                open_tab(page, tab)
                page.wait_for_timeout(300)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, tab


@pytest.mark.parametrize("server", ["describing", "table"])
def test_names_are_text_wherever_they_stand(
    server: str, request: pytest.FixtureRequest, browser: Browser
) -> None:
    explorer: Explorer = request.getfixturevalue(server)
    with browser.open(explorer.url) as page:
        title = page.title()
        for tab in page.get_by_role("tab").all_inner_texts():
            open_tab(page, tab)
            page.wait_for_timeout(300)
        assert page.locator("img[src=x]").count() == 0
        assert page.title() == title
        if server == "describing":
            open_tab(page, "Change")
            assert HOSTILE in page.locator("#ax-result").inner_text()


def test_a_model_on_the_hub_is_explored(
    describer: Model, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = describer.save(tmp_path / "faces")
    with serve_hub() as (address, hub):
        commit = hub.commit("someone/faces", {f.name: f.read_bytes() for f in saved.iterdir()})
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        with run_explorer(tmp_path / "server", "hf://someone/faces") as explorer:
            with browser.open(explorer.url) as page:
                assert page.locator("h1").inner_text() == "someone/faces"
                write_picture(torch.rand(1, 8, 8), tmp_path / "me.png")
                page.locator("input[type=file]").first.set_input_files(tmp_path / "me.png")
                page.locator("#ax-result img").nth(1).wait_for()
                before = get_source(page, 1)
                move_slider(page, 3)
                wait_for_another(page, 1, before)
            status, err = explorer.end()
    assert status == 0
    assert f"hf://someone/faces@{commit}" in err


TRAVERSALS = [
    *("/etc/passwd", "//etc/passwd", "/gradio_api/file=/etc/passwd", "/file=/etc/passwd"),
    *("/gradio_api/file=../../../../etc/passwd", "/static/../../../../etc/passwd"),
    *("/assets/..%2f..%2f..%2f..%2fetc/passwd", "/gradio_api/file=%2e%2e/%2e%2e/etc/passwd"),
    *("/svelte/..%5c..%5cetc/passwd", "/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd"),
    *("/gradio_api/file=file:///etc/passwd", "/gradio_api/file=/proc/self/environ"),
    *("/gradio_api/proxy=http://127.0.0.1/", "/gradio_api/file=https://example.com/x.png"),
    *("/docs", "/openapi.json", "/gradio_api/runs", "/monitoring"),
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_file_outside_its_folder_is_served(describing: Explorer, path: str) -> None:
    status, content = get(describing.url.rstrip("/") + path)
    assert status in (400, 403, 404, 405), content[:200]
    assert b"root:" not in content


def test_the_data_s_own_folder_is_not_served(describing: Explorer, pictures: Path) -> None:
    for file in (pictures.parent / "secret.txt", pictures / "0.png", Path(__file__)):
        for path in (str(file), quote(str(file), safe="")):
            status, content = get(f"{describing.url}gradio_api/file={path}")
            assert status in (403, 404)
            assert SECRET.encode() not in content


@pytest.mark.parametrize("path", ["/etc/passwd", "http://example.com/a.png", "https://10.0.0.1/a"])
def test_a_request_names_no_file_in_place_of_an_upload(describing: Explorer, path: str) -> None:
    config = json.loads(get(f"{describing.url}config")[1])
    uploads = [c["id"] for c in config["components"] if c["type"] == "file"]
    events = [d for d in config["dependencies"] if d["inputs"] and d["inputs"][0] in uploads]
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    body = {"data": [file], "fn_index": events[0]["id"], "session_hash": "abc"}
    address = f"{describing.url}gradio_api/run/predict"
    status, content = get(address, json.dumps(body).encode())
    assert status == 500
    assert b"root:" not in content


def test_a_page_elsewhere_is_not_answered(describing: Explorer) -> None:
    assert get(describing.url, Host="evil.example")[0] == 404


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(
    describer: Model, tmp_path: Path, number: signal.Signals, browser: Browser
) -> None:
    model = describer.save(tmp_path / "faces")
    with run_explorer(tmp_path / "server", model) as explorer:
        with browser.open(explorer.url):
            assert explorer.list_leftovers()
        status, err = explorer.end(number)
    assert status == 0
    assert err == "The explorer has ended.\n"
    assert not explorer.list_leftovers()
