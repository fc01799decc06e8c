"""Folders of which one file is damaged: data sets and models. Its name comes before the first line break."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers

from benchmarks.hostile import pictures
from univldr.corpus.collection import open_collection
from univldr.encoders.checkpoints import only_module
from univldr.encoders.hash import HashEncoder
from univldr.encoders.preprocess import BatchTokenizer, ImageProcessor
from univldr.encoders.settings import ModelSettings, is_joint, load_calibration
from univldr.errors import CorpusError, ImageError
from univldr.images import load_image

Read = Callable[[bytes], None]
_ENCODER = HashEncoder()


def _written(files: dict[str, bytes], folder: Path, data: bytes) -> None:
    """All files; the one that ``data`` names is what ``data`` has."""
    name, _, content = data.partition(b"\n")
    for file, sound in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if file.encode() == name else sound)


def _seeds(files: dict[str, bytes]) -> list[bytes]:
    return [f"{name}\n".encode() + content for name, content in files.items()]


def _lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


# --- data sets ---


@contextmanager
def _collection(folder: Path, files: dict[str, bytes], format: str) -> Iterator[Read]:
    """Compiled, and every document and query of it read."""

    def read(data: bytes) -> None:
        _written(files, folder, data)
        collection = open_collection(folder, format=format, cache=folder / "cache")
        for row in range(len(collection)):
            with suppress(CorpusError, ImageError):
                _ENCODER.encode_documents(collection.documents([row]))
        for split in collection.splits():
            with suppress(ImageError):
                collection.topics(split)
            collection.qrels(split)

    yield read


@contextmanager
def webqa(folder: Path) -> Iterator[Read]:
    """The files of WebQA as UniVL-DR's authors made them."""
    with _collection(folder, _WEBQA, "auto") as read:
        yield read


@contextmanager
def others(folder: Path) -> Iterator[Read]:
    """The other formats, each in a folder of its own; which one is in the file's name."""
    names = {"records": "records", "beir": "beir", "mbeir": "mbeir", "tevatron": "tevatron",
             "release": "webqa-original"}  # fmt: skip
    readers: dict[str, Read] = {}
    for name, format in names.items():
        some = {file.split("/", 1)[1]: data for file, data in _OTHERS.items() if file.startswith(f"{name}/")}
        (folder / name).mkdir()
        with _collection(folder / name, some, format) as reader:
            readers[name] = reader

    def read(data: bytes) -> None:
        name, slash, rest = data.partition(b"/")
        chosen = readers.get(name.decode("latin-1")) if slash else None
        if chosen is None:
            raise CorpusError("no such data set")
        chosen(rest)

    yield read


_TSV = [f"3000000{n}\t".encode() + base64.b64encode(pictures.SMALL) + b"\n" for n in range(2)]
_ASKED = {"qid": "q", "Q": "What?", "A": ["x"], "img_posFacts": ["30000000"], "txt_posFacts": ["t"],
          "img_negFacts": ["30000001"], "txt_negFacts": []}  # fmt: skip
_WEBQA = {
    "all_docs.json": _lines({"snippet_id": "t", "fact": "A fact."}),
    "all_imgs.json": _lines(*({"image_id": 30000000 + n, "caption": "a barn"} for n in range(2))),
    **{f"{split}.json": _lines(_ASKED) for split in ("train", "dev", "test")},
    "imgs.tsv": b"".join(_TSV),
    "imgs.lineidx.new": f"30000000\t0\n30000001\t{len(_TSV[0])}\n".encode(),
}


def _shard() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("a.png")
        member.size = len(pictures.SMALL)
        archive.addfile(member, io.BytesIO(pictures.SMALL))
    return stream.getvalue()


def _release(split: str) -> dict[str, Any]:
    fact = {"title": "T", "fact": "A fact.", "url": "u", "snippet_id": "t"}
    picture = {"image_id": 30000000, "title": "T", "caption": "A barn", "url": "u", "imgUrl": "i"}
    return {"Q": '"What?"', "A": ['"x"'], "Guid": "g", "split": split, "Qcate": "text", "topic": "t",
            "txt_posFacts": [fact], "txt_negFacts": [], "img_posFacts": [picture], "img_negFacts": [],
            "txt_Facts": [fact], "img_Facts": [picture]}  # fmt: skip


_OTHERS = {
    "records/documents.jsonl": _lines(
        {"id": "1", "text": "A passage.", "title": "T", "metadata": {"year": 2020}, "expansions": ["a"]},
        {"id": "2", "image": "s.tar/a.png", "caption": "A barn"},
        {"id": 3, "image": "a.png"},
    ),
    "records/queries.train.jsonl": _lines(
        {"id": "q", "query": "What?", "image": "a.png", "positives": ["1", {"id": "2", "relevance": 2}],
         "negatives": [{"id": "3", "score": 0.5}], "split": "dev"}
    ),
    "records/s.tar": _shard(),
    "records/a.png": pictures.SMALL,
    "beir/corpus.jsonl": _lines({"_id": "1", "title": "T", "text": "A passage.", "metadata": {"a": 1}}),
    "beir/queries.jsonl": _lines({"_id": "q", "text": "What?", "metadata": {}}),
    "beir/qrels/test.tsv": b"query-id\tcorpus-id\tscore\nq\t1\t1\n",
    "mbeir/cand_pool/mbeir_x_cand_pool.jsonl": _lines(
        {"did": "1:1", "txt": "A passage.", "img_path": None, "modality": "text"},
        {"did": "1:2", "txt": None, "img_path": "a.png", "modality": "image"},
    ),
    "mbeir/query/test/mbeir_x_test.jsonl": _lines(
        {"qid": "1:9", "query_txt": "What?", "query_img_path": "a.png", "query_modality": "image,text",
         "pos_cand_list": ["1:2"], "neg_cand_list": ["1:1"]}
    ),
    "mbeir/qrels/test/mbeir_x_test_qrels.txt": b"1:9 0 1:2 1 0\n",
    "mbeir/a.png": pictures.SMALL,
    "tevatron/train.jsonl": _lines(
        {"query_id": "q", "query": "What?", "positive_passages": [{"docid": "1", "title": "T", "text": "A"}],
         "negative_passages": [{"docid": "2", "text": "B"}]}
    ),
    "tevatron/corpus.jsonl": _lines({"docid": "3", "text": "C", "image": None, "title": "T"}),
    "release/WebQA_train_val.json": json.dumps({"a": _release("train"), "b": _release("val")}).encode(),
    "release/WebQA_test.json": json.dumps({"c": _release("test")}).encode(),
    "release/imgs.tsv": b"".join(_TSV),
    "release/imgs.lineidx": f"0\n{len(_TSV[0])}\n".encode(),
}  # fmt: skip


def webqa_seeds() -> list[bytes]:
    """Each file of the authors'."""
    return _seeds(_WEBQA)


def others_seeds() -> list[bytes]:
    """Each file of each data set."""
    return _seeds(_OTHERS)


# --- models ---


@contextmanager
def model(folder: Path) -> Iterator[Read]:
    """All that is read of a model's directory but its graphs."""

    def read(data: bytes) -> None:
        _written(_MODEL, folder, data)
        settings = ModelSettings.load(folder)
        load_calibration(folder)
        is_joint(folder)
        only_module(folder)
        processor = ImageProcessor.load(folder / "preprocessor_config.json")
        if max(processor.draft) < 4000:
            processor(load_image(pictures.SMALL))
        tokenizer = BatchTokenizer(folder, max_tokens=settings.max_tokens)
        if settings.max_tokens < 10_000:
            tokenizer.pad(tokenizer.ids(["a barn", ""]))

    yield read


def model_seeds() -> list[bytes]:
    """Each file."""
    return _seeds(_MODEL)


def model_specials() -> list[Callable[[], bytes]]:
    """Deep files, templates that ask for gigabytes."""

    def with_template(template: str) -> bytes:
        return b"univldr.json\n" + json.dumps(_UNIVLDR | {"template": template}).encode()

    deep = b"[" * 100_000
    return [
        *(lambda name=name: name.encode() + b"\n" + deep for name in _MODEL),
        lambda: with_template("{caption:>9999999999}{expansions}"),
        lambda: with_template("{caption.__class__.__init__.__globals__}{expansions}"),
        lambda: with_template("{caption" + "[0]" * 100_000 + "}"),
    ]


def _tokenizer() -> bytes:
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "barn": 1, "[UNK]": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer.to_str().encode()


_UNIVLDR = {"format": 1, "fusion": "sum", "dim": 4, "max_tokens": 32, "joint": True,
            "template": "{caption} [SEP] {expansions}", "onnx": {"text": "text_model.onnx"}}  # fmt: skip
_PICTURES = {"do_resize": True, "size": {"shortest_edge": 32}, "do_center_crop": True, "crop_size": 32,
             "resample": 3, "do_rescale": True, "rescale_factor": 0.0039, "do_normalize": True,
             "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}  # fmt: skip
_MODEL = {
    "univldr.json": json.dumps(_UNIVLDR).encode(),
    "config.json": json.dumps(
        {"model_type": "clip", "text_config": {"max_position_embeddings": 77}}
    ).encode(),
    "tokenizer_config.json": json.dumps({"model_max_length": 77, "pad_token": {"content": "[UNK]"}}).encode(),
    "preprocessor_config.json": json.dumps(_PICTURES).encode(),
    "modules.json": json.dumps([{"type": "x.Transformer", "path": ""}, {"type": "x.Normalize"}]).encode(),
    "tokenizer.json": _tokenizer(),
}
