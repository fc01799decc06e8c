"""M-BEIR, the benchmark of UniIR (arXiv 2311.17136): queries, candidate pools and qrels in their folders.

``query/SPLIT/mbeir_NAME_SPLIT.jsonl`` (qid, query_txt, query_img_path, query_modality, pos_cand_list,
neg_cand_list), ``cand_pool/…/mbeir_NAME_cand_pool.jsonl`` (did, txt, img_path, modality) and
``qrels/SPLIT/mbeir_NAME_SPLIT_qrels.txt`` (qid, 0, did, relevance, task); paths of pictures are relative to
the folder that holds these three. The files may also lie flat in one folder.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from univldr.corpus.build import Build
from univldr.corpus.fields import Fields, identifier, references, string
from univldr.corpus.shards import Picture, picture_of
from univldr.errors import CorpusError

SPLITS = ("train", "val", "test")
_POOL, _QRELS, _UNION = "_cand_pool.jsonl", "_qrels.txt", "union_"
_ORIGIN = "it is part of huggingface.co/datasets/TIGER-Lab/M-BEIR"


class MBEIR:
    """All of M-BEIR, or with a detail one data set of it, e.g. ``mscoco_task0`` or ``mscoco_task0_test``.

    All of it means the union pools where there are any, else every pool, and each data set's own query
    files rather than their unions, which repeat them. One data set means its own pools: the local setting
    of the benchmark. Instructions are left to whoever encodes.
    """

    def __init__(self, root: Path, detail: str) -> None:
        self._root = root
        self._detail = detail

    @staticmethod
    def recognises(root: Path) -> bool:
        return bool(_found(root, "cand_pool", f"*{_POOL}"))

    def sources(self) -> list[Path]:
        return [*self._pools(), *self._queries(), *self._qrels()]

    def read(self, build: Build) -> None:
        pools = self._pools()
        if len(pools) > 1:
            build.repeats = "first"  # pools overlap by design
        for path in pools:
            build.each(path, partial(_add_candidate, build))
        for path in self._queries():
            build.each(path, partial(_add_query, build, _split(path)))
        for path in self._qrels():
            build.each_line(path, partial(_judge, build, _split(path)))

    def _pools(self) -> list[Path]:
        paths = {_name(path, _POOL): path for path in _found(self._root, "cand_pool", f"*{_POOL}")}
        unions = [path for name, path in paths.items() if name.startswith(_UNION)]
        if not self._detail and paths:
            return unions or list(paths.values())
        # Only some data sets have a pool for each split: mscoco_task0_test, but visualnews_task0.
        for wanted in (self._detail, _without_split(self._detail)):
            found = [path for name, path in paths.items() if _matches(name, wanted)]
            if found and wanted:
                return found
        raise CorpusError(
            self._missing(f"cand_pool/local/mbeir_NAME{_POOL}", "the candidate documents", paths)
        )

    def _queries(self) -> list[Path]:
        found = [
            path
            for path in _found(self._root, "query", "*.jsonl")
            if not path.name.endswith(_POOL) and _split(path)
        ]
        paths = {_name(path, ".jsonl"): path for path in found}
        chosen = self._chosen(paths)
        if not chosen:
            raise CorpusError(self._missing("query/SPLIT/mbeir_NAME_SPLIT.jsonl", "the queries", paths))
        return chosen

    def _qrels(self) -> list[Path]:
        """May be none: the queries name their positives too."""
        return self._chosen({_name(path, _QRELS): path for path in _found(self._root, "qrels", f"*{_QRELS}")})

    def _chosen(self, paths: dict[str, Path]) -> list[Path]:
        if self._detail:
            return [path for name, path in paths.items() if _matches(name, self._detail)]
        parts = [path for name, path in paths.items() if not name.startswith(_UNION)]
        return parts or list(paths.values())

    def _missing(self, file: str, holds: str, present: dict[str, Path]) -> str:
        wanted = file.replace("NAME", self._detail or "NAME")
        known = f"; there are {', '.join(present)}" if present else ""
        return f"{self._root / wanted} is missing: {holds}; {_ORIGIN}{known}"


def _found(root: Path, folder: str, pattern: str) -> list[Path]:
    """Below one of the benchmark's folders or flat; never among the pictures, which are millions."""
    return sorted((root / folder).rglob(pattern)) or sorted(root.glob(pattern))


def _name(path: Path, suffix: str) -> str:
    return path.name.removesuffix(suffix).removeprefix("mbeir_")


def _matches(name: str, wanted: str) -> bool:
    return name == wanted or name.startswith(f"{wanted}_")


def _split(path: Path) -> str:
    """``test`` for mbeir_mscoco_task0_test.jsonl and its qrels; "" where the name has none."""
    name = path.name.removesuffix(".jsonl").removesuffix(_QRELS)
    return next((split for split in SPLITS if name.endswith(f"_{split}")), "")


def _without_split(name: str) -> str:
    return next((name.removesuffix(f"_{split}") for split in SPLITS if name.endswith(f"_{split}")), "")


def _picture(fields: Fields, path: str, modality: str) -> Picture | None:
    """A text has none; an ``image`` or ``image,text`` must have one."""
    kinds = string(fields, modality)
    if kinds == "text" or (not kinds and path not in fields):
        return None
    if not fields.get(path):
        raise CorpusError(f'"{modality}" is "{kinds}", but there is no "{path}"')
    return picture_of(fields[path])


def _add_candidate(build: Build, fields: Fields, where: str) -> None:
    id = identifier(fields.get("did"), "did")
    build.document(where, id, string(fields, "txt").strip(), _picture(fields, "img_path", "modality"))


def _add_query(build: Build, split: str, fields: Fields, where: str) -> None:
    build.query(
        where,
        identifier(fields.get("qid"), "qid"),
        string(fields, "query_txt").strip(),
        _picture(fields, "query_img_path", "query_modality"),
        split=split,
        positives=references(fields, "pos_cand_list", "did"),
        negatives=references(fields, "neg_cand_list", "did"),
    )


def _judge(build: Build, split: str, columns: list[str]) -> None:
    if len(columns) < 4 or re.fullmatch(r"-?[0-9]{1,9}", columns[3]) is None:
        raise CorpusError("not a line of qrels: qid, 0, did, relevance, task")
    build.judge(split, columns[0], columns[2], int(columns[3]))
