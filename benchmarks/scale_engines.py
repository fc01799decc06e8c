"""One engine over a folder of vectors: ``build`` or ``search``; prints its figures as a line of JSON."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge

from benchmarks import scale_data
from univldr.index import edge_config
from univldr.index.edge import EXACT_DOCUMENTS, EdgeIndex
from univldr.index.edge_filter import point_id
from univldr.types import Float32Array
from univldr.where import parse

K = 100
LINKS, CANDIDATES = 16, 100
WHERE = {"a third": "third = 1", "1 in 100": "year = 2000", "1 in 10,000": "number < {few}"}

Found = dict[str, Any]
Search = Callable[[Float32Array], Sequence[int]]


def main() -> None:
    """``python -m benchmarks.scale_engines build|search ENGINE DIR``."""
    step, engine, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    steps: dict[tuple[str, str], Callable[[Path], Found]] = {
        ("build", "univldr"): build_univldr,
        ("search", "univldr"): search_univldr,
    }
    if (step, engine) in steps:
        found = steps[step, engine](folder)
    else:
        found = build_faiss(folder, engine) if step == "build" else search_faiss(folder, engine)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cost = {f"{step}_mb": peak(), f"{step}_cpu_s": used.ru_utime + used.ru_stime}
    print(json.dumps(cost | found))


def build_univldr(folder: Path) -> Found:
    """Documents with fields and words, as an index run stores them, then the graph."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    started = time.perf_counter()
    index = EdgeIndex(folder / "univldr", vectors.shape[1], create=True)
    storing = 0.0
    for start, documents in scale_data.documents(len(vectors)):
        rows = np.asarray(vectors[start : start + len(documents)])
        before = time.perf_counter()
        index.upsert(documents, rows)
        if start % scale_data.BATCH == 0:
            index.flush()
        storing += time.perf_counter() - before
    index.flush()
    before = time.perf_counter()
    index.optimize()
    graph = time.perf_counter() - before
    index.close()
    return {
        "build_s": storing + graph,
        "store_s": storing,
        "graph_s": graph,
        "wall_s": time.perf_counter() - started,
        "disk_mb": disk(folder / "univldr"),
        "parts_mb": parts(folder / "univldr"),
        "anonymous_mb": anonymous(),
    }


def search_univldr(folder: Path) -> Found:
    """Exact and by the graph, filtered and not; the memory limit is measured last."""
    queries, best = np.load(folder / "queries.npy"), np.load(folder / "best.npz")
    evict(folder / "univldr")
    opened = time.perf_counter()
    index = EdgeIndex(folder / "univldr", queries.shape[1])
    ready = time.perf_counter()
    index.query(queries[0], K)
    first = time.perf_counter() - ready
    few = max(1, index.count() // 10_000)
    searches: Found = {}

    def ask(name: str, truth: str, count: int, where: str = "", exact: bool = False, k: int = K) -> None:
        parsed = parse(where) if where else None

        def search(query: Float32Array) -> list[int]:
            hits = index.query(query, k, where=parsed, exact=exact)
            return [scale_data.number_of(hit.document) for hit in hits]

        searches[name] = timed(search, queries[:count], best[truth])

    def scored(query: Float32Array, exact: bool) -> list[int]:
        """As faiss answers: which, not what."""
        asked = edge_config.request(query, K, None, exact=exact)
        bare = edge.QueryRequest(K, query=asked.query, params=asked.params, with_payload=False)
        return [numbers[point.id] for point in index._shard.query(bare)]

    numbers: dict[Any, int] = defaultdict(lambda: -1)  # of the right ones alone
    numbers.update((point_id(scale_data.key(n)), n) for n in set(best["all"].flat))
    searches["exact, ids alone"] = timed(lambda query: scored(query, True), queries[:20], best["all"])
    if index.count() > EXACT_DOCUMENTS:
        searches["approximate, ids alone"] = timed(lambda query: scored(query, False), queries, best["all"])
    ask("exact", "all", 20, exact=True)
    ask("approximate", "all", len(queries))
    ask("approximate, k = 10", "all", len(queries), k=10)
    for name, where in WHERE.items():
        ask(f"{name} match", name, len(queries), where.format(few=few))
    found = {"open_s": ready - opened, "first_s": first, "anonymous_mb": anonymous(), "searches": searches}
    found["search_mb"] = peak()  # before the vectors are read for the limit
    index.close()
    vectors = np.load(folder / "vectors.npy")
    return {**found, "limit_ms": 1e3 * scale_data.memory_limit(vectors)}


def build_faiss(folder: Path, engine: str) -> Found:
    """The same links and candidates for HNSW; for IVF 4 lists a square root of the vectors."""
    faiss = _faiss()
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    count, dim = vectors.shape
    started = time.perf_counter()
    if engine == "faiss-flat":
        index = faiss.IndexFlatIP(dim)
    elif engine == "faiss-hnsw":
        index = faiss.IndexHNSWFlat(dim, LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = CANDIDATES
    else:
        lists = max(1, int(4 * count**0.5))
        index = faiss.index_factory(dim, f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
        sample = np.random.default_rng(0).choice(count, min(count, 40 * lists), replace=False)
        index.train(np.asarray(vectors[np.sort(sample)]))
    for start in range(0, count, 100_000):
        index.add(np.asarray(vectors[start : start + 100_000]))
    seconds = time.perf_counter() - started
    faiss.write_index(index, str(folder / engine))
    return {"build_s": seconds, "disk_mb": disk(folder / engine)}


def search_faiss(folder: Path, engine: str) -> Found:
    """With the settings that reach a recall of 0.98, found by trying them upwards."""
    faiss = _faiss()
    queries, best = np.load(folder / "queries.npy"), np.load(folder / "best.npz")["all"]
    evict(folder / engine)
    opened = time.perf_counter()
    index = faiss.read_index(str(folder / engine))
    opened = time.perf_counter() - opened
    searches: Found = {}

    def search(query: Float32Array) -> list[int]:
        found: list[int] = index.search(query[None], K)[1][0].tolist()
        return found

    if engine == "faiss-flat":
        searches["exact"] = timed(search, queries[:20], best)
    else:
        for effort in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024):
            if engine == "faiss-hnsw":
                index.hnsw.efSearch = max(K, effort * 2)
            else:
                index.nprobe = effort
            name = f"efSearch {index.hnsw.efSearch}" if engine == "faiss-hnsw" else f"nprobe {effort}"
            found = timed(search, queries, best)
            searches = {name: found}
            if found[2] >= 0.98:
                break
    return {"open_s": opened, "searches": searches}


def _faiss() -> Any:
    try:
        return importlib.import_module("faiss")
    except ModuleNotFoundError:
        sys.exit("faiss is not installed; see benchmarks/README.md, or leave it out with --only univldr")


def timed(search: Search, queries: Float32Array, best: Any) -> tuple[float, float, float]:
    """Milliseconds (median, 95th percentile) and the share found of the best; each was asked once before."""
    times, recalls = [], []
    for query in queries:
        search(query)
    for query, right in zip(queries, best, strict=False):
        started = time.perf_counter()
        found = search(query)
        times.append(1e3 * (time.perf_counter() - started))
        wanted = set(right.tolist())
        recalls.append(sum(one in wanted for one in found) / min(len(wanted), max(len(found), 1)))
    return float(np.median(times)), float(np.quantile(times, 0.95)), float(np.mean(recalls))


def files(path: Path) -> Iterator[Path]:
    """The files below ``path``, or itself."""
    yield from (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def disk(path: Path) -> float:
    """Megabytes in use; files may have holes."""
    return sum(file.stat().st_blocks * 512 for file in files(path)) / 2**20


def parts(path: Path) -> dict[str, float]:
    """Megabytes of what a shard's segments are made of."""
    found: dict[str, float] = {}
    for file in files(path):
        names = file.relative_to(path).parts
        part = names[2] if names[0] == "segments" and len(names) > 2 else names[0]
        found[part] = round(found.get(part, 0.0) + file.stat().st_blocks * 512 / 2**20, 1)
    return found


def peak() -> float:
    """Most megabytes of memory so far, those of mapped files included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def anonymous() -> float:
    """Megabytes of memory that no file stands behind, now."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def evict(path: Path) -> None:
    """Have the system forget what it holds of these files, as after a start of the machine."""
    os.sync()
    for file in files(path):
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


if __name__ == "__main__":
    main()
