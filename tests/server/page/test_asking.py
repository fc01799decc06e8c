"""What one asks, and what one sees: words, kinds, filters, pictures, more like this, the address."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

from PIL import Image

from univldr.demo.pictures import PICTURES
from univldr.where import parse

from .conftest import Watched
from .odd import MARKUP, NASTY_ID

_FIRST = PICTURES[0]
_PUT = """([encoded, how]) => {
  const bytes = Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], "mine.png", { type: "image/png" }));
  if (how === "paste") dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
  else for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def give(at: Watched, how: str, size: tuple[int, int] = (480, 360)) -> None:
    """Drop or paste the first picture of the corpus."""
    stream = io.BytesIO()
    _FIRST.render().resize(size).save(stream, "PNG")
    at.page.evaluate(_PUT, [base64.b64encode(stream.getvalue()).decode(), how])
    at.page.wait_for_selector(".chip.has-picture")
    at.settled()


def test_typing_finds_both_kinds_in_the_order_of_the_server(at: Watched) -> None:
    page = at.open()
    with page.expect_response("**/v1/search") as answer:
        page.locator("#query").press_sequentially("a planet and the sea")
    at.settled()
    assert {"is-picture", "is-passage"} <= {
        name for one in page.query_selector_all("#grid .card") for name in one.get_attribute("class").split()
    }
    ranks = [int(re.findall(r"\d+", one)[0]) for one in page.locator("#grid .rank").all_inner_texts()]
    assert ranks == list(range(1, len(ranks) + 1))
    assert answer.value.ok
    page.wait_for_function("() => location.search === '?q=a+planet+and+the+sea'")
    assert "picture" in page.inner_text("#status")


def test_an_answer_that_comes_late_is_dropped(at: Watched) -> None:
    page = at.open()
    held: list[Any] = []

    def hold(route: Any) -> None:
        if route.request.post_data_json["query"] == "dog":
            held.append(route)
        else:
            route.continue_()

    page.route("**/v1/search", hold)
    page.locator("#query").fill("dog")
    page.keyboard.press("Enter")
    page.wait_for_timeout(50)
    at.search("saturn")
    first = at.ids
    for route in held:
        route.abort()  # it was given up, so nobody waits for it any more
    page.wait_for_timeout(50)
    assert held
    assert at.ids == first


def test_kinds_and_their_counts(at: Watched) -> None:
    page = at.open("?q=water")
    at.settled()
    assert [one.isdigit() for one in page.locator("#tabs small").all_inner_texts()] == [True] * 3
    page.locator("#tabs label", has_text="Pictures").click()
    page.wait_for_selector("#grid .card.is-picture")
    at.settled()
    assert page.locator("#grid .card.is-passage").count() == 0
    assert "kind=image" in page.url
    page.go_back()
    page.wait_for_selector("#grid .card.is-passage")
    assert page.locator("#tabs input").first.is_checked()


def test_filters_by_rows(at: Watched) -> None:
    page = at.open("?q=water")
    at.settled()
    page.locator("#filter").click()
    page.get_by_label("Field").select_option("topic")
    with page.expect_response("**/v1/search") as answer:
        page.get_by_label("Value").fill("astronomy")
    assert answer.value.request.post_data_json["where"] == "topic = 'astronomy'"
    at.settled()
    assert at.ids
    assert all(one.startswith("astronomy/") for one in at.ids)
    page.locator("#filter").click()
    assert page.locator("#filter-count").inner_text() == "1"
    page.get_by_label("Remove the filter topic is astronomy").click()
    page.wait_for_selector("#grid .card.is-picture")
    assert page.locator("#filter-count").is_hidden()


def test_a_wrong_expression_is_told_at_its_place(at: Watched) -> None:
    at.allowed.append("Failed to load resource")
    page = at.open("?q=water")
    at.settled()
    before = at.ids
    page.locator("#filter").click()
    page.locator("#where").fill("year >= ")
    page.wait_for_function("() => document.querySelector('#where-error').textContent.includes('^')")
    assert page.locator("#where").get_attribute("aria-invalid") == "true"
    assert at.ids == before
    page.locator("#where").fill("year >= 2020")
    page.wait_for_function("() => !document.querySelector('#where-error').textContent")
    at.settled()
    assert page.locator("#grid .card.is-passage").count() == 0


def test_rows_spell_what_the_parser_reads(at: Watched) -> None:
    page = at.open()
    rows = [
        ["my field", "=", "it's `so`", "text"],
        ["in", "!=", "x", "text"],
        ["a`b", "exists", "", "text"],
        ["année", "<", "-1.5e3", "number"],
        ["1st", "missing", "", "number"],
        ["taken", ">=", "2024-05-31", "date"],
        ["public", "=", "false", "boolean"],
        ["path", "under", "trips/a 'b'", "path"],
        ["camera.model", "=", "X1", "text"],
    ]
    spell = "async ([rows, raw]) => (await import('/static/expression.js')).expression(rows, raw)"
    for row in rows:
        parse(page.evaluate(spell, [[row], ""]))
    parse(page.evaluate(spell, [rows, "year = 1 or year = 2"]))
    assert page.evaluate(spell, [[["year", ">=", "soon", "number"], ["x", "evil", "1", "number"]], " "]) == ""


def test_by_a_dropped_picture_and_words(at: Watched) -> None:
    page = at.open()
    give(at, "drop")
    assert at.ids[0] in (_FIRST.name, "words of programs")
    assert "not part of the link" in page.inner_text("#chips")
    assert "picture=1" in page.url
    with page.expect_response("**/v1/search") as answer:
        page.locator("#query").fill("at night")
    body = answer.value.request.post_data_json
    assert body["query"] == "at night"
    assert body["image"].startswith("data:image/png;base64,")
    page.reload()
    at.settled()
    assert "picture not in the link" in page.inner_text("#chips")
    page.get_by_label("Remove the note about a picture").click()
    assert "picture=1" not in page.url


def test_by_a_pasted_picture_that_is_made_smaller(at: Watched) -> None:
    page = at.open()
    noise = Image.effect_noise((1600, 1200), 90)
    stream = io.BytesIO()
    noise.save(stream, "PNG")
    assert stream.tell() > 1_500_000
    with page.expect_response("**/v1/search") as answer:
        page.evaluate(_PUT, [base64.b64encode(stream.getvalue()).decode(), "paste"])
    kind, _, encoded = answer.value.request.post_data_json["image"].partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as sent:
        assert sent.size == (1024, 768)


def test_going_back_brings_the_picture_back(at: Watched) -> None:
    page = at.open()
    give(at, "paste")
    found = at.ids
    page.get_by_label("Remove the picture").click()
    page.wait_for_selector(".notice.empty")
    page.go_back()
    page.wait_for_selector(".chip.has-picture")
    at.settled()
    assert at.ids == found


def test_what_is_no_picture_is_refused(at: Watched) -> None:
    page = at.open()
    page.locator("#file").set_input_files({"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"})
    page.wait_for_selector(".notice.failed")
    assert "a.pdf is no picture" in page.inner_text("#notice")


def test_more_like_a_hit_is_a_chip(at: Watched) -> None:
    page = at.open("?q=saturn")
    at.settled()
    card = page.locator("#grid .card").first
    card.hover()
    card.locator(".like").click()
    page.wait_for_selector("#chips .chip")
    at.settled()
    page.wait_for_function("() => document.querySelector('#query').value === ''")
    assert "The rings of Saturn" in page.inner_text("#chips")
    assert "like=astronomy%2Fsaturn-rings" in page.url
    assert "astronomy/saturn-rings" not in at.ids
    page.reload()
    at.settled()
    page.wait_for_function("() => document.querySelector('#chips').innerText.includes('The rings of Saturn')")


def test_with_and_without(at: Watched) -> None:
    page = at.open("?q=water")
    at.settled()
    page.get_by_role("button", name="Without").click()
    page.keyboard.type("a boat")
    with page.expect_response("**/v1/search") as answer:
        page.keyboard.press("Enter")
    assert answer.value.request.post_data_json["minus"] == [{"text": "a boat"}]
    at.settled()
    assert "minus=a+boat" in page.url
    page.get_by_role("button", name="With", exact=True).click()
    page.keyboard.type("never mind")
    page.keyboard.press("Escape")
    assert page.locator("#chips .chip").count() == 1
    assert at.focused == "query"


def test_the_address_brings_everything_back(at: Watched) -> None:
    row = "%5B%22year%22%2C%22%3E%3D%22%2C%221990%22%2C%22number%22%5D"
    page = at.open(f"?q=water&kind=text&f={row}&where=exists+topic&plus=ice&explain=1")
    page.wait_for_selector("#grid .bar-of-parts")
    at.settled()
    assert page.locator("#query").input_value() == "water"
    assert page.locator("#grid .card.is-picture").count() == 0
    assert [" ".join(one.split()) for one in page.locator("#chips .chip").all_inner_texts()] == [
        "with ice",
        "year at least 1990",
        "exists topic",
    ]
    assert page.locator("#explain").get_attribute("aria-pressed") == "true"
    assert "Score:" in page.locator("#grid .bar-of-parts").first.get_attribute("aria-label")


def test_scores_are_explained_when_asked_for(at: Watched) -> None:
    page = at.open("?q=water")
    at.settled()
    assert page.locator("#legend").is_hidden()
    page.locator("#explain").click()
    page.wait_for_selector("#grid .bar-of-parts")
    assert {"picture", "passage"} <= set(page.locator("#legend li").all_inner_texts())
    assert page.locator("#grid .bar-of-parts").count() == 24
    page.locator("#explain").click()
    page.wait_for_selector("#legend", state="hidden")
    assert page.url.endswith("?q=water")


def test_typing_is_one_step_back(at: Watched) -> None:
    page = at.open()
    at.search("water")
    page.keyboard.press("Enter")
    page.locator("#query").press_sequentially(" on mars")
    page.wait_for_function("() => location.search === '?q=water+on+mars'")
    page.go_back()
    page.wait_for_function("() => document.querySelector('#query').value === 'water'")
    page.go_forward()
    page.wait_for_function("() => document.querySelector('#query').value === 'water on mars'")


def test_more_is_loaded_where_there_is_more(at: Watched) -> None:
    page = at.open("?q=water")
    at.settled()
    first = at.ids
    assert len(first) == 24
    page.locator("#more").click()
    page.wait_for_function("() => document.querySelectorAll('#grid .card').length > 24")
    assert at.ids[:24] == first
    assert len(set(at.ids)) == len(at.ids)
    assert at.focused == at.ids[24]
    while page.locator("#more").is_visible():
        before = len(at.ids)
        with page.expect_response("**/v1/search"):
            page.locator("#more").click()
        page.wait_for_function("() => !document.querySelector('#results').hasAttribute('aria-busy')")
        assert len(at.ids) >= before
    assert NASTY_ID in at.ids


def test_markup_scripts_ids_and_long_words_stay_text(at: Watched) -> None:
    page = at.open()
    at.search("walrus")
    assert page.locator("#grid script, #grid b, #grid [onerror*=alert]").count() == 0
    card = page.locator("#grid .card", has_text="<script>alert(1)</script>")
    assert card.get_attribute("data-id") == NASTY_ID
    card.locator("a.open").click()
    page.wait_for_selector("#view .passage")
    assert page.locator("#view .passage p").inner_text() == MARKUP
    page.reload()
    page.wait_for_selector("#view .passage")
    assert page.locator("#view-title").inner_text() == "<script>alert(1)</script> walrus"


def test_generated_words_are_marked_as_such(at: Watched) -> None:
    page = at.open("?kind=image")
    at.search("a walrus on the ice")
    card = page.locator("#grid .card", has_text="WALRUS 7")
    assert card.locator(".tag").all_inner_texts() == ["generated · tags", "generated · ocr"]
    assert "walrus" not in card.locator("h2").inner_text().lower()
    card.locator("a.open").click()
    page.wait_for_selector("#view .parts")
    assert "This picture has no caption." in page.inner_text("#view .about")
    assert "generated words (tags)" in page.inner_text("#view .parts")


def test_files_of_several_hits_and_copies_are_one(at: Watched) -> None:
    page = at.open()
    at.search("walruses rest near the shore")
    card = page.locator("#grid .card", has_text="more of this file")
    card.locator("a.open").click()
    page.wait_for_selector("#view .others a")
    page.locator("#view .others a").first.click()
    page.wait_for_function("() => document.querySelector('#view-title')?.textContent === 'All walruses'")
    assert "hit=long+file%23" in page.url
