"""Kill whoever changes an index at random moments, and look whether anything acknowledged is lost.

python -m benchmarks.crash [--rounds 200] [--seed 0]    needs no data

A child edits a folder and brings its index up to date, makes that anew, upserts and deletes documents with
pictures, and gives space back. It says what it is about to do, and that it is done. The parent kills it
(SIGKILL) at a random moment, opens the index and compares. In a third of the rounds nothing is made up for
before the next child goes on with what it finds; every 20 rounds begin with nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image

from univldr.encoders.hash import HashEncoder
from univldr.images import load_image
from univldr.index import Store, exists, index_of
from univldr.pipeline import update
from univldr.search import Searcher
from univldr.types import Document, Modality

FILES, UPLOADS = 40, 20  # ids that there may be; both kinds come, change and go
LIFE = 20  # rounds with one folder
LONGEST = 1.0  # seconds between a child's start and its end
_STEPS = {"update": 4, "upsert": 4, "delete": 2, "compact": 2, "rebuild": 1}

Changes = Mapping[str, str | None]  # id to text; None where the document goes
Say = Callable[[str, str, Changes], None]


# --- the child ---


def work(folder: Path, seed: int, acknowledge: Connection) -> None:
    """Change the folder and its index until killed; each step is announced before and after."""

    def say(stage: str, step: str, changes: Changes) -> None:
        acknowledge.send_bytes(json.dumps([stage, step, changes]).encode())

    chance = random.Random(seed)
    while True:
        if not exists(index_of(folder)) or chance.random() < 0.3:
            _corpus_step(folder, chance, say)
        else:
            _session(folder, chance, say)


def _corpus_step(folder: Path, chance: random.Random, say: Say, store: Store | None = None) -> None:
    rebuild = store is None and _drawn_step(chance) == "rebuild"
    step = "rebuild" if rebuild else "update"
    changes: dict[str, str | None] = {}
    for number in chance.sample(range(FILES), chance.randrange(0, 12)):
        changes[f"{number}.txt#0"] = None if chance.random() < 0.3 else _text(f"note{number}", chance)
    say("begin", step, changes)
    for id_, text in changes.items():
        note = folder / id_.removesuffix("#0")
        if text is None:
            note.unlink(missing_ok=True)
        else:
            draft = note.with_suffix(".draft")
            draft.write_text(text, encoding="utf-8")
            draft.replace(note)
    update(folder, model="hash", rebuild=rebuild, store=store)
    say("done", step, changes)


def _session(folder: Path, chance: random.Random, say: Say) -> None:
    """Several steps with the index open."""
    with Store.open(index_of(folder)) as store:
        searcher = Searcher(HashEncoder(), store.engine, store=store)
        for _ in range(chance.randrange(1, 6)):
            step = _drawn_step(chance)
            names = [f"upload{number}" for number in chance.sample(range(UPLOADS), chance.randrange(1, 6))]
            if step == "upsert":
                texts = {name: _text(name, chance) for name in names}
                say("begin", step, texts)
                searcher.upsert([_document(name, text) for name, text in texts.items()])
                say("done", step, texts)
            elif step == "delete":
                say("begin", step, dict.fromkeys(names))
                searcher.delete(names)
                say("done", step, dict.fromkeys(names))
            elif step == "compact":
                say("begin", step, {})
                store.compact()
                say("done", step, {})
            else:
                _corpus_step(folder, chance, say, store)


def _drawn_step(chance: random.Random) -> str:
    return chance.choices(list(_STEPS), list(_STEPS.values()))[0]


def _text(name: str, chance: random.Random) -> str:
    return f"{name} in version v{chance.randrange(1 << 40):x}"


def _document(name: str, text: str) -> Document:
    """Every second upload is a picture, in a colour by its text."""
    if int(name.removeprefix("upload")) % 2:
        return Document(name, Modality.TEXT, text)
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), _colour(text)).save(stream, "PNG")
    return Document(name, Modality.IMAGE, text, stream.getvalue())


def _colour(text: str) -> tuple[int, int, int]:
    red, green, blue = hashlib.blake2b(text.encode(), digest_size=3).digest()
    return red, green, blue


# --- the parent ---


@dataclass
class Tally:
    """What became of all rounds."""

    killed_during: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    wrong: list[str] = field(default_factory=list)
    slowest_open: float = 0.0

    def report(self, rounds: int) -> str:
        """A line for each figure."""
        during = ", ".join(f"{count} {name}" for name, count in self.killed_during.most_common())
        done = ", ".join(f"{count} {name}" for name, count in self.acknowledged.most_common())
        return (
            f"{rounds} kills, during: {during}\nacknowledged steps before them: {done}\n"
            f"documents compared: {self.documents:,}; wrong: {len(self.wrong)}\n"
            f"slowest opening after a kill: {self.slowest_open:.2f} s"
        )


class World:
    """A folder, and what each document may be: one text once it is acknowledged, several until then."""

    def __init__(self, folder: Path, tally: Tally) -> None:
        self.folder = folder
        self.may_be: dict[str, set[str | None]] = {}
        self.tally = tally

    def one_round(self, seed: int, seconds: float) -> None:
        """Start a child and kill it, then read what it said."""
        context = multiprocessing.get_context("forkserver")
        heard, says = context.Pipe(duplex=False)
        child = context.Process(target=work, args=(self.folder, seed, says), daemon=True)
        child.start()
        says.close()
        if heard.poll(30):  # from the first step on
            time.sleep(seconds)
        child.kill()
        child.join()
        during = "opening"
        with suppress(EOFError), heard:
            while True:
                stage, step, changes = json.loads(heard.recv_bytes())
                during = step if stage == "begin" else "between steps"
                self.tally.acknowledged[step] += stage == "done"
                for id_, text in changes.items():
                    before = self.may_be.setdefault(id_, {None})
                    self.may_be[id_] = {text} if stage == "done" else before | {text}
        self.tally.killed_during[during] += 1

    def check(self, *, mend: bool) -> None:
        """Open the index as the child left it and compare; with ``mend``, make up for what was cut off."""
        if not exists(index_of(self.folder)):
            self._expect(dict.fromkeys(self.may_be))
        else:
            started = time.perf_counter()
            with Store.open(index_of(self.folder), wait=0) as store:
                opened = time.perf_counter() - started
                self.tally.slowest_open = max(self.tally.slowest_open, opened)
                self._expect(self._found(store))
        if mend:
            self._mend()

    def _mend(self) -> None:
        for draft in self.folder.glob("*.draft"):  # of a note, whose writer was killed before it had its name
            draft.unlink()
        update(self.folder, model="hash")
        for note in self.folder.glob("*.txt"):
            self.may_be[f"{note.name}#0"] = {note.read_text("utf-8")}
        again = update(self.folder)
        if again.added or again.updated or again.removed or again.skipped:
            self.tally.wrong.append(f"a second update still found work: {again}")
        with Store.open(index_of(self.folder), wait=0) as store:
            found = self._found(store)
            self._expect(found)
            kept = {Path(path).name for path in self._pictures(store)}
        there = {path.name for path in (index_of(self.folder) / "uploads").glob("*.png*")}
        if kept != there:
            self.tally.wrong.append(f"pictures without a document: {there - kept}; not there: {kept - there}")
        self.may_be = {id_: {found.get(id_)} for id_ in self.may_be}

    def _found(self, store: Store) -> dict[str, str | None]:
        """Id to text of all documents; what is there twice or does not fit together is noted."""
        found: dict[str, str | None] = {}
        wrong = self.tally.wrong
        for documents, vectors in store.engine.scan():
            expected = HashEncoder().encode_documents(documents)
            for document, row, right in zip(documents, vectors, expected, strict=True):
                if document.id in found:
                    wrong.append(f"{document.id}: twice")
                found[document.id] = document.text
                if not np.allclose(row, right, atol=1e-4):
                    wrong.append(f"{document.id}: half written, its vector is of something else")
                if isinstance(document.image, Path) and not _is_in_colour(document):
                    wrong.append(f"{document.id}: half written, its picture is of something else")
        if store.engine.count() != len(found):
            wrong.append(f"{store.engine.count()} documents are counted, {len(found)} are there")
        for id_, text in list(found.items())[:10]:
            version = str(text).rpartition(" ")[2]
            if [hit.document.id for hit in store.engine.query_words(version, 2)] != [id_]:
                wrong.append(f"{id_}: not found by its word {version}")
        return found

    def _pictures(self, store: Store) -> Iterable[Path]:
        for documents, _ in store.engine.scan(vectors=False):
            yield from (document.image for document in documents if isinstance(document.image, Path))

    def _expect(self, found: Mapping[str, str | None]) -> None:
        self.tally.documents += len(self.may_be)
        for id_, texts in self.may_be.items():
            if found.get(id_) not in texts:
                self.tally.wrong.append(f"{id_}: is {found.get(id_)!r}, may be {sorted(map(str, texts))}")
        for id_ in found.keys() - self.may_be.keys():
            self.tally.wrong.append(f"{id_}: nobody asked for it")


def _is_in_colour(document: Document) -> bool:
    assert isinstance(document.image, Path)
    return load_image(document.image).getpixel((3, 3)) == _colour(document.text)


def run(rounds: int, seed: int) -> Tally:
    """All rounds; with the first wrong one they end."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["univldr.pipeline", "univldr.search"])
    chance = random.Random(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as base:
        for number in range(rounds):
            if number % LIFE == 0:
                folder = Path(base) / f"life {number // LIFE}"
                folder.mkdir()
                world = World(folder, tally)
            world.one_round(chance.randrange(1 << 30), chance.random() * LONGEST)
            world.check(mend=chance.random() < 2 / 3)
            if tally.wrong:
                tally.wrong.insert(0, f"round {number}, seed {seed}")
                break
            if number % LIFE == LIFE - 1:
                shutil.rmtree(folder)
    return tally


def main() -> None:
    """``python -m benchmarks.crash``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tally = run(options.rounds, options.seed)
    print(tally.report(options.rounds))
    if tally.wrong:
        sys.exit("\n".join(tally.wrong[:20]))


if __name__ == "__main__":
    main()
