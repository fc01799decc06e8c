"""Search, store and delete from several clients for a while: does memory grow, does anything fail?

python -m benchmarks.soak [--minutes 10] [--clients 8] [--model hash] [--documents 500]    needs no data

The server is ``univldr serve`` in a process of its own; each client keeps one connection and has documents of
its own, some with pictures. Any answer but a success and 429 counts as an error. At the end every document
that was acknowledged is asked for. Memory is that of the server and its children, without the files that are
mapped into it, which the system takes back as it needs; its slope is a line fitted to the last two thirds.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from univldr.pipeline import update

OWN = 60  # ids of a client; its documents come, change and go
MOST_SLOPE = 1.0
"""Megabytes a minute; what is below is noise of the allocator's."""
_TOPICS = "sea barn soup sky dog hill boat rain lamp road tree fish".split()  # noqa: SIM905


@dataclass
class Outcome:
    """What came of a soak.

    Attributes:
        statuses: How often each was answered, by method; 0 is a broken connection.
        memory: Seconds since the start, megabytes of its own, and with mapped files.
        lost: Acknowledged documents that were not there at the end, and deleted ones that were.
        minutes: How long it took.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    memory: list[tuple[float, float, float]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    minutes: float = 0.0

    @property
    def errors(self) -> int:
        """Answers that are neither a success nor 429."""
        return sum(
            count for (_, status), count in self.statuses.items() if status != 429 and not 200 <= status < 300
        )

    @property
    def slope(self) -> float:
        """Megabytes a minute over the last two thirds."""
        seconds, own, _ = np.array(self.memory[len(self.memory) // 3 :]).T
        return 60 * float(np.polyfit(seconds, own, 1)[0])

    def report(self) -> str:
        """A line for each figure."""
        told = ", ".join(f"{n:,} × {what} {status}" for (what, status), n in sorted(self.statuses.items()))
        own = [one[1] for one in self.memory]
        return (
            f"{self.minutes:.1f} minutes: {told}\n"
            f"neither a success nor 429: {self.errors}; lost: {len(self.lost)}\n"
            f"memory of its own: {own[0]:.0f} MB at first, {own[len(own) // 3]:.0f} after a third, "
            f"{own[len(own) * 2 // 3]:.0f} after two, {own[-1]:.0f} at last, {max(own):.0f} at most; over "
            f"the last two thirds {self.slope:+.2f} MB a minute\n"
            f"with mapped files: {self.memory[0][2]:.0f} MB at first, {self.memory[-1][2]:.0f} at last"
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
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """``univldr serve`` of a folder: its URL and its process."""
    command = [sys.executable, "-m", "univldr", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = next((line for line in process.stdout if line.startswith("http")), "")
        if not url:
            sys.exit("the server did not start; see above")
        try:
            yield url.split()[0], process.pid
        finally:
            process.terminate()


def megabytes(process: int) -> tuple[float, float]:
    """Resident memory of a process and its children: its own, and with the files that are mapped."""
    pids, own, whole = [process], 0, 0
    while pids:
        pid = pids.pop()
        pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        status = Path(f"/proc/{pid}/status").read_text()
        own += int(status.split("RssAnon:")[1].split()[0])
        whole += int(status.split("VmRSS:")[1].split()[0])
    return own / 1024, whole / 1024


def run(minutes: float, clients: int, model: str, documents: int) -> Outcome:
    """Serve a folder of notes and let the clients work."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base)
        for number in range(documents):
            (folder / f"{number}.txt").write_text(f"{_TOPICS[number % 12]} {number}", encoding="utf-8")
        update(folder, model=model)
        with serving(folder) as (url, process):
            started = time.monotonic()
            some = [Client(url, number, outcome) for number in range(clients)]
            threads = [
                threading.Thread(target=client.work, args=(started + 60 * minutes,), daemon=True)
                for client in some
            ]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                outcome.memory.append((time.monotonic() - started, *megabytes(process)))
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
    parser.add_argument("--model", default="hash")
    parser.add_argument("--documents", type=int, default=500)
    options = parser.parse_args()
    outcome = run(options.minutes, options.clients, options.model, options.documents)
    print(outcome.report())
    if outcome.lost or outcome.errors or outcome.slope > MOST_SLOPE:
        sys.exit("\n".join(outcome.lost[:20]) or "an error, or memory that grows; see above")


if __name__ == "__main__":
    main()
