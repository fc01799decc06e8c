"""axe-core finds nothing in any state, in both colours; the page's files keep the policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from univldr.server.routes.system import STATIC

from .conftest import NARROW, WIDE, Watched, fail_with

_MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")

axe = pytest.importorskip("axe_playwright_python.sync_playwright")


def check(page: Any) -> None:
    """No violation, in light and in dark."""
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        found = axe.Axe().run(page, options={"resultTypes": ["violations"]})
        assert not found.violations_count, found.generate_report()


def test_empty_and_loading(at: Watched) -> None:
    page = at.open()
    page.wait_for_selector(".notice.empty")
    check(page)
    page.route("**/v1/search", lambda route: None)
    page.locator("#query").fill("water")
    page.wait_for_selector(".bone")
    check(page)
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_hits_with_everything_shown(visit: Callable[..., Watched], site: str, size: dict[str, int]) -> None:
    at = visit(site, size=size)
    page = at.open("?q=walrus&explain=1&plus=ice&minus=people&like=a+copy&picture=1&where=exists+year")
    page.wait_for_selector("#grid .bar-of-parts")
    check(page)


def test_filters_and_their_error(at: Watched) -> None:
    at.allowed.append("Failed to load resource")
    page = at.open("?q=water&where=year+%3E&f=%5B%22year%22%2C%22%3E%3D%22%2C%221990%22%2C%22number%22%5D")
    page.wait_for_selector("#filters .error:not(:empty)")
    page.get_by_role("button", name="Add a filter").click()
    check(page)


@pytest.mark.parametrize("words", ["walrus on the ice", "saturn"])
def test_an_open_hit(at: Watched, words: str) -> None:
    page = at.open(f"?q={words}")
    at.settled()
    page.locator("#grid a.open").first.click()
    page.wait_for_selector("#view .bar-of-parts")
    check(page)


def test_errors_and_nothing_found(at: Watched) -> None:
    page = at.open("?q=water&where=year+%3E+3000")
    page.wait_for_selector(".notice.none")
    check(page)
    fail_with(at, 500, "model_error")
    page.locator("#query").fill("water!")
    page.wait_for_selector(".notice.failed")
    check(page)
    at.search("quarterly tax law of zanzibar 1743")


def test_dialogs(visit: Callable[..., Watched], site: str, locked: str) -> None:
    page = visit(site).open()
    page.locator("#help").click()
    page.wait_for_selector("#keys[open]")
    check(page)
    at = visit(locked)
    at.allowed.append("Failed to load resource")
    page = at.open()
    page.wait_for_selector("#sign-in[open]")
    check(page)


# --- the files ---


def _files(ending: str) -> list[Path]:
    return sorted(STATIC.glob(f"*{ending}"))


def test_the_first_paint_waits_for_no_chain_of_modules() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'(?:href|src)="/static/([^"]+)"', page))
    assert named == {one.name for one in STATIC.iterdir() if one.is_file()} - {"index.html"}


def test_nothing_is_inline_and_no_data_becomes_markup() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    for file in _files(".js"):
        code = file.read_text(encoding="utf-8")
        assert not _MARKUP.search(code), file
    for file in (*_files(".js"), *_files(".css"), *_files(".html")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(", text), file


def test_files_are_short() -> None:
    for file in STATIC.iterdir():
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 400, file
