"""An open hit, the keyboard alone, and what is said when something is wrong or missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import KEY, NARROW, Watched, fail_with


def test_open_walk_and_close(at: Watched) -> None:
    page = at.open("?q=water")
    at.settled()
    ids = at.ids
    page.locator("#grid a.open").first.click()
    page.wait_for_selector("#view[open] .scores")
    assert page.inner_text("#view .place") == "Hit 1"
    assert page.get_by_label("Hit before").is_disabled()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#view .place').innerText === 'Hit 3'")
    page.wait_for_selector("#view .bar-of-parts")
    assert page.evaluate("document.querySelector('#view').contains(document.activeElement)")
    page.keyboard.press("Escape")
    page.wait_for_selector("#view", state="hidden")
    page.wait_for_function("() => !location.search.includes('hit=')")
    assert at.focused == ids[2]
    page.go_forward()
    page.wait_for_selector("#view[open]")
    page.go_back()
    page.wait_for_selector("#view", state="hidden")
    assert at.ids == ids


def test_walking_goes_on_past_what_was_loaded(at: Watched) -> None:
    page = at.open("?q=water")
    at.settled()
    page.locator("#grid a.open").last.click()
    page.wait_for_function("() => document.querySelector('#view .place')?.innerText === 'Hit 24'")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#view .place').innerText === 'Hit 25'")
    page.keyboard.press("Escape")
    page.wait_for_selector("#view", state="hidden")
    assert at.focused == at.ids[24]


def test_a_hit_has_an_address_of_its_own(at: Watched) -> None:
    page = at.open("?q=water&hit=astronomy%2Fsaturn-rings")
    page.wait_for_selector("#view[open] .passage")
    assert page.inner_text("#view-title") == "The rings of Saturn"
    at.open("?q=saturn&hit=astronomy%2Fsaturn-rings")
    page.wait_for_function("() => document.querySelector('#view .place')?.innerText.startsWith('Hit')")
    page.keyboard.press("Escape")
    page.wait_for_function("() => !location.search.includes('hit=')")
    at.allowed.append("Failed to load resource")
    page = at.open("?hit=gone")
    page.wait_for_function(
        "() => document.querySelector('#view-title')?.innerText.includes('not in the index')"
    )


def test_a_picture_in_full_and_its_path(at: Watched) -> None:
    at.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = at.open("?q=water&kind=image")
    at.settled()
    page.locator("#grid a.open").first.click()
    page.wait_for_selector("#view .large img.is-there")
    assert page.locator("#view .large img.is-there").get_attribute("alt")
    page.get_by_label("Copy the path").click()
    page.wait_for_selector("#view .is-done")
    shown = page.inner_text("#view code")
    assert page.evaluate("navigator.clipboard.readText()") == shown


def test_by_keyboard_alone(at: Watched) -> None:
    page = at.open()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    assert at.focused == "query"
    page.keyboard.type("saturn")
    page.keyboard.press("Enter")
    at.settled()
    ids = at.ids
    page.keyboard.press("ArrowDown")
    assert at.focused == ids[0]
    page.keyboard.press("ArrowRight")
    assert at.focused == ids[1]
    page.keyboard.press("ArrowDown")
    assert at.focused == ids[5]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert at.focused == "query"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    assert at.focused == ids[-1]
    page.keyboard.press("ArrowDown")
    assert at.focused == "more"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('#grid .card').length > 24")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_selector("#view[open]")
    page.keyboard.press("m")
    page.wait_for_selector("#view", state="hidden")
    page.wait_for_selector("#chips .chip")
    at.settled()
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys", state="hidden")


def test_single_keys_can_be_turned_off(at: Watched) -> None:
    page = at.open("?q=saturn")
    at.settled()
    page.locator("#help").click()
    page.get_by_label("Use single-letter keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#keys").is_hidden()
    page.reload()
    at.settled()
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    assert page.locator("#keys").is_hidden()


def test_dark_and_light(visit: Callable[..., Watched], site: str) -> None:
    at = visit(site, color_scheme="dark")
    page = at.open()
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    button = page.get_by_label("Dark colours")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light
    button.click()
    assert page.evaluate("localStorage.getItem('univldr-theme')") is None  # as the system has it
    assert page.evaluate(ground) == dark


def test_an_error_is_shown_with_what_helps(at: Watched) -> None:
    page = at.open()
    fail_with(at, 500, "model_error")
    page.locator("#query").fill("water")
    page.wait_for_selector(".notice.failed")
    assert "Something is wrong." in page.inner_text("#notice")
    assert "Do this about it." in page.inner_text("#notice")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector("#grid a.open")
    assert page.locator(".notice.failed").count() == 0


def test_a_busy_server_is_asked_again_quietly(at: Watched) -> None:
    page = at.open()
    fail_with(at, 429, "overloaded", headers={"retry-after": "0"})
    page.locator("#query").fill("water")
    page.wait_for_selector(".notice.waits")
    assert "busy" in page.inner_text("#notice")
    page.wait_for_selector("#grid a.open")
    assert page.locator(".notice").count() == 0


def test_without_a_network_it_waits_for_one(at: Watched) -> None:
    at.allowed.append("Failed to load resource")
    page = at.open("?q=saturn")
    at.settled()
    page.context.set_offline(True)
    page.locator("#query").fill("water")
    page.wait_for_selector(".notice.waits")
    assert at.ids  # what was there stays
    page.context.set_offline(False)
    page.wait_for_function("() => !document.querySelector('.notice')")
    page.wait_for_function("() => document.querySelector('#summary').innerText")


def test_nothing_found_offers_to_clear_the_filters(at: Watched) -> None:
    page = at.open("?q=water&kind=text&where=year+%3E+3000")
    page.wait_for_selector(".notice.none")
    assert "Nothing found" in page.inner_text("#status")
    page.get_by_role("button", name="Clear filters and kind").click()
    page.wait_for_selector("#grid a.open")
    assert page.url.endswith("?q=water")


def test_nothing_relevant_is_said_calmly(at: Watched) -> None:
    page = at.open()
    at.search("quarterly tax law of zanzibar 1743")
    assert "Nothing here seems to answer this; the nearest:" in page.inner_text("#summary")
    assert at.ids
    at.search("the rings of saturn")
    assert "Nothing" not in page.inner_text("#summary")


def test_a_broken_thumbnail_leaves_a_plain_sign(at: Watched) -> None:
    at.allowed.append("Failed to load resource")
    at.page.route("**/thumbnail?*", lambda route: route.fulfill(status=404, json={"error": {}}))
    page = at.open("?q=water&kind=image")
    page.wait_for_selector("#grid .shown .icon")
    assert page.locator("#grid .shown").first.bounding_box()["height"] > 100


def test_the_layout_does_not_jump(at: Watched) -> None:
    held: list[Any] = []
    at.page.route("**/v1/search", lambda route: held.append(route))
    page = at.open("?q=water")
    page.wait_for_selector(".bone")
    first = "document.querySelector('#grid .card').getBoundingClientRect().toJSON()"
    waiting = page.evaluate(first)
    held[0].continue_()
    page.wait_for_selector("#grid a.open")
    assert page.evaluate(first) == waiting
    page.unroute_all()
    page.wait_for_load_state("networkidle")  # the pictures are there
    assert page.evaluate(first) == waiting
    at.search("quarterly tax law of zanzibar 1743")
    page.wait_for_selector("#summary.unsure")
    assert page.evaluate(first) == waiting


def test_a_key_is_asked_for(visit: Callable[..., Watched], locked: str) -> None:
    at = visit(locked)
    at.allowed.append("Failed to load resource")
    page = at.open("?q=soup")
    page.wait_for_selector("#sign-in[open]")
    for _ in range(2):
        page.keyboard.press("Escape")
    assert page.locator("#sign-in").is_visible()
    page.get_by_label("API key").fill("something else")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#key-error').innerText.includes('not the key')")
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    page.wait_for_selector("#grid a.open")
    page.reload()
    page.wait_for_selector("#grid a.open")
    assert page.evaluate("document.cookie") == ""
    page.locator("#help").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("#sign-in[open]")


def _wide(page: Any) -> bool:
    found: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return found


def test_nothing_is_wider_than_a_small_screen(visit: Callable[..., Watched], site: str) -> None:
    at = visit(site, size=NARROW)
    page = at.open()
    page.wait_for_selector(".notice.empty")
    assert not _wide(page)
    at.open("?q=walrus&explain=1&plus=ice&minus=people&like=a+copy&where=exists+year+or+not+exists+year")
    page.wait_for_selector("#grid .bar-of-parts")
    assert not _wide(page)
    page.locator("#filter").click()
    assert not _wide(page)
    page.locator("#grid a.open").first.click()
    page.wait_for_selector("#view .bar-of-parts")
    assert not page.evaluate("document.querySelector('#view').scrollWidth > innerWidth")
