"""The pages: links that lead somewhere, references made from the code, nothing asked of other machines."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

import univldr
from univldr.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(scope="module")
def hooks() -> Any:
    """docs/_hooks.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What can be pointed at in a page, as GitHub and the site name it."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{page.name}: {target}"


def test_every_page_is_in_the_navigation(hooks: Any) -> None:
    listed = re.findall(r": ([\w/.-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    there = {page.relative_to(ROOT / "docs").as_posix() for page in PAGES[1:]}
    made = {f"root/{path}" for path in hooks.OUTSIDE if (ROOT / path).is_file()}
    assert set(listed) == there | made | {"reference/cli.md", "reference/http.md"}


def test_the_python_reference_has_every_public_name() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: univldr\.(\w+)$", page, re.MULTILINE)) == univldr.__all__


def test_the_command_line_reference_has_every_command_and_option(hooks: Any) -> None:
    page = hooks.cli_reference()
    group: Any = typer.main.get_command(app)
    context = group.make_context("univldr", [], resilient_parsing=True)
    sections = dict(re.findall(r"^## univldr ([\w-]+)\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    assert list(sections) == group.list_commands(context)
    for name, section in sections.items():
        for one in group.get_command(context, name).params:
            if one.name != "help" and not getattr(one, "hidden", False):
                assert f"`{one.opts[0]}`" in section, f"{name} {one.opts[0]}"
    assert "| `-k` | How many hits. Default: `10`. |" in sections["search"]
    assert "`text` · `image`" in sections["search"]
    assert "`UNIVLDR_INDEX`" in sections["search"]
    assert "[filters](../filters.md)" in sections["search"]
    assert "such as 1e9. Required. |" in sections["plan"]


def test_the_http_reference_has_every_route_and_schema_it_names(hooks: Any) -> None:
    page = hooks.http_reference()
    described = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    for path, methods in described["paths"].items():
        for method in methods:
            assert f"## {method.upper()} {path}\n" in page
    assert "### SearchBody" in page
    for name in re.findall(r"\]\(#(\w+)\)", page):
        assert re.search(rf"^### {name}$", page, re.IGNORECASE | re.MULTILINE), name


@pytest.mark.parametrize(
    ("page", "link", "there"),
    [
        ("mini.md", "../models/mini/README.md", "root/models/mini/README.md"),
        ("reference/api.md", "../python.md", "../python.md"),
        ("root/benchmarks/LOG.md", "../docs/results.md", "../../results.md"),
        ("root/benchmarks/README.md", "LOG.md", "LOG.md"),
        ("root/CHANGELOG.md", "docs/serve.md#under-load", "../serve.md#under-load"),
        ("serve.md", "#under-load", "#under-load"),
        ("serve.md", "https://example.org/a.md", "https://example.org/a.md"),
        ("serve.md", "../src/univldr/cli/serve.py", "../src/univldr/cli/serve.py"),
    ],
)
def test_links_are_made_right_for_the_site(hooks: Any, page: str, link: str, there: str) -> None:
    assert hooks.relinked(f"see [it]({link}).", page) == f"see [it]({there})."


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('<script src="https://a.example/x.js">', ["https://a.example/x.js"]),
        ("<link rel=stylesheet href=//a.example/x.css>", ["//a.example/x.css"]),
        ("body { background: url('https://a.example/x.png') }", ["https://a.example/x.png"]),
        ('@import "https://a.example/x.css";', ["https://a.example/x.css"]),
        ('<a href="https://a.example">a link is asked by nobody</a> <img src="x.png">', []),
    ],
)
def test_what_a_page_asks_of_others_is_seen(hooks: Any, source: str, found: list[str]) -> None:
    assert hooks.asked_elsewhere(source) == found
