"""The real application with a small drawn corpus, and a headless Chromium that looks at its page."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from univldr import open as open_index
from univldr import update
from univldr.demo.corpus import passages
from univldr.demo.pictures import PICTURES
from univldr.server.app import create_app
from univldr.server.metrics import Metrics
from univldr.server.service import Service
from univldr.server.settings import ServerSettings

from .odd import odd

KEY = "a-key-for-tests-0123"
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 740}
_PICTURES = 30
_PASSAGES = 40


@dataclass
class Watched:
    """A page and what it must not do: complain, or ask anybody else.

    Attributes:
        page: Playwright's.
        url: Where the server is.
        allowed: Beginnings of messages that a test provokes.
        wrong: What was seen.
    """

    page: Any
    url: str
    allowed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note what is said on the console and asked of others."""

        def hear(message: Any) -> None:
            if message.type in ("error", "warning"):
                self.wrong.append(message.text)

        def see(request: Any) -> None:
            if not request.url.startswith((self.url, "blob:", "data:")):
                self.wrong.append(f"asked {request.url}")

        self.page.on("console", hear)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", see)

    def open(self, query: str = "") -> Any:
        """Go to the page with this query in its address."""
        self.page.goto(f"{self.url}/{query}")
        return self.page

    def search(self, words: str) -> Any:
        """Type a query and wait for its hits."""
        with self.page.expect_response("**/v1/search"):
            self.page.locator("#query").fill(words)
        self.settled()
        return self.page

    def settled(self) -> None:
        """Wait until nothing is on its way and hits, or a word about them, are there."""
        self.page.wait_for_function(
            "() => !document.querySelector('#results').hasAttribute('aria-busy')"
            " && (document.querySelector('#summary').textContent"
            " || document.querySelector('#notice').children.length)"
        )

    @property
    def ids(self) -> list[str]:
        """The ids of the cards, in the order of the document."""
        found: list[str] = self.page.eval_on_selector_all(
            "#grid .card", "cards => cards.map(card => card.dataset.id)"
        )
        return found

    @property
    def focused(self) -> str:
        """The id of the card that has the focus, or the id of the element, or its label."""
        found: str = self.page.evaluate(
            "(() => { const at = document.activeElement; const card = at.closest('#grid .card');"
            " return card ? card.dataset.id : at.id || at.getAttribute('aria-label') || at.tagName; })()"
        )
        return found


@pytest.fixture(scope="package")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of both kinds with fields to filter by, some of them odd, indexed with ``mini``."""
    root = tmp_path_factory.mktemp("page")
    write_records(root)
    update(root / "all.jsonl", model="mini")
    return root / "all.jsonl"


def write_records(root: Path) -> None:
    """Pictures with and without a caption, notes, and what is odd."""
    lines: list[dict[str, Any]] = []
    for number, picture in enumerate(PICTURES[:_PICTURES]):
        picture.render().save(root / picture.name)
        shown = {"caption": picture.caption} if picture.caption else {}
        lines.append({"id": picture.name, "image": picture.name, "year": 2000 + number, **shown})
    for number, note in enumerate(passages()):
        if number < _PASSAGES:
            topic = note.id.partition("/")[0]
            lines.append(
                {"id": note.id, "title": note.title, "text": note.text, "topic": topic, "year": 1980 + number}
            )
    lines += odd(PICTURES[0].name, PICTURES[1].name)
    (root / "all.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


@contextmanager
def served(corpus: Path, **settings: Any) -> Iterator[str]:
    """The application over an index, in a thread; its address."""
    chosen, metrics = ServerSettings(**settings), Metrics()
    service = Service(lambda: open_index(corpus), chosen, metrics)
    config = uvicorn.Config(create_app(service, chosen, metrics), log_level="warning", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="package")
def site(corpus: Path) -> Iterator[str]:
    """The address of a server that asks for no key."""
    with served(corpus) as url:
        yield url


@pytest.fixture(scope="package")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that asks for one."""
    root = tmp_path_factory.mktemp("locked")
    (root / "note.txt").write_text("Onion soup needs an hour.")
    update(root, model="hash")
    with served(root, api_key=KEY) as url:
        yield url


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium: that of ``UNIVLDR_CHROMIUM``, which must then work, or the system's."""
    playwright = pytest.importorskip("playwright.sync_api")
    named = os.environ.get("UNIVLDR_CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium; install one, or name it in UNIVLDR_CHROMIUM")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=flags)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Watched]]:
    """Opens pages of a server, and afterwards holds them to it: no complaint, no other origin."""
    seen: list[Watched] = []

    def make(url: str, *, size: dict[str, int] = WIDE, **options: Any) -> Watched:
        context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
        context.set_default_timeout(15_000)
        watched = Watched(context.new_page(), url)
        watched.watch()
        seen.append(watched)
        return watched

    yield make
    for watched in seen:
        watched.page.context.close()
        wrong = [one for one in watched.wrong if not one.startswith(tuple(watched.allowed))]
        assert not wrong, wrong


@pytest.fixture
def at(visit: Callable[..., Watched], site: str) -> Watched:
    """A page of the server that asks for no key, on a wide screen."""
    return visit(site)


def fail_with(
    watched: Watched, status: int, kind: str, *, times: int = 1, headers: dict[str, str] | None = None
) -> None:
    """Let the next searches fail as the server would say it."""
    body = {"error": {"type": kind, "message": "something is wrong", "remedy": "do this about it"}}
    left = [times]

    def answer(route: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            route.continue_()
        else:
            route.fulfill(status=status, json=body, headers=headers or {})

    watched.allowed.append("Failed to load resource")
    watched.page.route("**/v1/search", answer)
