"""The page's screenshots in the README, of the demo corpus that univldr draws itself.

python -m benchmarks.screenshots [--into docs/serve] [--chromium PATH]    needs no data

A grid of both kinds in light, and an open hit with what its score is made of in dark. Needs playwright
(in the test extra) and a Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from univldr.demo.corpus import write_corpus

MAX_BYTES = 300_000
"""Of one picture."""

_SIZE = {"width": 1280, "height": 820}
_COLOURS = 256
_GRID, _VIEW = "sailing boats", "which month had the highest ice cream sales?"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """``univldr serve`` of a folder, until the end of the block; its address."""
    command = [sys.executable, "-m", "univldr", "serve", str(folder)]
    command += ["--model", "mini", "--port", "0", "--no-watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            for line in server.stdout:
                if line.startswith("http"):
                    yield line.split()[0]
                    break
            else:
                raise SystemExit("the server did not start")
        finally:
            server.terminate()


def look(browser: Any, url: str, query: str, theme: str) -> Any:
    """The page with the hits of a query, all their pictures there."""
    context = browser.new_context(viewport=_SIZE, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(url)
    for words in (query.split()[0], query):  # the first search of a server takes longer
        with page.expect_response("**/v1/search"):
            page.locator("#query").fill(words)
        page.wait_for_load_state("networkidle")
    return page


def save(page: Any, path: Path) -> None:
    """A PNG, of fewer colours if it would be too large."""
    page.screenshot(path=path)
    if path.stat().st_size > MAX_BYTES:
        with Image.open(path) as shot:
            few = shot.convert("RGB").quantize(_COLOURS, kmeans=4, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")
    if path.stat().st_size > MAX_BYTES:
        raise SystemExit(
            f"{path} has {path.stat().st_size:,} bytes, over {MAX_BYTES:,}; take a smaller window"
        )


def main() -> None:
    """``python -m benchmarks.screenshots``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=Path("docs/serve"))
    parser.add_argument("--chromium", default=os.environ.get("UNIVLDR_CHROMIUM") or shutil.which("chromium"))
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright

    asked.into.mkdir(parents=True, exist_ok=True)
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="univldr-") as root, sync_playwright() as driver:
        folder = Path(root, "demo")
        write_corpus(folder)
        browser = driver.chromium.launch(executable_path=asked.chromium, args=flags)
        with served(folder) as url:
            save(look(browser, url, _GRID, "light"), asked.into / "search-light.png")
            page = look(browser, url, _VIEW, "dark")
            page.locator("#grid a.open").first.click()
            page.wait_for_selector("#view .bar-of-parts")
            page.wait_for_load_state("networkidle")
            save(page, asked.into / "view-dark.png")
        browser.close()


if __name__ == "__main__":
    main()
