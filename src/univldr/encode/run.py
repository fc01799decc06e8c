"""A corpus into shards, and into an index: planned, what is missing made, ids made unique, all of it told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from univldr._lock import try_lock
from univldr.corpus.base import Skipped
from univldr.corpus.passages import PassageCutter
from univldr.encode.filling import Filling, filling
from univldr.encode.once import drop_repeats, has_repeats
from univldr.encode.plan import DEFAULT_SIZE, Plan, Shard, digest_of, write_json
from univldr.encode.readers import Reader, kind_of, open_reader
from univldr.encode.shard import SKIPPED, TRIES, Outcome, Writer, read_skipped, skipped_of
from univldr.encoders import load_encoder
from univldr.errors import ConfigError, ModelError, StoreError
from univldr.index import Manifest
from univldr.index.uri import uri_of
from univldr.transfer import Parquet, model_of
from univldr.types import Encoder, Progress

REPORT = "report.json"
"""In the folder of shards, what the last run found."""

SEEN_SECONDS = 60.0
"""After which a file that was written on another machine should be seen on this one."""

Task = tuple[str, Shard]
"""The name of a shard's file, and the shard."""


@dataclass(frozen=True, slots=True)
class EncodeReport:
    """What a folder of shards, or an index, holds after a run.

    Attributes:
        documents: In all files, or in the index.
        shards: Planned.
        made: By this run; the others were there.
        quarantined: Shards that could not be made, and why; the next run tries them again.
        skipped: Documents, records and files that were left out, by this run or an earlier one, and why.
        seconds: Wall time.
    """

    documents: int
    shards: int
    made: int
    quarantined: list[Skipped]
    skipped: list[Skipped]
    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """All that a process needs to make shards.

    Attributes:
        folder: Where they go.
        plan: Without its shards.
    """

    folder: str
    plan: Plan

    def writer(self, encoder: Encoder | None = None) -> Writer:
        """With the encoder of the plan, loaded unless it is given.

        Raises:
            ModelError: here, it is another model than where the plan was made.
        """
        encoder = encoder or load_encoder(self.plan.model["encoder"])
        if encoder.fingerprint != self.plan.model["fingerprint"]:
            raise ModelError(
                f"model {encoder.name!r} is {encoder.fingerprint} here and {self.plan.model['fingerprint']} "
                "where the corpus was planned; install the same one everywhere"
            )
        reader = _reader(self.plan, encoder)
        return Writer(Path(self.folder), reader, encoder, dict(self.plan.model))


Runner = Callable[[Job, Sequence[Task], Encoder], Iterator[Outcome]]
"""Makes shards somewhere, in any order; an error ends the run."""


def here(job: Job, tasks: Sequence[Task], encoder: Encoder) -> Iterator[Outcome]:
    """Make shards in this process, one after the other; the encoder uses the cores itself."""
    writer = job.writer(encoder)
    for file, shard in tasks:
        yield writer.write(file, shard)


def encode(
    corpus: str | Path,
    to: str | Path | None = None,
    *,
    index: str | Path | None = None,
    model: str = "auto",
    size: int | None = None,
    format: str = "auto",
    runner: Runner = here,
    progress: Progress | None = None,
) -> EncodeReport:
    """Encode a corpus into a folder of Parquet files with documents and vectors, an index, or both.

    A second run with the same arguments makes what is missing and what changed. Nothing is lost and nothing
    comes twice if a process is killed, here or on another machine. A new index can be opened when it is
    whole; one that was filled before is changed shard by shard, and at the end loses what the corpus lost.

    Args:
        corpus: A folder, a .jsonl, .parquet or .tar file, a folder of these, or a data set.
        to: The folder; every process of ``runner`` must see it under this path. Left out, it is that of
            ``folder_for``, where a file stays until the index has it, and a record of what it has.
        index: The directory or the URI of an index, which this process fills.
        model: What ``load_encoder`` takes; a folder that was begun goes on with its own.
        size: Documents in a shard, or records and files that they are made of; 4,096 by default.
        format: ``auto``, ``folder``, ``parts`` or that of a data set; see :mod:`univldr.encode.readers`.
        runner: Where shards are made.
        progress: Told how far it is.

    Raises:
        ConfigError: ``to`` holds something else; it or ``index`` lies in the corpus; neither is given; there
            is no such format; or the URI makes no sense.
        CorpusError: the corpus as a whole cannot be listed.
        MissingExtra: pyarrow or the client of a cluster is not installed.
        ModelError: the model cannot be loaded or fails.
        StoreError: ``to`` or the index cannot be written, another process is at it, or the index is not one
            that was filled from there.
    """
    root, folder = Path(corpus).expanduser().absolute(), folder_for(corpus, to, index)
    _check(root, folder, index, size)
    kind = kind_of(root, format)
    with _held(folder), ExitStack() as resources:
        before = Plan.read(folder)
        if before is not None and model == "auto":
            model = str(before.model["encoder"])
        encoder = load_encoder(model)
        size = size or (before.size if before else DEFAULT_SIZE)
        manifest = replace(Manifest.of(encoder), roots=(str(root),))
        plan = Plan(str(root), kind, size, model_of(manifest))
        plan.check(folder, before)
        into = filling(index, folder, manifest, keeps=to is not None) if index else nullcontext()
        return _fill(folder, plan, encoder, runner, resources.enter_context(into), progress)


def folder_for(corpus: str | Path, to: str | Path | None, index: str | Path | None) -> Path:
    """Where shards go: ``to``, or a hidden folder beside the index or, if that is on a cluster, the corpus.

    Raises:
        ConfigError: neither ``to`` nor ``index`` is given.
    """
    if to is not None:
        return Path(to).expanduser().absolute()
    if index is None:
        raise ConfigError("say where the vectors go: --to, a folder of Parquet files, or --index")
    path = Path(corpus if uri_of(index) else index).expanduser().absolute()
    return path.with_name(f".{path.name}.encode")


def _check(root: Path, folder: Path, index: str | Path | None, size: int | None) -> None:
    if size is not None and size < 1:
        raise ConfigError(f"--shard-documents is {size}; give at least 1")
    paths = [folder] if index is None or uri_of(index) else [folder, Path(index).expanduser().absolute()]
    for path in paths:
        if path == root or root in path.parents:
            raise ConfigError(f"{path} lies in the corpus {root}; encode into a folder beside it")


def _fill(
    folder: Path,
    plan: Plan,
    encoder: Encoder,
    runner: Runner,
    target: Filling | None,
    progress: Progress | None,
) -> EncodeReport:
    """Make the folder, or the target, hold what the corpus holds now; ``plan`` has no shards yet."""
    started = time.perf_counter()
    reader = _reader(plan, encoder, progress)
    job = Job(str(folder), plan)
    plan = replace(plan, shards=reader.shards(plan.size))
    names = [plan.file(number) for number in range(len(plan.shards))]
    try:
        _keep(folder, names)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error.strerror or error}") from error
    plan.write(folder)
    if target:
        target.plan(names)
    outcomes = _make(job, plan, names, encoder, runner, target, progress)
    if target is None or target.keeps:
        drop_repeats(folder, names)
    if target:
        target.finish(progress)
    report = _report(folder, names, plan, outcomes, target, reader.skipped, started)
    write_json(folder / REPORT, asdict(report))
    return report


def _make(
    job: Job,
    plan: Plan,
    names: Sequence[str],
    encoder: Encoder,
    runner: Runner,
    target: Filling | None,
    progress: Progress | None,
) -> list[Outcome]:
    """Make what is missing, and hand it on; a shard that fails is no reason to stop."""
    there = [name for name in names if Path(job.folder, name).exists() or (target and target.has(name))]
    missing = set(names).difference(there)
    tasks = [task for task in zip(names, plan.shards, strict=True) if task[0] in missing]
    outcomes: list[Outcome] = []
    for done, name in enumerate([*there, None]):
        if progress:
            progress(done, len(names), "encoding shards")
        if target and name:
            target.take(name)
    for outcome in runner(job, tasks, encoder) if tasks else ():
        outcomes.append(outcome)
        if not outcome.broken and not _appears(Path(job.folder, outcome.file)):
            raise StoreError(
                f"{job.folder}: {outcome.file} was written elsewhere and is not to be seen here; the folder "
                "must lie on a disk that all machines share"
            )
        if target and not outcome.broken:
            target.take(outcome.file)
        if progress:
            progress(len(there) + len(outcomes), len(names), "encoding shards")
    return outcomes


def _appears(path: Path) -> bool:
    """Whether a file is there, or will be soon: a network's file system may remember that there was none."""
    until = time.monotonic() + SEEN_SECONDS
    while not path.exists() and path not in path.parent.iterdir():  # listing makes it look again
        if time.monotonic() >= until:
            return False
        time.sleep(1)
    return True


def _report(
    folder: Path,
    names: Sequence[str],
    plan: Plan,
    outcomes: Sequence[Outcome],
    target: Filling | None,
    left_out: Sequence[Skipped],
    started: float,
) -> EncodeReport:
    places = dict(zip(names, plan.shards, strict=True))
    broken = {outcome.file: outcome.broken for outcome in outcomes if outcome.broken}
    there = [name for name in names if name not in broken]
    skipped = [*left_out, *(one for name in there for one in read_skipped(folder, name))]
    if target:
        skipped += target.left_out()
    return EncodeReport(
        documents=target.count() if target else _rows(folder, there),
        shards=len(names),
        made=len(outcomes) - len(broken),
        quarantined=[Skipped(f"{name} ({places[name]})", broken[name]) for name in names if name in broken],
        skipped=skipped,
        seconds=round(time.perf_counter() - started, 3),
    )


def _rows(folder: Path, names: Sequence[str]) -> int:
    parquet = Parquet.needed_for("univldr encode")
    return sum(parquet.model(folder / name)[2] for name in names)


def _reader(plan: Plan, encoder: Encoder, progress: Progress | None = None) -> Reader:
    cutter = PassageCutter(encoder.count_tokens, encoder.max_tokens)
    return open_reader(Path(plan.corpus), plan.kind, cutter, progress)


def _keep(folder: Path, names: Sequence[str]) -> None:
    """Give shards that are done their new places in the order, and remove what no plan wants any more."""
    wanted = {digest_of(name): name for name in names}
    there = sorted(folder.glob("*-*.parquet"))
    gone = [path for path in there if digest_of(path.name) not in wanted]
    if gone:  # first those from which something was taken out for the sake of others: it is to come back
        gone = [*(path for path in there if has_repeats(folder, path.name)), *gone]
    for path in gone:
        path.unlink(missing_ok=True)
        skipped_of(folder, path.name).unlink(missing_ok=True)
    for path in [*folder.glob(f"{SKIPPED}/*-*.jsonl"), *there]:
        name = wanted.get(digest_of(path.name))
        if name is None:  # a list of what is in an index only
            path.unlink(missing_ok=True)
        elif path.stem != Path(name).stem and path.exists():
            path.replace(path.with_name(Path(name).stem + path.suffix))
    for part in [*folder.glob(".*.part"), *folder.glob("*/.*.part")]:
        part.unlink(missing_ok=True)  # of a process that was killed
    for tried in folder.glob(f"{TRIES}/*"):
        if tried.name not in names or (folder / tried.name).exists():
            tried.unlink()


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """One process plans and reports at a time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error.strerror or error}") from error
    try:
        if not try_lock(lock):
            raise StoreError(f"{folder}: another univldr encode is at it; wait for it or stop it")
        yield
    finally:
        os.close(lock)
