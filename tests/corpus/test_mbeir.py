"""M-BEIR: candidates of all modalities, queries with pictures, one data set or all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.corpus.dataset_kit import colour, jsonl, picture, positives, problems
from univldr.corpus.collection import open_collection
from univldr.errors import CorpusError
from univldr.types import Modality, Query

POOL: list[dict[str, Any]] = [
    {"did": "1:1", "txt": None, "img_path": "mbeir_images/a.png", "modality": "image", "src_content": "{}"},
    {"did": "1:2", "txt": " A blue door. ", "img_path": "mbeir_images/b.png", "modality": "image,text"},
    {"did": "1:3", "txt": "A passage.", "img_path": None, "modality": "text"},
]
OTHER: list[dict[str, Any]] = [{"did": "2:1", "txt": "Another set.", "img_path": None, "modality": "text"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mbeir_images").mkdir()
    for name, shade in (("a", "red"), ("b", "blue"), ("q", "green")):
        (tmp_path / f"mbeir_images/{name}.png").write_bytes(picture(shade))
    jsonl(tmp_path / "cand_pool/local/mbeir_one_task1_cand_pool.jsonl", POOL)
    jsonl(tmp_path / "cand_pool/local/mbeir_two_task0_test_cand_pool.jsonl", OTHER)
    jsonl(
        tmp_path / "query/test/mbeir_one_task1_test.jsonl",
        [
            {
                "qid": "1:7",
                "query_txt": "doors",
                "query_img_path": "mbeir_images/q.png",
                "query_modality": "image,text",
                "pos_cand_list": ["1:2"],
                "neg_cand_list": [{"did": "1:1"}],
            },
            {"qid": "1:8", "query_txt": "what", "query_img_path": None, "query_modality": "text"},
        ],
    )
    query = {"qid": "2:1", "query_txt": "other", "query_modality": "text", "pos_cand_list": [{"did": "2:1"}]}
    jsonl(tmp_path / "query/test/mbeir_two_task0_test.jsonl", [query])
    jsonl(tmp_path / "query/train/mbeir_two_task0_train.jsonl", [query | {"qid": "2:2"}])
    jsonl(tmp_path / "query/union_train/mbeir_union_up_train.jsonl", [query | {"qid": "2:2"}] * 2)
    qrels = tmp_path / "qrels/test"
    qrels.mkdir(parents=True)
    (qrels / "mbeir_one_task1_test_qrels.txt").write_text("1:7 0 1:2 1 4\n1:8 0 1:3 1 4\n1:8 0 1:1 0 4\n")
    return tmp_path


def test_all_of_it(folder: Path) -> None:
    collection = open_collection(folder)
    assert problems(collection) == []
    assert collection.ids() == ["1:1", "1:2", "1:3", "2:1"]
    image, captioned, passage = collection.documents(range(3))
    assert (image.modality, image.text, colour(image)) == (Modality.IMAGE, "", (255, 0, 0))
    assert (captioned.modality, captioned.text, colour(captioned)) == (
        Modality.IMAGE,
        "A blue door.",
        (0, 0, 255),
    )
    assert (passage.modality, passage.text) == (Modality.TEXT, "A passage.")
    first, second, _ = collection.topics("test")
    assert first.query == Query("doors", folder / "mbeir_images/q.png")
    assert (first.positives, first.negatives) == ((1,), (0,))
    assert (second.query, second.positives) == (Query("what"), (2,))
    assert collection.qrels("test")["1:8"] == {"1:3": 1, "1:1": 0}
    assert positives(collection, "train") == {"2:2": ["2:1"]}  # the data set's own file, not the union


def test_one_data_set_with_its_own_pool(folder: Path) -> None:
    one = open_collection(folder, format="mbeir:one_task1")
    assert (one.ids(), one.splits()) == (["1:1", "1:2", "1:3"], ["test"])
    two = open_collection(folder, format="mbeir:two_task0_test")
    assert (two.ids(), two.splits()) == (["2:1"], ["test"])
    assert (
        open_collection(folder, format="mbeir:one_task1_test").ids() == one.ids()
    )  # one pool for all splits
    with pytest.raises(
        CorpusError, match=r"mbeir_three_cand_pool\.jsonl is missing: .*one_task1, two_task0_test"
    ):
        open_collection(folder, format="mbeir:three")


def test_union_pools_come_first_and_overlap(folder: Path) -> None:
    jsonl(folder / "cand_pool/global/mbeir_union_test_cand_pool.jsonl", [*POOL, *OTHER])
    jsonl(folder / "cand_pool/global/mbeir_union_val_cand_pool.jsonl", [*OTHER, *POOL[:1]])
    (folder / "cand_pool/local/mbeir_one_task1_cand_pool.jsonl").write_text("not read\n")
    collection = open_collection(folder)
    assert (len(collection), problems(collection)) == (4, [])


def test_flat_folder(folder: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    (flat / "mbeir_images").mkdir(parents=True)
    for path in [
        *folder.glob("cand_pool/local/*one*"),
        *folder.glob("q*/test/*one*"),
        *folder.glob("mbeir_images/*"),
    ]:
        target = flat / path.relative_to(folder) if path.suffix == ".png" else flat / path.name
        target.write_bytes(path.read_bytes())
    assert positives(open_collection(flat), "test") == {"1:7": ["1:2"], "1:8": ["1:3"]}


def test_broken_records(folder: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"did": "1:1", "modality": "image", "img_path": None},
        {"did": "1:2", "modality": "image", "img_path": "mbeir_images/none.png"},
        {"modality": "text", "txt": "x"},
        {"did": "1:3", "modality": "text"},
        POOL[1],
    ]
    jsonl(folder / "cand_pool/local/mbeir_one_task1_cand_pool.jsonl", rows)
    (folder / "qrels/test/mbeir_one_task1_test_qrels.txt").write_text("1:7 0 1:2\n9:9 0 1:2 1 4\n")
    collection = open_collection(folder, format="mbeir:one_task1")
    pool, qrels = (
        "cand_pool/local/mbeir_one_task1_cand_pool.jsonl",
        "qrels/test/mbeir_one_task1_test_qrels.txt",
    )
    found = problems(collection)
    assert found[0] == f'{pool} line 1: "modality" is "image", but there is no "img_path"'
    assert found[1].startswith(f'{pool} line 2: no picture "mbeir_images/none.png"; paths are relative to')
    assert found[2:4] == [f'{pool} line 3: no "did"', f"{pool} line 4: no text and no picture"]
    assert found[4] == f"{qrels} line 1: not a line of qrels: qid, 0, did, relevance, task"
    assert found[5] == f'{qrels} line 2: no query "9:9"'
    assert positives(collection, "test") == {"1:7": ["1:2"]}


def test_no_queries(folder: Path) -> None:
    for path in folder.glob("query/*/*.jsonl"):
        path.unlink()
    with pytest.raises(CorpusError, match=r"query/SPLIT/mbeir_NAME_SPLIT\.jsonl is missing: the queries"):
        open_collection(folder)
