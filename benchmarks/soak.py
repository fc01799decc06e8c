"""Search, store and delete from several clients for a while: does anything grow, does anything fail?

python -m benchmarks.soak [--minutes 10] [--clients 8] [--workers 1] [--model hash] [--documents 500]
                                                                                    needs no data

The server is ``univldr serve`` in processes of its own; each client keeps one connection and has documents of
its own, some with pictures. Any answer but a success and 429 counts as an error. At the end every document
that was acknowledged is asked for.

Before the clock starts, the memory of queries is filled, which stays full then, whatever is asked.
Memory is that of the server and its children, without the files that are mapped into it, which the system
takes back as it needs: most of those are the engine's log, two or three files of 32 MB that come and go. Its
slope is a line fitted to the last two thirds, over requests. Descriptors, threads and the disk are told, too.
``TMPDIR=/dev/shm`` makes for more requests, but there the engine's sparse files take all of their length.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import io
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from univldr.index.files import sizes
from univldr.index.store import index_of
from univldr.pipeline import update
from univldr.server.batching import CACHED
from univldr.server.schemas import MAX_INPUTS

OWN = 60  # ids of a client; its documents come, change and go
MOST_SLOPE = 1.0
"""Megabytes for 10,000 requests: 100 bytes a request."""
NOISE = 2.0
"""Megabytes that each process may grow by within the last two thirds; CPython takes one at a time."""
MOST_MORE = 4
"""Descriptors and threads of the last third beyond those of the second."""
_TOPICS = "sea barn soup sky dog hill boat rain lamp road tree fish".split()  # noqa: SIM905


class Sample(NamedTuple):
    """What a server has, with its children: counts, and megabytes.

    Attributes:
        requests: Answered before.
        own: Memory, without mapped files.
        whole: Memory, with them.
        files: Open descriptors.
        threads: Of all processes.
        disk: What the index takes, without the engine's log.
        log: The engine's log.
    """

    requests: int
    own: float
    whole: float
    files: int
    threads: int
    disk: float
    log: float


@dataclass
class Outcome:
    """What came of a soak.

    Attributes:
        statuses: How often each was answered, by method; 0 is a broken connection.
        samples: One a second.
        lost: Acknowledged documents that were not there at the end, and deleted ones that were.
        minutes: How long it took.
        processes: Of the server.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    minutes: float = 0.0
    processes: int = 1

    @property
    def requests(self) -> int:
        """Answered so far."""
        return sum(self.statuses.values())

    @property
    def errors(self) -> int:
        """Answers that are neither a success nor 429."""
        return sum(
            count for (_, status), count in self.statuses.items() if status != 429 and not 200 <= status < 300
        )

    @property
    def slope(self) -> float:
        """Megabytes for 10,000 requests, over the last two thirds."""
        late = self.samples[len(self.samples) // 3 :]
        requests, own = np.array([one.requests for one in late]), [one.own for one in late]
        return 10_000 * float(np.polyfit(requests - requests[0], own, 1)[0]) if np.ptp(requests) else 0.0

    @property
    def growth(self) -> float:
        """Megabytes over the last two thirds, by the same line."""
        late = self.samples[len(self.samples) // 3 :]
        return self.slope * (late[-1].requests - late[0].requests) / 10_000

    def complaints(self) -> list[str]:
        """What is not as it must be."""
        found = self.lost[:20]
        if self.errors:
            found.append(f"{self.errors} answers are neither a success nor 429")
        noise = NOISE * self.processes
        if self.slope > MOST_SLOPE and self.growth > noise:
            found.append(f"memory grows by {self.growth:.1f} MB; at most {noise:g} may be noise")
        third = len(self.samples) // 3
        for name in ("files", "threads"):
            counts = [getattr(one, name) for one in self.samples]
            before, after = max(counts[third : 2 * third], default=0), max(counts[2 * third :], default=0)
            if after > before + MOST_MORE:
                found.append(f"{name}: {before}, then {after}")
        return found

    def report(self) -> str:
        """A line for each figure."""
        told = ", ".join(f"{n:,} × {what} {status}" for (what, status), n in sorted(self.statuses.items()))
        late = self.samples[len(self.samples) // 3 :]
        lines = [
            f"{self.minutes:.1f} minutes, {self.requests:,} requests: {told}",
            f"neither a success nor 429: {self.errors}; lost: {len(self.lost)}",
            f"memory of its own, MB: {_course([one.own for one in self.samples])}; over the last two thirds "
            f"{self.slope:+.2f} for 10,000 requests, {self.growth:+.1f} in all",
            f"with mapped files: {_course([one.whole for one in self.samples])}",
            f"disk without the log, MB: {_course([one.disk for one in self.samples])}",
            f"the engine's log: {_course([one.log for one in self.samples])}",
        ]
        for name in ("files", "threads"):
            counts = [getattr(one, name) for one in late]
            lines.append(f"{name} over the last two thirds: {min(counts)} to {max(counts)}")
        return "\n".join(lines)


def _course(values: Sequence[float]) -> str:
    parts = [values[len(values) * number // 3] for number in range(3)]
    first, second, third = (f"{value:.1f}" for value in parts)
    return (
        f"{first} at first, {second} after a third, {third} after two, {values[-1]:.1f} at last, "
        f"{max(values):.1f} at most"
    )


class Client:
    """One connection and some documents."""

    def __init__(self, url: str, number: int, outcome: Outcome) -> None:
        self._address = urlsplit(url).netloc
        self._chance = random.Random(number)
        self._number = number
        self._outcome = outcome
        self._connection = http.client.HTTPConnection(self._address, timeout=60)
        self._texts: dict[str, str | None] = {}  # what was acknowledged; None is deleted

    def warm(self, queries: int) -> None:
        """Have so many different queries encoded."""
        for begin in range(0, queries, MAX_INPUTS):
            texts = [f"{self._number} warm {number}" for number in range(begin, begin + MAX_INPUTS)]
            self._ask("POST", "/v1/embeddings", {"input": texts}, counted=False)

    def work(self, until: float) -> None:
        """Ask until the time is over."""
        while time.monotonic() < until:
            kind = self._chance.random()
            if kind < 0.7:
                self._search()
            elif kind < 0.92:
                self._store()
            else:
                self._delete()

    def compare(self) -> None:
        """Ask for every document."""
        for id_, text in self._texts.items():
            status, answer = self._ask("GET", f"/v1/documents/{id_}", counted=False)
            found = answer.get("text") if status == 200 else None
            if found != text:
                self._outcome.lost.append(f"{id_}: {status} {found!r}, not {text!r}")
        self._connection.close()

    def _search(self) -> None:
        words = " ".join(self._chance.sample(_TOPICS, 2))
        body: dict[str, Any] = {"query": f"{words} {self._chance.randrange(10_000)}", "k": 10}
        if self._chance.random() < 0.2:
            body["where"] = f"year >= {self._chance.randrange(2000, 2025)}"
        self._ask("POST", "/v1/search", body)

    def _store(self) -> None:
        given = [self._document() for _ in range(self._chance.randrange(1, 4))]
        documents = list({one["id"]: one for one in given}.values())
        status, answer = self._ask("POST", "/v1/documents", {"documents": documents})
        if status == 200:
            for one, outcome in zip(documents, answer["documents"], strict=True):
                if outcome["status"] == "stored":
                    self._texts[one["id"]] = one["text"]
                else:
                    self._outcome.lost.append(f"{one['id']}: {outcome['error']}")

    def _document(self) -> dict[str, Any]:
        id_ = f"of-{self._number}-{self._chance.randrange(OWN)}"
        text = f"{' '.join(self._chance.sample(_TOPICS, 3))} v{self._chance.randrange(1 << 40):x}"
        document: dict[str, Any] = {"id": id_, "text": text, "metadata": {"year": 2000 + self._number}}
        if self._chance.random() < 0.3:
            stream = io.BytesIO()
            colour = tuple(self._chance.randrange(256) for _ in range(3))
            Image.new("RGB", (64, 48), colour).save(stream, "PNG")
            document["image"] = f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
        return document

    def _delete(self) -> None:
        there = [id_ for id_, text in self._texts.items() if text is not None]
        if there:
            id_ = self._chance.choice(there)
            if self._ask("DELETE", f"/v1/documents/{id_}")[0] == 200:
                self._texts[id_] = None

    def _ask(self, method: str, path: str, body: object = None, *, counted: bool = True) -> tuple[int, Any]:
        headers = {"content-type": "application/json"}
        try:
            self._connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = self._connection.getresponse()
            status, content = answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            status, content = 0, {}
        if counted:
            self._outcome.statuses[f"{method} {path.split('/')[2]}", status] += 1
        return status, content


@contextmanager
def serving(folder: Path, workers: int) -> Iterator[tuple[str, int]]:
    """``univldr serve`` of a folder: its URL and its process."""
    command = [sys.executable, "-m", "univldr", "serve", str(folder), "--port", "0"]
    command += ["--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = next((line for line in process.stdout if line.startswith("http")), "")
        if not url:
            sys.exit("the server did not start; see above")
        try:
            yield url.split()[0], process.pid
        finally:
            process.terminate()


def sample(process: int, index: Path, requests: int) -> Sample:
    """What a process and its children have now, and the index on disk."""
    pids, own, whole, files, threads = [process], 0, 0, 0, 0
    while pids:
        one = Path(f"/proc/{pids.pop()}")
        tasks = list((one / "task").iterdir())
        for task in tasks:  # a child belongs to the thread that started it
            with suppress(OSError):  # which may have ended
                pids += map(int, (task / "children").read_text().split())
        status = (one / "status").read_text()
        own += int(status.split("RssAnon:")[1].split()[0])
        whole += int(status.split("VmRSS:")[1].split()[0])
        files += len(list((one / "fd").iterdir()))
        threads += len(tasks)
    disk = dict.fromkeys((False, True), 0.0)
    for file, size in sizes(index):
        disk["wal" in file.parts] += size / 1e6
    return Sample(requests, own / 1024, whole / 1024, files, threads, disk[False], disk[True])


def run(minutes: float, clients: int, model: str, documents: int, workers: int = 1) -> Outcome:
    """Serve a folder of notes and let the clients work."""
    outcome = Outcome(processes=1 if workers == 1 else workers + 1)  # one has the index, others answer
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base)
        for number in range(documents):
            (folder / f"{number}.txt").write_text(f"{_TOPICS[number % 12]} {number}", encoding="utf-8")
        update(folder, model=model)
        with serving(folder, workers) as (url, process):
            some = [Client(url, number, outcome) for number in range(clients)]
            # which worker has which connection is not known
            each = CACHED if workers > 1 else CACHED // clients + 1
            with ThreadPoolExecutor(clients) as pool:
                list(pool.map(lambda client: client.warm(each), some))
            started = time.monotonic()
            until = started + 60 * minutes
            threads = [threading.Thread(target=one.work, args=(until,), daemon=True) for one in some]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                outcome.samples.append(sample(process, index_of(folder), outcome.requests))
                time.sleep(min(1.0, minutes))
            outcome.minutes = (time.monotonic() - started) / 60
            for client in some:
                client.compare()
    return outcome


def main() -> None:
    """``python -m benchmarks.soak``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--model", default="hash")
    parser.add_argument("--documents", type=int, default=500)
    options = parser.parse_args()
    outcome = run(options.minutes, options.clients, options.model, options.documents, options.workers)
    print(outcome.report())
    if complaints := outcome.complaints():
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
