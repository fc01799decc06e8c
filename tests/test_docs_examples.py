"""Every example of the README and of docs/ runs, in the order of its page, or is named here with the reason.

An example is a line after ``$`` of a ``console`` block, a line of a ``bash`` block, or a ``python`` block.
They run in a home of their own, with the fake encoder in place of ``mini`` and ``clip``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import univldr
from tests.cli.conftest import Command
from tests.cli.conftest import univldr as run  # noqa: F401 - a fixture
from tests.retrieval_kit import image, make_collection, query, text

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

NOT_RUN = {
    r"(make|pip|python|torchrun|curl|docker) ": "not a command of univldr",
    r"univldr serve ": "runs until it is stopped: tests/server",
    r"univldr index .*--watch": "runs until it is stopped: tests/test_watch.py",
    r"univldr demo$": "draws for seconds: tests/demo",
    r"univldr (index|verbalize) .*(caption|query):?": "needs a captioner: tests/verbalize",
    r"univldr evaluate .*\[": "needs captioners: tests/evaluation",
    r"univldr evaluate data/webqa": "needs WebQA: tests/corpus",
    r"univldr (train|train-verbalizer|calibrate|convert) ": "needs a training: tests/training",
    r"(?s).*(qdrant|milvus)s?://": "needs a cluster: tests/index",
    r"(?s).*(univldr\.integrations|push_to_hub)": "needs other libraries: tests/integrations",
    r"(?s).*(univldr\.Client\(|OpenAI\()": "needs a server: tests/server and tests/client",
}

BLOCK = re.compile(r"^```(console|bash|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def examples(page: Path) -> Iterator[tuple[str, str]]:
    """Kind, ``python`` or ``command``, and source of each example of a page."""
    for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "python":
            yield kind, block
            continue
        for line in block.replace("\\\n", " ").splitlines():
            if kind == "bash" or line.startswith("$ "):
                yield "command", line.removeprefix("$ ").strip()


def reason(source: str) -> str | None:
    """Why an example cannot run here."""
    return next((why for pattern, why in NOT_RUN.items() if re.match(pattern, source)), None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with notes, pictures, records and a data set that answer what the pages ask."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    stuff = tmp_path / "stuff"
    (stuff / "trips").mkdir(parents=True)
    (stuff / "notes").mkdir()
    (stuff / "notes" / "soup.md").write_text(
        "---\nyear: 2024\n---\nOnion soup needs an hour.", encoding="utf-8"
    )
    (stuff / "boats.md").write_text("---\nyear: 2022\n---\nTwo boats on the lake.", encoding="utf-8")
    (stuff / "trips" / "diary.md").write_text("---\nyear: 2021\n---\nSunset over the sea.", encoding="utf-8")
    Image.new("RGB", (40, 30), "blue").save(stuff / "lake.png")
    Image.new("RGB", (40, 30), "navy").save(stuff / "trips" / "sea.jpg")
    for place in ("house.jpg", "photo.jpg", "Pictures/sign.jpg", "new-place/a.jpg"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), "brown").save(tmp_path / place)
    documents = [text("t1", "A recipe of soup."), image("i1", "A red barn."), text("t2", "Two boats.")]
    queries = [query("q1", "soup", "t1"), query("q2", "barn", "i1")]
    for split in ("train", "dev", "test"):
        make_collection(tmp_path / "DATA", documents, queries, split=split)
    (tmp_path / "queries.jsonl").write_text(
        '{"id": "1", "query": "soup", "positives": ["notes/soup.md#0"]}\n'
    )
    return tmp_path


def run_command(univldr: Command, home: Path, line: str) -> None:
    """A command line as a shell would split it."""
    words = shlex.split(line, comments=True)[1:]
    if words[0] != "plan":  # which computes and loads nothing
        words = [re.sub(r"\b(?<![/.])(mini|clip)\b(?![/.])", "hash", word) for word in words]
    done = univldr(*[re.sub(r"^~", str(home), word) for word in words])
    fine = (0, 1) if words[0] in ("doctor", "verbalize") else (0,)  # 1: something to do, nothing known
    assert done.returncode in fine, f"{line}\n{done.stdout}\n{done.stderr}"


def run_python(code: str, name: str, names: dict[str, object]) -> None:
    code = re.sub(r'"(mini|clip)"', '"hash"', code)
    exec(compile(code, name, "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_run(
    page: Path,
    home: Path,
    run: Command,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    names: dict[str, object] = {"__name__": "example", "univldr": univldr}
    runnable = [(kind, source) for kind, source in examples(page) if reason(source) is None]
    if any("stuff" in source for _, source in runnable):
        univldr.update(home / "stuff", model="hash")
    for number, (kind, source) in enumerate(runnable, 1):
        if kind == "python":
            run_python(source, f"example {number} of {page.name}", names)
        else:
            run_command(run, home, source)
    if page.name == "python.md":
        printed = capsys.readouterr().out
        assert "Onion soup" in printed
        assert printed.splitlines()[-1] == "7"


def test_examples_are_left_out_only_for_a_reason_that_is_needed() -> None:
    sources = [source for page in PAGES for _, source in examples(page)]
    for pattern in NOT_RUN:
        assert any(re.match(pattern, source) for source in sources), f"nothing is left out by {pattern}"
    assert sum(reason(source) is None for source in sources) >= 40
