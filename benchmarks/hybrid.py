"""Do the words that a query and a document share help, and does either modality pay for it?

Photos of Flickr8k in one pool with passages of XQuAD, or with WebQA's captions as short passages: photos
bare, or each with its first caption and looked for by the others. The weights in ``univldr.lexical`` were
taken from the grid that ``--choose`` prints: photos that training held out, questions about every second
passage, every second question of WebQA. Without it, the weights are judged on Flickr8k's dev photos and the
other questions; and on made-up notes, each looked for by its number, its name or its file's name.
"""

from __future__ import annotations

import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt
import qdrant_edge as edge

from benchmarks import data
from univldr import lexical, load_encoder
from univldr.calibration import Calibrated, Calibration, kind_of
from univldr.evaluation.measures import Evaluation, evaluate
from univldr.evaluation.significance import compare, format_p
from univldr.evaluation.tables import markdown_table
from univldr.fusion import rrf
from univldr.index import edge_words
from univldr.index.edge import EdgeIndex
from univldr.index.words import NO_WORDS, WordIndex
from univldr.types import Document, Encoder, Float32Array, Modality, Query

DEPTH = 100  # documents of either list, as a search takes them
SHOWN = 10
MEASURES = ("nDCG@10", "MRR@10", "Recall@10")
HELD_OUT, DISTRACTORS = 300, 700
SEED = 1234  # recipes/mini.toml's: the photos that training held out are the first of this permutation
GRID_ON = (2.0, 4.0, 8.0, 16.0)
GRID_AUTO, GRID_START = (16.0, 24.0, 32.0, 48.0), (0.2, 0.25, 0.3, 0.35)

Row = dict[str, float]
Ints = npt.NDArray[np.int64]
System = Callable[["Pool", str, int], Row]
"""Of a pool, the modality of a query's answer, and the query's number: the best documents' scores."""


@dataclass(frozen=True)
class Asked:
    """Queries of one modality and their answers."""

    queries: list[Query]
    right: list[list[str]]


@dataclass(frozen=True)
class Pool:
    """A joint pool and the queries that search it, by modality; cosines and evidence are float32 [Q, N]."""

    name: str
    ids: list[str]
    kinds: Ints
    asked: Mapping[str, Asked]
    cosines: Mapping[str, Float32Array]
    evidence: Mapping[str, Float32Array]


class Vectors:
    """An encoder whose vectors are kept in a folder, if there is one."""

    def __init__(self, encoder: Encoder, folder: Path | None) -> None:
        self.encoder, self.folder = encoder, folder

    def of(self, name: str, items: Sequence[Query] | Sequence[Document]) -> Float32Array:
        """float32 [len(items), dim]."""
        path = self.folder and self.folder / f"{self.encoder.fingerprint[:8]}-{name}.npy"
        if path and path.exists():
            known: Float32Array = np.load(path)
            return known
        queries = [item for item in items if isinstance(item, Query)]
        documents = [item for item in items if isinstance(item, Document)]
        rows = self.encoder.encode_queries(queries) if queries else self.encoder.encode_documents(documents)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, rows)
        return rows


def photos(folder: Path, split: str) -> tuple[list[Document], Asked]:
    """Photos with their first caption, and queries of the others."""
    items = data.rows(folder / f"flickr8k/{split}.jsonl")
    order = np.arange(len(items))
    if split == "train":
        order = np.random.default_rng(SEED).permutation(len(items))[: HELD_OUT + DISTRACTORS]
    with tarfile.open(folder / f"flickr8k/{split}.tar") as tar:
        members = {Path(member.name).name: member for member in tar if member.isfile()}
        files = [tar.extractfile(members[items[n]["image"]]) for n in order]
        blobs = [file.read() for file in files if file]
    documents = [
        Document(items[n]["id"], Modality.IMAGE, items[n]["captions"][0], blob)
        for n, blob in zip(order, blobs, strict=True)
    ]
    looked = [items[n] for n in (order[:HELD_OUT] if split == "train" else order)]
    asked = [(Query(caption), [item["id"]]) for item in looked for caption in item["captions"][1:]]
    return documents, Asked([query for query, _ in asked], [right for _, right in asked])


def passages(folder: Path, half: int) -> tuple[list[Document], Asked]:
    """XQuAD's passages, and the questions about every second one."""
    documents, queries, right = data.passages(folder)
    own = {document.id for document in documents[half::2]}
    chosen = [number for number in range(len(queries)) if right[number] in own]
    return documents, Asked([queries[n] for n in chosen], [[right[n]] for n in chosen])


def webqa(folder: Path, half: int) -> tuple[list[Document], Asked]:
    """WebQA's captions as passages, and every second question."""
    captions = data.rows(folder / "webqa-captions/captions.jsonl")
    asked = data.rows(folder / "webqa-captions/queries.jsonl")[half::2]
    documents = [Document(row["id"], Modality.TEXT, row["caption"]) for row in captions]
    return documents, Asked([Query(row["query"]) for row in asked], [row["positives"] for row in asked])


def pools(folder: Path, vectors: Vectors, *, dev: bool) -> Iterator[Pool]:
    """Bare photos and passages, captioned photos and passages, bare photos and short passages."""
    split, half = ("dev", 1) if dev else ("train", 0)
    captioned, looked = photos(folder, split)
    bare = [replace(document, text="") for document in captioned]
    for kind, pictures, source, (texts, questions) in (
        ("bare", bare, "passages", passages(folder, half)),
        ("captioned", captioned, "passages", passages(folder, half)),
        ("bare", bare, "WebQA captions", webqa(folder, half)),
    ):
        rows = [vectors.of(f"{split}-{kind}", pictures), vectors.of(source, texts)]
        asked = {"image": looked, "text": questions}
        names = {"image": f"{split}-captions", "text": f"{half}-{source}-questions"}
        encoded = {key: vectors.of(names[key], part.queries) for key, part in asked.items()}
        yield pool(f"{kind} photos, {source}", [*pictures, *texts], np.concatenate(rows), asked, encoded)


def pool(
    name: str,
    documents: Sequence[Document],
    rows: Float32Array,
    asked: Mapping[str, Asked],
    encoded: Mapping[str, Float32Array],
) -> Pool:
    """With cosines and evidence."""
    words = WordIndex(documents)
    evidence = {
        key: np.stack([words.scores(query.text) for query in part.queries]) for key, part in asked.items()
    }
    kinds = np.array([kind_of(document) for document in documents])
    cosines = {key: queries @ rows.T for key, queries in encoded.items()}
    return Pool(name, [document.id for document in documents], kinds, asked, cosines, evidence)


def best(scores: Float32Array, count: int) -> Ints:
    """Positions of the highest scores, in order."""
    return np.argsort(-scores, kind="stable")[:count]


def row(pool: Pool, positions: Ints, scores: Float32Array) -> Row:
    """The ``SHOWN`` best of some documents."""
    first = best(scores, SHOWN)
    return {pool.ids[positions[n]]: float(scores[n]) for n in first}


def dense(pool: Pool, key: str, number: int) -> Row:
    """By cosine."""
    cosines = pool.cosines[key][number]
    return row(pool, np.arange(len(cosines)), cosines)


def worded(pool: Pool, key: str, number: int) -> Row:
    """By words alone."""
    evidence = pool.evidence[key][number]
    positions = np.flatnonzero(evidence)
    return row(pool, positions, evidence[positions])


def by_rank(pool: Pool, key: str, number: int) -> Row:
    """Both lists by reciprocal rank."""
    lists = []
    for scores in (pool.cosines[key][number], pool.evidence[key][number]):
        lists.append({pool.ids[n]: float(scores[n]) for n in best(scores, DEPTH) if scores[n] != 0})
    return dict(list(rrf(lists).items())[:SHOWN])


def hybrid(pool: Pool, key: str, number: int, *, mode: lexical.Mode, calibration: Calibration | None) -> Row:
    """As a search does it."""
    cosines, evidence = pool.cosines[key][number], pool.evidence[key][number]
    found = np.union1d(best(cosines, DEPTH), best(evidence, DEPTH))
    found = found[(evidence[found] > 0) | (cosines[found] >= cosines[best(cosines, DEPTH)[-1]])]
    added = lexical.fuse(
        cosines[found], evidence[found], pool.kinds[found], mode=mode, calibration=calibration
    )
    return row(pool, found, cosines[found] + added)


def judged(pool: Pool, key: str, system: System) -> Evaluation:
    """Of one modality's queries."""
    asked = pool.asked[key]
    run = {str(number): system(pool, key, number) for number in range(len(asked.queries))}
    qrels = {str(number): dict.fromkeys(right, 1) for number, right in enumerate(asked.right)}
    return evaluate(run, qrels, MEASURES)


def systems(calibration: Calibration | None) -> dict[str, System]:
    """Name to system, the baseline first."""
    known: dict[str, System] = {"dense": dense, "words alone": worded, "RRF of both": by_rank}
    for name, curves in (("hybrid", calibration), ("uncalibrated hybrid", None)):
        if curves is not None or name != "hybrid":
            known[f"{name} auto"] = partial(hybrid, mode="auto", calibration=curves)
            known[f"{name} on"] = partial(hybrid, mode="on", calibration=curves)
    return known


def table(pool: Pool, known: Mapping[str, System]) -> str:
    """Every system on a pool, each kind of query by itself, tested against the first."""
    lines = []
    for key, asked in pool.asked.items():
        found = {name: judged(pool, key, system) for name, system in known.items()}
        first = next(iter(found.values()))
        for name, own in found.items():
            test = compare(first, own, "nDCG@10") if own is not first else None
            change = (f"{100 * test.difference:+.2f}", format_p(test.p_randomization)) if test else ("", "")
            means = own.means()
            lines.append((f"{key}s ({len(asked.queries)})", name,
                          *(f"{100 * means[measure]:.2f}" for measure in means), *change))  # fmt: skip
    return markdown_table(("queries for", "system", *MEASURES, "change of nDCG@10", "p"), lines)


def grid(found: Sequence[Pool], calibration: Calibration | None) -> str:
    """nDCG@10 of every pool and kind of query, for weights to choose from."""
    cells = [(pool, key) for pool in found for key in pool.asked]
    lines = [("dense", "", "", *_percent(judged(pool, key, dense) for pool, key in cells))]
    tried: list[tuple[lexical.Mode, float, float]] = [("on", strength, lexical.START) for strength in GRID_ON]
    tried += [("auto", strength, start) for start in GRID_START for strength in GRID_AUTO]
    for mode, strength, start in tried:
        system = partial(hybrid, mode=mode, calibration=calibration)
        with mock.patch.object(lexical, "START", start), mock.patch.object(lexical, mode.upper(), strength):
            scores = _percent(judged(pool, key, system) for pool, key in cells)
        lines.append((mode, f"{strength:g}", f"{start:g}" if mode == "auto" else "", *scores))
    names = (f"{pool.name}: {key}s" for pool, key in cells)
    return markdown_table(("mode", "strength", "start", *names), lines)


def _percent(found: Iterator[Evaluation]) -> list[str]:
    return [f"{100 * next(iter(own.means().values())):.2f}" for own in found]


def notes(folder: Path, vectors: Vectors, *, seed: int = SEED) -> Pool:
    """Invoices, notes of people and photos, of which only a number, a name or a file name tells one."""
    rng = np.random.default_rng(seed)
    numbers = rng.choice(9000, 300, replace=False) + 1000
    trades = ("plumber", "electrician", "gardener", "dentist", "roofer", "garage", "florist", "baker")
    documents, asked = [], []
    for n in numbers[:100]:
        trade = trades[n % len(trades)]
        text = (
            f"Invoice INV-2024-{n} of the {trade}: {n % 97 + 20} euros, to be paid within {n % 20 + 10} days."
        )
        documents.append(Document(f"invoice-{n}", Modality.TEXT, text))
        asked += [(f"INV-2024-{n}", f"invoice-{n}"), (f"invoice number {n}", f"invoice-{n}")]
    syllables = ("bar", "quen", "tor", "vil", "mak", "lund", "zef", "rin", "gos", "hal", "dre", "wick")
    drawn = [[syllables[n] for n in rng.choice(len(syllables), 3, replace=False)] for _ in range(100)]
    for n, name in enumerate(dict.fromkeys("".join(parts).capitalize() for parts in drawn)):
        text = f"Met Mr {name} in town; he asked about the {trades[n % len(trades)]} and the garden fence."
        documents.append(Document(f"person-{n}", Modality.TEXT, text))
        asked += [(name, f"person-{n}"), (f"when did I meet {name}", f"person-{n}")]
    captioned, _ = photos(folder, "dev")
    pictures = [replace(picture, text="") for picture in captioned]
    named = []
    for n, number in enumerate(numbers[100:]):
        pictures[n] = replace(pictures[n], metadata={"path": f"/photos/IMG_{number}.jpg"})
        named.append((f"IMG_{number}.jpg", pictures[n].id))
    questions = {
        key: Asked([Query(text) for text, _ in part], [[right] for _, right in part])
        for key, part in (("image", named), ("text", asked))
    }
    rows = np.concatenate([vectors.of(f"notes-{seed}", documents), vectors.of("dev-bare", pictures)])
    encoded = {key: vectors.of(f"notes-{seed}-{key}", part.queries) for key, part in questions.items()}
    return pool("made-up notes", [*documents, *pictures], rows, questions, encoded)


def cost(folder: Path, sizes: Sequence[int]) -> str:
    """What words add to an index of passages of 80 words, drawn as often as XQuAD has them."""
    passages, queries, _ = data.passages(folder)
    words = " ".join(passage.text for passage in passages).split()
    asked = [query.text for query in queries[:200]]
    rng = np.random.default_rng(SEED)
    lines = []
    for size in sizes:
        texts = (" ".join(words[n] for n in rng.integers(0, len(words), 80)) for _ in range(size))
        documents = [Document(f"d{n}", Modality.TEXT, text) for n, text in enumerate(texts)]
        rows = rng.standard_normal((size, 384), np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        nothing = edge.SparseVector([NO_WORDS], [1.0])
        with mock.patch.object(edge_words, "sparse", lambda document, nothing=nothing: nothing):
            without, bare_bytes, _ = _ingested(documents, rows, asked)
        seconds, bytes_, spent = _ingested(documents, rows, asked)
        lines.append((f"{size:,}", f"{1e6 * without / size:.0f}", f"{1e6 * seconds / size:.0f}",
                      f"{bare_bytes / size:,.0f}", f"{bytes_ / size:,.0f}",
                      f"{np.median(spent):.1f}", f"{np.quantile(spent, 0.95):.1f}"))  # fmt: skip
    names = ("documents", "CPU µs to store one, without words", "with", "bytes on disk each, without", "with",
             "CPU ms to ask for 100 by words", "95th percentile")  # fmt: skip
    return markdown_table(names, lines)


def _ingested(
    documents: Sequence[Document], rows: Float32Array, asked: Sequence[str]
) -> tuple[float, int, list[float]]:
    """CPU seconds to store, bytes on disk, CPU milliseconds of each query."""
    with tempfile.TemporaryDirectory() as folder:
        index = EdgeIndex(Path(folder) / "shard", rows.shape[1], create=True)
        start = time.process_time()
        for first in range(0, len(documents), 1000):
            index.upsert(documents[first : first + 1000], rows[first : first + 1000])
        index.flush()
        seconds = time.process_time() - start
        index.optimize()
        spent = []
        for text in asked:
            start = time.process_time()
            index.query_words(text, DEPTH)
            spent.append(1000 * (time.process_time() - start))
        used = sum(path.stat().st_blocks * 512 for path in Path(folder).rglob("*") if path.is_file())
        index.close()
    return seconds, used, spent


def main() -> None:
    """``python -m benchmarks.hybrid --data DATA [--model MODEL] [--choose | --cost N...] [--cache DIR]``."""
    parser = data.arguments(__doc__ or "")
    parser.add_argument("--choose", action="store_true", help="print the grid that the weights come from")
    parser.add_argument("--cache", type=Path, help="keep vectors here")
    parser.add_argument("--cost", type=int, nargs="+", metavar="DOCUMENTS", help="only what words cost")
    args = parser.parse_args()
    folder = data.checked(args.data)
    if args.cost:
        print(cost(folder, args.cost))
        return
    encoder = load_encoder(args.model)
    vectors = Vectors(encoder, args.cache)
    calibration = encoder.calibration if isinstance(encoder, Calibrated) else None
    print(f"model {encoder.name}, {encoder.fingerprint}\n")
    if args.choose:
        found = [*pools(folder, vectors, dev=False), notes(folder, vectors, seed=SEED + 1)]
        for name, curves in (("calibrated", calibration), ("uncalibrated", None)):
            print(f"{name}\n\n{grid(found, curves)}\n")
        return
    for own in (*pools(folder, vectors, dev=True), notes(folder, vectors)):
        print(f"{own.name}\n\n{table(own, systems(calibration))}\n", flush=True)


if __name__ == "__main__":
    main()
