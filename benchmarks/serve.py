"""A server under load, beside what its model and its index do without one.

Every query is another one, so that no vector is known already, but for the rows that say so. Clients are a
process of their own and wait for each answer before they ask again. ``embeddings`` asks for one vector: what
the encoder does, without the index. ``batching`` of a model:

- ``auto``: as the server does it: what waits as one batch where that changes no vector, else each query
  alone, as many at a time as there are cores;
- ``none``: one query at a time;
- ``32``: always up to 32 together, whatever that does to the vectors.

Then ten times as many clients as the queue holds: what they are told, what it does to the server's memory,
and how soon it answers as before once they are gone.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data
from univldr.encoders import load_encoder
from univldr.evaluation.tables import markdown_table
from univldr.index import Manifest, Store
from univldr.types import Document, Modality

ROUTES = ("search", "embeddings")
CLIENTS = (1, 8, 64)
QUEUE = 64
OVERLOAD = 10  # times as many clients as the queue holds
VARIANTS: dict[str, dict[str, int | None]] = {
    "auto": {"max_batch": None, "encoders": None},
    "none": {"max_batch": 1, "encoders": 1},
    "32": {"max_batch": 32, "encoders": None},
}


def build(source: Path, model: str, into: Path) -> int:
    """An index of Flickr8k's dev pictures without captions, its train captions and XQuAD's passages."""
    encoder = load_encoder(model)
    pictures, _, _ = data.pictures(source)
    passages, _, _ = data.passages(source)
    lines = data.rows(source / "flickr8k/train.jsonl")
    captions = [
        Document(f"caption {n}", Modality.TEXT, row["captions"][0], metadata={"year": 2000 + n % 25})
        for n, row in enumerate(lines)
    ]
    with Store.create(into, Manifest.of(encoder)) as store:
        documents = [*pictures, *passages, *captions]
        for begin in range(0, len(documents), 256):
            some = documents[begin : begin + 256]
            store.engine.upsert(some, encoder.encode_documents(some))
        store.engine.flush()
        return store.engine.count()


def role(name: str, given: dict[str, Any], **arguments: Any) -> Any:
    """What a process of ``serve_roles`` answers."""
    command = [sys.executable, "-m", "benchmarks.serve_roles", json.dumps([name, arguments])]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed: {done.stderr}")
    return json.loads(done.stdout)


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.url = url
        self._process = process

    def megabytes(self) -> float:
        """Resident memory of the process and its children."""
        pids, found = [self._process.pid], []
        while pids:
            pid = pids.pop()
            found.append(pid)
            pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        status = [Path(f"/proc/{pid}/status").read_text() for pid in found]
        return sum(int(text.split("VmRSS:")[1].split()[0]) for text in status if "VmRSS:" in text) / 1024


@contextmanager
def serving(index: Path, workers: int = 1, *, variant: dict[str, int | None]) -> Iterator[Server]:
    """A server in a process of its own, warmed up."""
    arguments = {"index": str(index), "workers": workers, "queue": QUEUE, **variant}
    command = [sys.executable, "-m", "benchmarks.serve_roles", json.dumps(["serve", arguments])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("{}")
        process.stdin.close()
        url = process.stdout.readline().strip()
        if not url:
            sys.exit("the server did not start; see above")
        role("ask", {"texts": [f"warm {n}" for n in range(100)]}, url=url, clients=8)
        try:
            yield Server(process, url)
        finally:
            process.terminate()


def load(index: Path, texts: Iterator[str], requests: int, workers: list[int]) -> list[tuple[str, ...]]:
    """A row for each way to batch and number of workers and clients."""
    rows = []
    variants = [(name, 1, fields) for name, fields in VARIANTS.items()]
    variants += [("auto", count, VARIANTS["auto"]) for count in workers if count > 1]
    for name, count, fields in variants:
        with serving(index, count, variant=fields) as server:
            for route, clients in itertools.product(ROUTES, CLIENTS):
                some = list(itertools.islice(texts, requests if clients > 1 else requests // 2))
                figures = _figures(server, clients, some, route)
                rows.append((route, name, str(count), str(clients), *figures))
                print(*rows[-1], file=sys.stderr, flush=True)
            if fields is VARIANTS["auto"] and count == 1:
                role("ask", {"texts": ["two dogs"]}, url=server.url, clients=1)
                figures = _figures(server, 8, ["two dogs"] * requests)
                rows.append(("search", "auto, known queries", "1", "8", *figures))
    return rows


def _figures(server: Server, clients: int, texts: list[str], route: str = "search") -> tuple[str, ...]:
    answer = role("ask", {"texts": texts}, url=server.url, clients=clients, route=route)
    if set(answer["statuses"]) != {"200"}:
        sys.exit(f"statuses {answer['statuses']}; only 200 was expected")
    p50, p95, p99 = (1000 * np.percentile(answer["latencies"], q) for q in (50, 95, 99))
    return f"{len(texts) / answer['seconds']:.0f}", f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}"


def overload(index: Path, texts: Iterator[str], requests: int) -> None:
    """Ten times what the queue holds, and what comes after."""
    with serving(index, variant=VARIANTS["auto"]) as server:
        usual = role("ask", {"texts": list(itertools.islice(texts, 100))}, url=server.url, clients=1)
        before = server.megabytes()
        highest = [before]
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.1):
                highest.append(server.megabytes())

        watcher = threading.Thread(target=watch)
        watcher.start()
        some = [f"{text} again" for text in itertools.islice(texts, requests)]
        answer = role("ask", {"texts": some}, url=server.url, clients=OVERLOAD * QUEUE)
        ended = time.perf_counter()
        over.set()
        watcher.join()
        if not set(answer["statuses"]) <= {"200", "429"}:
            sys.exit(f"statuses {answer['statuses']}; only 200 and 429 were expected")
        slowest = max(usual["latencies"])
        while True:
            one = role("ask", {"texts": [next(texts)]}, url=server.url, clients=1)
            if one["latencies"] and one["latencies"][0] <= slowest:
                break
        recovered = time.perf_counter() - ended
        told = ", ".join(f"{count:,} × {status}" for status, count in answer["statuses"].items())
        p50 = 1000 * statistics.median(answer["latencies"])
        print(
            f"\n{OVERLOAD * QUEUE} clients, a queue of {QUEUE}: {told} in {answer['seconds']:.0f} s; the "
            f"median of those answered {p50:.0f} ms. Memory {before:.0f} MB before, {max(highest):.0f} at "
            f"most, {server.megabytes():.0f} after. Answers as before {recovered:.1f} s after the last one, "
            "the start of the process that asks included."
        )


def main() -> None:
    """``python -m benchmarks.serve --data DATA``."""
    parser = data.arguments(__doc__ or "")
    parser.add_argument("--requests", type=int, default=1000, help="of each row")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--index", help="keep the index there, and take it where it is there already")
    args = parser.parse_args()
    source = data.checked(args.data)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(args.index or Path(folder) / "index")
        documents = build(source, args.model, index) if not index.exists() else 0
        print(f"{documents:,} documents" if documents else f"the index at {index}")
        _, queries, _ = data.pictures(source)
        # every row gets texts of the same lengths
        texts = (f"{query.text} {n}" for n, query in enumerate(itertools.cycle(queries)))
        alone = list(itertools.islice(texts, 500))
        found = role("limits", {"texts": alone}, index=str(index))
        least = found.pop("least cosine")
        rates = [(name, f"{rate:.0f}") for name, rate in found.items()]
        print("\n" + markdown_table(("without a server", "a second"), rates))
        print(f"\nA query encoded among 32 and alone: cosine {least:.4f} or more.")
        head = ("route", "batching", "workers", "clients", "a second", "p50, ms", "p95, ms", "p99, ms")
        print("\n" + markdown_table(head, load(index, texts, args.requests, args.workers)))
        overload(index, texts, 20 * args.requests)


if __name__ == "__main__":
    main()
