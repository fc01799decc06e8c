"""``evaluate`` and ``compare`` as a user meets them: tables, JSON, files, exit codes, one-line errors."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from PIL import Image

from tests.retrieval_kit import image, make_collection, query, text, use_verbalizer
from tests.verbalize.kit import ColourVerbalizer
from univldr import cli
from univldr.cli import compare, evaluate
from univldr.pipeline import update
from univldr.trec import Run, read_run, write_qrels, write_run

pytest.importorskip("ir_measures")

Command = Callable[..., subprocess.CompletedProcess[str]]

QRELS = {"q1": {"t1": 1}, "q2": {"i1": 1}, "q3": {"i2": 1}}
GOOD: Run = {"q1": {"t1": 0.9, "i1": 0.1}, "q2": {"i1": 0.9, "t1": 0.8}, "q3": {"i2": 0.7}}
WEAK: Run = {"q1": {"t1": 0.9, "t2": 0.1}, "q2": {"t1": 0.9, "i1": 0.8}}
SIX = ["MRR@10", "nDCG@10", "MRR@20", "nDCG@20", "Recall@20", "Recall@100"]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, the working one, with qrels, modalities and two runs."""
    write_qrels(QRELS, tmp_path / "q.qrels")
    write_run(GOOD, tmp_path / "good.run")
    write_run(WEAK, tmp_path / "weak.run.gz")
    kinds = {"t1": "text", "t2": "text", "i1": "image", "i2": "image"}
    (tmp_path / "m.tsv").write_text("".join(f"{id}\t{kind}\n" for id, kind in kinds.items()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def univldr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``main`` with the two commands in this process; returns its exit code and what it printed."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command("evaluate")(evaluate.run)
    app.command("compare")(compare.run)
    monkeypatch.setattr(cli, "app", app)

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["univldr", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        return subprocess.CompletedProcess("univldr", int(stop.value.code or 0), printed.out, printed.err)

    return run


def test_json_has_the_measures_of_one_run_by_name(files: Path, univldr: Command) -> None:
    done = univldr("evaluate", "--qrels", "q.qrels", "--run", "weak.run.gz", "--json")
    fields = json.loads(done.stdout)
    assert done.returncode == 0
    assert list(fields) == ["model", "setting", *SIX, "queries", "missing"]
    assert fields["model"] == "weak"
    assert fields["MRR@10"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert fields["missing"] == ["q3"]
    assert "weak: 1 of 3 queries are missing from the run and count zero: q3" in done.stderr


def test_sub_tasks_come_with_the_modalities(files: Path, univldr: Command) -> None:
    arguments = ("--qrels", "q.qrels", "--modalities", "m.tsv", "-m", "MRR@1", "--json")
    fields = json.loads(univldr("evaluate", *arguments, "--run", "weak.run.gz").stdout)
    assert fields["MRR@1"] == pytest.approx(1 / 3)
    assert fields["text-text"] == {"MRR@1": 1, "queries": 1}
    assert fields["text-image"] == {"MRR@1": 0.5, "queries": 2}


def test_several_runs_are_one_table_per_task(files: Path, univldr: Command) -> None:
    arguments = ("--qrels", "q.qrels", "--modalities", "m.tsv", "-m", "nDCG@10", "--baseline", "BM25")
    done = univldr("evaluate", *arguments, "--run", "text only/BM25=weak.run.gz", "--run", "good.run")
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("###")] == [
        "### all queries (3)",
        "### text-text (1)",
        "### text-image (2)",
    ]
    assert lines[2:6] == [
        "| setting   | model |    nDCG@10 |",
        "| --------- | ----- | ---------: |",
        "| text only | BM25  |      54.36 |",
        "|           | good  | **100.00** |",
    ]
    assert "† better than BM25" in done.stdout
    systems = json.loads(
        univldr("evaluate", *arguments, "--run", "BM25=weak.run.gz", "--format", "json").stdout
    )
    assert systems["model"] == "BM25"


def test_several_runs_are_a_list_in_json_and_a_tabular_in_latex(files: Path, univldr: Command) -> None:
    runs = ("--qrels", "q.qrels", "--run", "a=weak.run.gz", "--run", "b=good.run", "--baseline", "a")
    fields = json.loads(univldr("evaluate", *runs, "--json").stdout)
    assert fields["baseline"] == "a"
    assert [system["model"] for system in fields["systems"]] == ["a", "b"]
    assert fields["systems"][1]["significantly_better"] == []
    latex = univldr("evaluate", *runs, "--format", "latex").stdout
    assert latex.count(r"\begin{tabular}{llrrrrrr}") == 1
    assert r" & b & \textbf{100.00}" in latex


def test_a_list_too_short_for_a_sub_task_is_a_lower_bound(files: Path, univldr: Command) -> None:
    write_run({"q2": {"t1": 0.9}}, files / "cut.run")
    arguments = ("--qrels", "q.qrels", "--modalities", "m.tsv", "--run", "cut.run", "--run", "weak.run.gz")
    done = univldr("evaluate", *arguments, "-m", "MRR@10")
    assert "|         | cut   |         – |" in done.stdout  # no image at all: it says nothing of that pool
    write_run({"q2": {"t1": 0.9}, "q3": {"i1": 0.5}}, files / "cut.run")
    done = univldr("evaluate", *arguments, "-m", "MRR@10")
    assert "| cut   | ≥ 0.00 |" in done.stdout
    assert "cut, text-image: 2 of 2 lists hold too few documents" in done.stderr


def test_the_report_and_its_plot(files: Path, univldr: Command) -> None:
    pytest.importorskip("matplotlib")
    arguments = ("--qrels", "q.qrels", "--run", "good.run", "--modalities", "m.tsv", "--report")
    done = univldr("evaluate", *arguments, "--plot", "modality.png")
    assert "### Modalities: good" in done.stdout
    assert "Of the corpus, 50.0% are images." in done.stdout
    assert (files / "modality.png").read_bytes().startswith(b"\x89PNG")
    report = json.loads(univldr("evaluate", *arguments, "--json").stdout)["modality_report"]
    assert report["image_share"]["text"]["qrels"] == 0


def test_without_modalities_the_report_is_left_out_with_a_sentence(files: Path, univldr: Command) -> None:
    done = univldr("evaluate", "--qrels", "q.qrels", "--run", "good.run", "--report", "--plot", "no.png")
    assert done.returncode == 0
    assert "no modality report" in done.stderr
    assert "--modalities FILE" in done.stderr
    assert not (files / "no.png").exists()


def test_a_run_that_answers_nothing_exits_1(files: Path, univldr: Command) -> None:
    write_run({"other": {"t1": 1.0}}, files / "other.run")
    done = univldr(
        "evaluate", "--qrels", "q.qrels", "--run", "other.run", "--modalities", "m.tsv", "--report"
    )
    assert done.returncode == 1
    assert "3 of 3 queries are missing" in done.stderr
    assert "1 queries of the run are not in the qrels" in done.stderr


def test_systems_are_run_on_a_data_set_over_both_pools_and_saved(files: Path, univldr: Command) -> None:
    pytest.importorskip("bm25s")
    documents = [text("t1", "a red barn"), text("t2", "a blue boat"), image("i1", "the red barn itself")]
    queries = [query("q1", "blue boat", "t2"), query("q2", "red barn itself", "i1")]
    make_collection(files / "data", documents, queries, split="test")
    systems = (
        "--system",
        "bm25",
        "--system",
        "plain=hash",
        "--system",
        "divide:hash",
        "--system",
        "bm25:text",
    )
    done = univldr("evaluate", "data", *systems, "--save-runs", "runs", "--cache", "cache", "--json")
    assert done.returncode == 0, done.stderr
    found = {system["model"]: system for system in json.loads(done.stdout)["systems"]}
    assert list(found) == ["bm25", "plain", "divide:hash", "bm25:text"]
    settings = [system["setting"] for system in found.values()]
    assert settings == ["text only", "universal", "divide and conquer", "text pool"]
    assert found["bm25"]["nDCG@10"] == 1
    assert found["bm25"]["text-image"] == dict.fromkeys(SIX, 1) | {"queries": 1}
    assert set(found["bm25:text"]["text-image"].values()) == {None}
    assert set(read_run(files / "runs" / "plain.image.run")["q1"]) == {"i1"}
    assert len(list((files / "runs").iterdir())) == 10
    joint = read_run(files / "runs" / "divide-hash.run")
    again = univldr("evaluate", "data", "--run", "runs/divide-hash.run", "-m", "nDCG@10", "--json")
    assert set(joint) == {"q1", "q2"}
    assert json.loads(again.stdout)["nDCG@10"] == found["divide:hash"]["nDCG@10"]


def test_an_index_is_a_row_of_the_table(files: Path, univldr: Command) -> None:
    documents = [text("t1", "a red barn"), text("t2", "a blue boat"), image("i1", "the red barn itself")]
    queries = [query("q1", "blue boat", "t2"), query("q2", "red barn itself", "i1")]
    make_collection(files / "data", documents, queries, split="test")
    update(files / "data" / "documents.jsonl", index=files / "index", model="hash")
    systems = ("--index", "index", "--system", "mine/near=index(vectors):index", "--index", "index:image")
    done = univldr("evaluate", "data", *systems, "--save-runs", "runs", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["systems"]
    assert [(row["setting"], row["model"]) for row in rows] == [
        ("mine", "near"),
        ("index", "index:index"),
        ("image pool", "index:index:image"),
    ]
    assert rows[1]["nDCG@10"] == rows[1]["text-image"]["nDCG@10"] == 1
    assert "index-index.text.run" in {file.name for file in (files / "runs").iterdir()}
    compared = univldr("compare", "data", "hash", "index:index", "--json")
    assert json.loads(compared.stdout)["comparisons"][0]["b"] == "index:index"


def test_words_in_brackets_are_made_as_set(
    files: Path, univldr: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bm25s")
    made = use_verbalizer(monkeypatch, files, ColourVerbalizer())
    documents = [text("t1", "a boat"), image("i1", "a barn"), image("i2", "a barn")]
    collection = make_collection(files / "data", documents, [query("q1", "red barn", "i1")], split="test")
    Image.new("RGB", (4, 3), "blue").save(collection.path / "i2.png")
    systems = ("--system", "bm25", "--system", "bm25[caption]", "--system", "hash[caption:x]+words")
    done = univldr("evaluate", "data", *systems, "--set", "caption.max_tokens=9", "-m", "MRR@10", "--json")
    assert done.returncode == 0, done.stderr
    found = {system["model"]: system["MRR@10"] for system in json.loads(done.stdout)["systems"]}
    assert found == {"bm25": 0.5, "bm25[caption]": 1, "hash[caption:x]+words": 1}
    assert {settings.caption.max_tokens for settings, _ in made} == {9}
    assert made[-1][0].caption.model == "x"
    wrong = univldr("evaluate", "data", "--system", "bm25[captoin]")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
    assert 'did you mean "caption"' in wrong.stderr


def test_compare_tests_every_group_of_queries(files: Path, univldr: Command) -> None:
    arguments = ("--qrels", "q.qrels", "a=weak.run.gz", "good.run", "--modalities", "m.tsv")
    done = univldr("compare", *arguments, "-m", "MRR@10", "--json")
    assert done.returncode == 0
    everything, texts, images = json.loads(done.stdout)["comparisons"]
    assert (everything["a"], everything["b"], everything["queries"]) == ("a", "good", 3)
    assert everything["difference"] == pytest.approx(0.5)
    assert (everything["p_randomization"], everything["exact"]) == (2 / 4, True)
    assert [everything[name] for name in ("wins", "ties", "losses")] == [2, 1, 0]
    assert (texts["group"], texts["queries"], texts["p_t"]) == ("text", 1, None)
    assert (images["group"], images["queries"], images["wins"]) == ("image", 2, 2)
    shown = univldr("compare", *arguments, "-m", "MRR@10", "-m", "nDCG@20").stdout.splitlines()
    assert len(shown) == 2 + 6
    assert shown[2].startswith("| all     | MRR@10  | a   | good |")


def test_compare_takes_a_data_set_files_and_systems_in_their_order(files: Path, univldr: Command) -> None:
    pytest.importorskip("bm25s")
    documents = [text("t1", "red barn"), text("t2", "blue boat"), image("i1", "red barn itself")]
    queries = [query("q1", "blue boat", "t2"), query("q2", "red barn itself", "i1")]
    make_collection(files / "data", documents, queries, split="dev")
    arguments = ("compare", "data", "bm25", "weak.run.gz", "hash", "--split", "dev", "--json")
    compared = json.loads(univldr(*arguments).stdout)["comparisons"]
    pairs = [(c["a"], c["b"]) for c in compared if c["group"] == "all"]
    assert pairs == [("bm25", "weak"), ("bm25", "hash"), ("weak", "hash")]
    compared = json.loads(univldr(*arguments, "--baseline", "hash").stdout)["comparisons"]
    assert {c["a"] for c in compared} == {"hash"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate"], ["folder of a data set", "--qrels FILE"]),
        (["evaluate", "--qrels", "q.qrels"], ["no run to measure", "--system"]),
        (["evaluate", "--qrels", "q.qrels", "--system", "bm25"], ["bm25", "needs a data set"]),
        (["evaluate", "--qrels", "q.qrels", "--index", "qdrant://h/n?shards=2"], ["needs a data set"]),
        (["evaluate", "--qrels", "q.qrels", "--run", "good.run", "--system", "divide:bm25"], ["no pixels"]),
        (["evaluate", "nowhere", "--system", "bm25"], ["nowhere: no such folder"]),
        (["evaluate", "--qrels", "none.qrels", "--run", "good.run"], ["none.qrels: cannot be read"]),
        (["evaluate", "--qrels", "good.run", "--run", "good.run"], ["good.run line 1: 6 columns"]),
        (["evaluate", "--qrels", "q.qrels", "--run", "q.qrels"], ["q.qrels line 1: 4 columns"]),
        (["evaluate", "--qrels", "q.qrels", "--run", "good.run", "-m", "nDGC@10"], ["did you mean nDCG@10"]),
        (["evaluate", "--qrels", "q.qrels", "--run", "good.run", "--run", "good.run"], ["other=good"]),
        (["evaluate", "--qrels", "q.qrels", "--run", "good.run", "--baseline", "x"], ["baseline 'x'"]),
        (["evaluate", "--qrels", "q.qrels", "--run", "good.run", "--modalities", "q.qrels"], ["not the 2"]),
        (["compare", "--qrels", "q.qrels", "good.run"], ["1 run to compare", "two or more"]),
        (["compare", "--qrels", "q.qrels", "good.run", "gone.run"], ["gone.run: no such run file"]),
        (["compare", "good.run", "weak.run.gz"], ["1 run to compare; give DATA and two or more"]),
        (["compare", "--qrels", "q.qrels", "good.run", "bm25"], ["needs a data set"]),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(
    files: Path, univldr: Command, arguments: list[str], words: list[str]
) -> None:
    done = univldr(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    for word in words:
        assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_document_of_no_modality_is_named(files: Path, univldr: Command) -> None:
    (files / "m.tsv").write_text("t1\ttext\ni1\timage\ni2\timage\n")
    done = univldr("evaluate", "--qrels", "q.qrels", "--run", "weak.run.gz", "--modalities", "m.tsv")
    assert done.returncode == 2
    assert 'document "t2" is not among the 3 whose modality is known' in done.stderr


def test_runs_whose_names_are_one_file_are_not_saved_over_one_another(files: Path, univldr: Command) -> None:
    runs = ("--run", "a:b=good.run", "--run", "a?b=weak.run.gz")
    done = univldr("evaluate", "--qrels", "q.qrels", *runs, "--save-runs", "runs")
    assert done.returncode == 2
    assert "saved as a-b.run" in done.stderr
    assert not (files / "runs").exists()


def test_the_commands_load_nothing_heavy_before_they_need_it() -> None:
    heavy = "{'torch', 'matplotlib', 'ir_measures', 'bm25s', 'scipy'}"
    code = (
        f"import sys, univldr.cli.evaluate, univldr.cli.compare; sys.exit(bool({heavy} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
