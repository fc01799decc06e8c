"""A corpus into shards: planned alike each time, made once, continued after a kill, what is left out told."""

from __future__ import annotations

import errno
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.corpus.dataset_kit import jsonl, picture, tar, tsv
from univldr.encode import encode
from univldr.encode.readers import kind_of
from univldr.encode.run import here
from univldr.encode.shard import MAX_TRIES, TRIES
from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, CorpusError, ModelError, StoreError
from univldr.index import Store
from univldr.transfer import Parquet, load
from univldr.types import Document, Modality

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def records(path: Path, ids: Sequence[object]) -> Path:
    return jsonl(path, ({"id": str(n), "text": f"text number {n}"} for n in ids))


def content(folder: Path) -> list[tuple[Document, list[float]]]:
    form = Parquet.needed_for("the test")
    return [
        (document, row.tolist())
        for file in sorted(folder.glob("*.parquet"))
        for documents, vectors in form.read(file)
        for document, row in zip(documents, vectors, strict=True)
    ]


def ids(folder: Path) -> list[str]:
    return [document.id for document, _ in content(folder)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


# --- every kind of corpus ---


def test_a_folder(tmp_path: Path, out: Path) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "sub").mkdir(parents=True)
    (corpus / "a.txt").write_text("A red apple.")
    (corpus / "sub" / "b.png").write_bytes(picture("red"))
    (corpus / "sub" / "b.png.txt").write_text("a red square")
    (corpus / "sub" / "broken.png").write_bytes(b"\x89PNG nothing")
    (corpus / "what.xyz").write_text("?")
    report = encode(corpus, out, model="hash", size=1)
    assert ids(out) == ["a.txt#0", "sub/b.png"]
    [_, (square, row)] = content(out)
    assert (square.text, square.image) == ("a red square", corpus / "sub" / "b.png")
    [expected] = HashEncoder().encode_documents([square])
    assert row == expected.tolist()
    assert [skipped.key for skipped in report.skipped] == ["what.xyz"]
    [broken] = report.quarantined  # a shard of its own, of which nothing could be read
    assert "sub/broken.png" in broken.reason
    assert json.loads((out / "report.json").read_text())["documents"] == report.documents == 2


def test_parts_of_every_kind_in_one_folder(tmp_path: Path, out: Path) -> None:
    corpus = tmp_path / "corpus"
    records(corpus / "a.jsonl", range(5))
    table = pa.table({"id": [f"p{n}" for n in range(5)], "text": [f"row {n}" for n in range(5)]})
    parquet.write_table(table, corpus / "b.parquet", row_group_size=3)
    tar(
        corpus / "c.tar",
        {
            "x/1.png": picture("red"),
            "x/1.txt": b"a red square",
            "x/2.cls": b"7",
            "x/3.json": b'{"id": "three", "text": "only words", "year": 2020}',
            "x/4.seg.png": picture("blue"),
            "x/4.json": b'{"caption": "blue", "url": "http://x"}',
        },
    )
    (corpus / "README.md").write_text("what this is")
    report = encode(corpus, out, model="hash", size=2)
    assert report.shards == 3 + 3 + 2
    assert ids(out) == [*map(str, range(5)), *(f"p{n}" for n in range(5)),
                        "c.tar/x/1.png", "three", "c.tar/x/4.seg.png"]  # fmt: skip
    red, three, blue = [document for document, _ in content(out)][-3:]
    assert (red.modality, red.text, red.metadata["member"]) == (Modality.IMAGE, "a red square", "x/1.png")
    assert red.path == str(corpus / "c.tar")
    assert (three.modality, three.text, three.metadata["year"]) == (Modality.TEXT, "only words", 2020)
    assert (blue.text, blue.metadata["url"]) == ("blue", "http://x")
    whole = picture("red")
    [expected] = HashEncoder().encode_documents([replace(red, image=whole)])
    assert content(out)[-3][1] == expected.tolist()


def test_a_data_set(tmp_path: Path, out: Path) -> None:
    corpus = tmp_path / "set"
    tar(corpus / "pictures.tar", {"1.png": picture("red"), "2.png": b"broken"})
    rows = [
        {"id": "t", "text": "some words"},
        *({"id": f"i{n}", "image": f"pictures.tar/{n}.png"} for n in (1, 2)),
    ]
    (corpus / "documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = encode(corpus, out, model="hash")
    assert ids(out) == ["t", "i1"]
    assert [skipped.key for skipped in report.skipped] == ["i2"]


def test_webqa(tmp_path: Path, out: Path) -> None:
    corpus = tmp_path / "webqa"
    jsonl(corpus / "all_docs.json", [{"snippet_id": f"d{n}", "fact": f"fact {n}"} for n in range(3)])
    jsonl(corpus / "all_imgs.json", [{"image_id": n, "caption": f"picture {n}"} for n in (1, 2)])
    for split in ("train", "dev", "test"):
        jsonl(corpus / f"{split}.json", [])
    offsets = tsv(corpus, {"1": picture("red"), "2": picture("blue")})
    (corpus / "imgs.lineidx.new").write_text("".join(f"{id}\t{offset}\n" for id, offset in offsets))
    report = encode(corpus, out, model="hash", size=2)
    assert report.shards == 3
    assert ids(out) == ["d0", "d1", "d2", "1", "2"]
    [red] = [row for document, row in content(out) if document.id == "1"]
    with_pixels = Document("1", Modality.IMAGE, "picture 1", picture("red"))
    assert red == HashEncoder().encode_documents([with_pixels])[0].tolist()


def test_a_file_is_cut_at_the_same_places_however_it_ends(tmp_path: Path) -> None:
    for end in ("", "\n", "\n\n"):
        text = "\n".join(json.dumps({"id": str(n), "text": "x" * n}) for n in range(6)) + end
        (tmp_path / "a.jsonl").write_text(text)
        out = tmp_path / f"out{len(end)}"
        encode(tmp_path / "a.jsonl", out, model="hash", size=3)
        assert ids(out) == list("12345")  # 0 has no words
        plan = json.loads((out / "plan.json").read_text())
        assert [shard["before"] for shard in plan["shards"]][:2] == [0, 3]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["a.jsonl", "b.parquet", "readme.md"], "parts"),
        (["a.tar", "b.tar"], "parts"),
        (["a.jsonl", "note.txt"], "folder"),
        (["documents.jsonl"], "records"),
        (["all_docs.json"], "webqa"),
        ([], "folder"),
    ],
)
def test_kinds(tmp_path: Path, names: list[str], kind: str) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    assert kind_of(tmp_path) == kind


# --- what is left out ---


def broken_jsonl(path: Path) -> Path:
    path.write_bytes(b"\x00\xff\xfe nothing\n" * 3)
    return path


def broken_parquet(path: Path) -> Path:
    path.write_bytes(b"PAR1 nothing")
    return path


def no_tar(path: Path) -> Path:
    path.write_bytes(b"nothing" * 200)
    return path


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("b.jsonl", broken_jsonl, "nothing in it could be read; the first: b.jsonl line 1: not UTF-8"),
        ("b.parquet", broken_parquet, "not a Parquet file"),
        ("b.tar", no_tar, "not a plain tar file, or cut off"),
    ],
)
def test_a_bad_shard_is_quarantined_and_made_once_it_is_good(
    tmp_path: Path, out: Path, name: str, make: Callable[[Path], Path], reason: str
) -> None:
    corpus = tmp_path / "corpus"
    records(corpus / "a.jsonl", range(3))
    records(corpus / "z.jsonl", range(3, 6))
    bad = make(corpus / name)
    report = encode(corpus, out, model="hash")
    assert (report.documents, report.shards, report.made) == (6, 3, 2)
    assert reason in report.quarantined[0].reason
    with pytest.raises(StoreError, match="1 of 3 shards are missing"):
        load(out, tmp_path / "index")
    bad.unlink()
    if bad.suffix == ".jsonl":
        records(bad, ["n"])
    elif bad.suffix == ".tar":
        tar(bad, {"n.txt": b"words"})
    else:
        parquet.write_table(pa.table({"id": ["n"], "text": ["words"]}), bad)
    report = encode(corpus, out)
    assert (report.documents, report.made, report.quarantined) == (7, 1, [])
    assert load(out, tmp_path / "index") == 7


def test_a_tar_that_breaks_in_the_middle_keeps_the_shards_before(tmp_path: Path, out: Path) -> None:
    path = tar(tmp_path / "a.tar", {f"{n}.txt": b"some words" for n in range(6)})
    data = bytearray(path.read_bytes())
    data[4 * 1024 : 4 * 1024 + 512] = b"x" * 512  # the header of the fifth
    path.write_bytes(data)
    report = encode(path, out, model="hash", size=2)
    assert ids(out) == ["a.tar/0.txt", "a.tar/1.txt"]
    [broken] = report.quarantined
    assert f"no header at byte {4 * 1024:,}" in broken.reason
    path.write_bytes(data[: 3 * 1024 + 600])  # cut off inside the fourth
    report = encode(path, out, size=2)
    assert len(report.quarantined) == 1
    assert ids(out) == ["a.tar/0.txt", "a.tar/1.txt"]


def test_a_bad_document_is_left_out_and_told_by_its_line(tmp_path: Path, out: Path) -> None:
    lines = [json.dumps({"id": str(n), "text": f"words {n}"}) for n in range(6)]
    lines[4] = "{"
    lines[1] = '{"id": "deep", "text": "words", "list": ' + "[" * 101 + "]" * 101 + "}"
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    report = encode(tmp_path / "a.jsonl", out, model="hash", size=3)
    assert ids(out) == list("0235")
    assert [one.key for one in report.skipped] == ["deep", "a.jsonl line 5"]
    assert "nests over 100 deep" in report.skipped[0].reason
    again = encode(tmp_path / "a.jsonl", out)
    assert again.skipped == report.skipped
    assert again.made == 0


def test_a_picture_that_only_the_encoder_finds_broken(tmp_path: Path, out: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for n in range(5):
        Image.effect_noise((64, 64), 50).save(corpus / f"{n}.png")
    data = (corpus / "3.png").read_bytes()
    (corpus / "3.png").write_bytes(data[: len(data) // 2])
    report = encode(corpus, out, model="hash")
    assert ids(out) == ["0.png", "1.png", "2.png", "4.png"]
    assert [one.key for one in report.skipped] == ["3.png"]


# --- exactly once ---


def test_an_id_that_comes_twice_is_kept_once(tmp_path: Path, out: Path) -> None:
    corpus = tmp_path / "corpus"
    records(corpus / "a.jsonl", [1, 2, 2, 3])
    records(corpus / "b.jsonl", [3, 4, 1])
    report = encode(corpus, out, model="hash")
    assert ids(out) == ["1", "2", "3", "4"]
    assert report.documents == 4
    assert sorted(one.key for one in report.skipped) == ["1", "2", "3"]
    again = encode(corpus, out)
    assert (again.made, again.skipped) == (0, report.skipped)
    records(corpus / "a.jsonl", [1, 2])
    assert encode(corpus, out).documents == 4
    assert sorted(ids(out)) == ["1", "2", "3", "4"]  # b's 3 is back


def test_what_changed_is_made_again_and_what_went_is_removed(tmp_path: Path, out: Path) -> None:
    corpus = tmp_path / "corpus"
    for name, numbers in (("b", range(4)), ("c", range(4, 8)), ("d", range(8, 10))):
        records(corpus / f"{name}.jsonl", numbers)
    encode(corpus, out, model="hash", size=2)
    records(corpus / "a.jsonl", ["new"])  # the others move up
    records(corpus / "c.jsonl", range(40, 44))
    (corpus / "d.jsonl").unlink()
    report = encode(corpus, out)
    assert report.made == 1 + 2
    assert ids(out) == ["new", *map(str, range(4)), *map(str, range(40, 44))]


def test_a_shard_that_the_disk_spoilt_is_named(tmp_path: Path, out: Path) -> None:
    source = records(tmp_path / "a.jsonl", range(3))
    encode(source, out, model="hash")
    [shard] = out.glob("*.parquet")
    shard.write_bytes(b"PAR1 spoilt")
    with pytest.raises(StoreError, match=f"{shard.name}: cannot be read: .*; remove it, and run again"):
        encode(source, out)
    shard.unlink()
    assert encode(source, out).documents == 3


def test_a_disk_that_is_full(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = records(tmp_path / "a.jsonl", range(6))
    encode(records(source, range(4)), out, model="hash", size=2)
    records(source, range(6))  # another time of change: all is to be made again
    written = Parquet.write
    left = 2

    def write(self: Parquet, file: Path, *rest: Any) -> None:
        nonlocal left
        written(self, file, *rest)
        left -= 1
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Parquet, "write", write)
        with pytest.raises(StoreError, match="cannot be written: No space left on device"):
            encode(source, out)
    assert ids(out) == ["0", "1"]
    assert not list(out.glob("**/*.part"))
    assert encode(source, out).made == 2
    assert ids(out) == list("012345")


def test_a_folder_that_is_something_else_is_refused(tmp_path: Path, out: Path) -> None:
    source = records(tmp_path / "a.jsonl", range(3))
    encode(source, out, model="hash", size=2)
    with pytest.raises(ConfigError, match="begun with size 2, not 3"):
        encode(source, out, model="hash", size=3)
    with pytest.raises(ConfigError, match="begun with corpus"):
        encode(records(tmp_path / "b.jsonl", range(3)), out, model="hash")
    with pytest.raises(ConfigError, match="begun with model 'hash', not 'mini'"):
        encode(source, out, model="mini")
    with pytest.raises(ConfigError, match=r"not empty and holds no plan\.json"):
        encode(source, tmp_path, model="hash")
    with pytest.raises(ConfigError, match="lies in the corpus"):
        encode(tmp_path, out, model="hash")
    with pytest.raises(ConfigError, match="at least 1"):
        encode(source, out, size=0)
    with pytest.raises(ConfigError, match='no format "odd"; there are auto, folder, parts, webqa'):
        encode(source, out, format="odd")
    with pytest.raises(CorpusError, match="no such file or folder"):
        encode(tmp_path / "nothing", out)


def test_nothing_at_all(tmp_path: Path, out: Path) -> None:
    (tmp_path / "empty").mkdir()
    report = encode(tmp_path / "empty", out, model="hash")
    assert (report.documents, report.shards, report.quarantined) == (0, 0, [])
    with pytest.raises(StoreError, match=r"no \.parquet file"):
        load(out, tmp_path / "index")


def test_another_model_elsewhere_is_refused(tmp_path: Path, out: Path) -> None:
    def elsewhere(job: Any, tasks: Any, encoder: Any) -> Any:
        return here(job, tasks, HashEncoder(32))

    with pytest.raises(ModelError, match="hash-1-32 here and hash-1-64 where the corpus was planned"):
        encode(records(tmp_path / "a.jsonl", range(3)), out, model="hash", runner=elsewhere)


def test_a_folder_that_others_do_not_share_is_refused(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("univldr.encode.run.SEEN_SECONDS", 0)

    def elsewhere(job: Any, tasks: Any, encoder: Any) -> Any:
        (tmp_path / "far").mkdir()
        return here(replace(job, folder=str(tmp_path / "far")), tasks, encoder)

    with pytest.raises(StoreError, match="a disk that all machines share"):
        encode(records(tmp_path / "a.jsonl", range(3)), out, model="hash", runner=elsewhere)


def test_two_at_once_are_refused(tmp_path: Path, out: Path) -> None:
    source = records(tmp_path / "a.jsonl", range(3))

    def second(job: Any, tasks: Any, encoder: Any) -> Any:
        with pytest.raises(StoreError, match="another univldr encode is at it"):
            encode(source, out, model="hash")
        return here(job, tasks, encoder)

    assert encode(source, out, model="hash", runner=second).documents == 3


def test_a_shard_that_kills_its_process_is_given_up(tmp_path: Path, out: Path) -> None:
    source = records(tmp_path / "a.jsonl", range(4))
    plan: list[str] = []

    def killed(job: Any, tasks: Any, encoder: Any) -> Any:
        plan.extend(file for file, _ in tasks)
        (out / TRIES).mkdir()
        (out / TRIES / tasks[0][0]).write_bytes(b"." * MAX_TRIES)
        return here(job, tasks, encoder)

    report = encode(source, out, model="hash", size=2, runner=killed)
    [given_up] = report.quarantined
    assert given_up.key.startswith(f"{plan[0]} (the corpus from 0 to ")
    assert given_up.reason == "3 processes were killed over it; is there memory enough?"
    assert ids(out) == ["2", "3"]
    assert encode(source, out).quarantined == []  # the next run tries again
    assert ids(out) == list("0123")


ENCODER = """
import sys
from univldr.encode import encode
encode(sys.argv[1], sys.argv[2], model="hash", size=20, progress=lambda *_: print("step", flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_kill_at_random_moments_then_resume(tmp_path: Path, out: Path) -> None:
    corpus = tmp_path / "corpus"
    records(corpus / "a.jsonl", range(600))
    records(corpus / "b.jsonl", range(590, 1200))
    chance = random.Random(0)
    kills = 0
    for steps in (0, 1, 5, 9, 9):
        command = [sys.executable, "-c", ENCODER, str(corpus), str(out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            for _ in range(steps):
                process.stdout.readline()
            time.sleep(chance.random() * 0.02)
            process.kill()
        kills += process.returncode == -signal.SIGKILL
        for file in out.glob("*.parquet"):
            assert len(Parquet.needed_for("the test").ids(file)) == 20  # whole
    assert kills >= 4
    report = encode(corpus, out, model="hash", size=20)
    assert 0 < report.made < report.shards
    assert ids(out) == list(map(str, range(1200)))
    assert not [*out.glob("**/*.part"), *out.glob(f"{TRIES}/*")]
    encode(corpus, tmp_path / "whole", model="hash", size=20)
    files = {path.name: path.read_bytes() for path in out.glob("*.parquet")}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "whole").glob("*.parquet")}


def test_the_index_that_load_makes(tmp_path: Path, out: Path) -> None:
    source = records(tmp_path / "a.jsonl", range(50))
    encode(source, out, model="hash", size=7)
    assert load(out, tmp_path / "index") == 50
    with Store.open(tmp_path / "index") as store:
        assert store.manifest.encoder == "hash"
        [query] = HashEncoder().encode_documents([Document("", Modality.TEXT, "text number 7")])
        [hit] = store.engine.query(np.asarray(query), 1)
        assert hit.document.id == "7"
    (tmp_path / "none").mkdir()
    with pytest.raises(StoreError, match=r"no \.parquet file"):
        load(tmp_path / "none", tmp_path / "other")
    some = next(out.glob("*.parquet"))
    table = parquet.read_table(some)
    fields = json.loads(table.schema.metadata[b"univldr"]) | {"fingerprint": "another"}
    parquet.write_table(table.replace_schema_metadata({b"univldr": json.dumps(fields)}), some)
    with pytest.raises(ModelError, match="not of the model"):
        load(out, tmp_path / "other")
