"""What is measured: TREC runs and systems by their names, against a data set or a qrels file."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from univldr._processes import one_process_first
from univldr.encoders import load_encoder
from univldr.errors import ConfigError
from univldr.evaluation.measures import Evaluation
from univldr.evaluation.systems import INDEX, Dense, Divided, Indexed, System, parse_system
from univldr.trec import Qrels, Run, read_modalities, read_qrels, read_run, write_run
from univldr.types import Modality, Progress

if TYPE_CHECKING:
    from univldr.corpus.collection import Collection
    from univldr.evaluation.running import Load
    from univldr.evaluation.words import Wording

Scores = Literal["own", "joint", "none"]
logger = logging.getLogger("univldr")

_RUN_SUFFIXES = {".run", ".trec", ".txt", ".tsv", ".gz", ".res"}
_NAMED = 3  # how many ids a warning names


@dataclass(frozen=True, slots=True)
class Data:
    """What runs are measured against.

    Attributes:
        qrels: The queries that count and their judgments.
        modalities: Of the documents; ``None`` where nobody says.
        collection: The data set, where there is one, which systems need.
        split: Of its queries.
        cache: Where systems keep vectors.
    """

    qrels: Qrels
    modalities: dict[str, Modality] | None
    collection: Collection | None = None
    split: str = ""
    cache: Path = Path()


@dataclass(frozen=True, slots=True)
class Named:
    """A run with what a table calls it.

    Attributes:
        model: The system's name.
        run: Over the joint pool.
        setting: The table's group.
        own: Runs of the same system over the pool of one modality, where they could be made.
        scores: As for ``modality_report``: which of the runs have scores that compare.
    """

    model: str
    run: Run
    setting: str = ""
    own: dict[Modality, Run] = field(default_factory=dict)
    scores: Scores = "own"


def open_data(
    data: Path | None,
    *,
    split: str,
    qrels: Path | None,
    modalities: Path | None,
    folder: Path | None,
    progress: Progress,
) -> Data:
    """The judgments and modalities that the arguments name; files take precedence over the data set's own.

    Raises:
        ConfigError: there is neither a data set nor a qrels file.
        CorpusError: one of them cannot be read.
    """
    known = None if modalities is None else read_modalities(modalities)
    if data is None:
        if qrels is None:
            raise ConfigError("nothing to measure against; give the folder of a data set, or --qrels FILE")
        return Data(read_qrels(qrels), known)
    from univldr.corpus.collection import open_collection  # SQLite, which run files alone do without

    with one_process_first():
        collection = open_collection(data, progress=progress)
    found = of_collection(collection, split, folder or collection.file.parent)
    judged = found.qrels if qrels is None else read_qrels(qrels)
    return replace(found, qrels=judged, modalities=found.modalities if known is None else known)


def of_collection(collection: Collection, split: str, cache: Path) -> Data:
    """The judgments of one of a data set's splits.

    Raises:
        CorpusError: there is no such split.
    """
    kinds = tuple(Modality)
    numbers = collection.modalities().tolist()
    known = {id: kinds[number] for id, number in zip(collection.ids(), numbers, strict=True)}
    return Data(collection.qrels(split), known, collection, split, cache)


def load_runs(
    wanted: Iterable[tuple[str, bool]],
    data: Data,
    *,
    k: int,
    progress: Progress,
    pools: bool = True,
    load: Load | None = None,
    wording: Wording | None = None,
) -> list[Named]:
    """Read run files and run systems, in the order given.

    ``data.modalities`` learns those of documents that only an index has.

    Args:
        wanted: Each an argument and whether it is a file of a TREC run; else it is a system of
            ``univldr.evaluation.systems``. Either may be written ``NAME=...`` or ``SETTING/NAME=...``.
        data: What they answer.
        k: How many documents a system returns.
        progress: Told how far a system is.
        pools: Also run each system over the pool of every single modality.
        load: Gives the encoder of a model's name; by default ``load_encoder``.
        wording: How the words in a system's brackets are made; by default as verbalizers are set.

    Raises:
        ConfigError: two have one name, a system is unknown, or there is no data set to run it on.
        CorpusError: a file cannot be read.
    """
    wanted = list(wanted)
    if not wanted:
        raise ConfigError("no run to measure; give --run FILE, or --system SPEC such as bm25 or clip")
    names = [
        _name(argument, is_file) for argument, is_file in wanted
    ]  # wrong use shows before an hour's work
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f'two runs are called "{twice}"; name one of them, as in "other={twice}"')
    with _answering(data, k, progress, load, wording) as answer:
        return [
            _read(argument, name) if is_file else _run(argument, name, data, answer, pools)
            for name, (argument, is_file) in zip(names, wanted, strict=True)
        ]


def is_run_file(argument: str) -> bool:
    """Whether an argument is a run file rather than a system's name.

    Raises:
        ConfigError: it looks like a file but is none.
    """
    _, _, value = _labelled(argument)
    path = Path(value)
    if not path.exists() and path.suffix in _RUN_SUFFIXES:
        raise ConfigError(f"{value}: no such run file")
    return path.is_file()


def warn(named: Named, evaluation: Evaluation) -> None:
    """Log queries that the run misses, and queries that nobody judged."""
    if evaluation.missing:
        first = ", ".join(evaluation.missing[:_NAMED]) + (", …" if len(evaluation.missing) > _NAMED else "")
        logger.warning(
            f"{named.model}: {len(evaluation.missing):,} of {len(evaluation.queries):,} queries are missing "
            f"from the run and count zero: {first}"
        )
    if evaluation.unjudged:
        logger.warning(
            f"{named.model}: {evaluation.unjudged:,} queries of the run are not in the qrels and do not count"
        )


def save_runs(runs: Sequence[Named], folder: Path) -> None:
    """Write every run, the ones over single pools too, as ``NAME.run`` and ``NAME.MODALITY.run``.

    Raises:
        ConfigError: two names give one file name.
        CorpusError: a file cannot be written.
    """
    files: dict[str, tuple[Run, str]] = {}
    for named in runs:
        tag = re.sub(r"[^\w.+-]+", "-", named.model).strip("-.") or "run"
        if f"{tag}.run" in files:
            raise ConfigError(f'two runs would be saved as {tag}.run; name one of them, as in "other=..."')
        files[f"{tag}.run"] = (named.run, tag)
        files |= {f"{tag}.{modality}.run": (run, tag) for modality, run in named.own.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made: {error.strerror or error}") from error
    for name, (run, tag) in files.items():
        write_run(run, folder / name, tag)


def _name(argument: str, is_file: bool) -> str:
    """What a run is called: as given, or its file's name, or its system's."""
    _, name, value = _labelled(argument)
    if not is_file:
        return name or str(parse_system(value))
    stem = Path(value).name.removesuffix(".gz")
    return name or (Path(stem).stem if Path(stem).suffix in _RUN_SUFFIXES else stem)


def _read(argument: str, name: str) -> Named:
    setting, _, value = _labelled(argument)
    return Named(name, read_run(Path(value)), setting)


@contextmanager
def _answering(
    data: Data, k: int, progress: Progress, load: Load | None, wording: Wording | None
) -> Iterator[Callable[[System], Run]]:
    """Runs systems on the data; what they have in common is loaded, opened and searched once."""
    if data.collection is None:
        yield _refuse
        return
    from univldr.evaluation.indexes import Indexes  # and below: which run files do without
    from univldr.evaluation.running import run_system
    from univldr.evaluation.words import AS_SET

    once = lru_cache(maxsize=2)(load_encoder)  # the model at hand, and one to go back to
    with Indexes(data.collection, data.split) as indexes:
        yield partial(
            run_system,
            collection=data.collection,
            split=data.split,
            k=k,
            cache=data.cache,
            load=load or (lambda name, _: once(name)),
            wording=wording or AS_SET,
            known={},
            indexes=indexes,
            progress=progress,
        )
    if data.modalities is not None:
        for id_, modality in indexes.strangers.items():
            data.modalities.setdefault(id_, modality)


def _refuse(system: System) -> Run:
    raise ConfigError(f'system "{system}" needs a data set to search; give its folder, not --qrels alone')


def _run(argument: str, name: str, data: Data, answer: Callable[[System], Run], pools: bool) -> Named:
    setting, _, spec = _labelled(argument)
    system = parse_system(spec)
    own: dict[Modality, Run] = {}
    if pools and data.collection is not None:
        own = {m: answer(part) for m, part in _parts(system).items() if data.collection.count(m)}
    usual, scores = _kind(system)
    return Named(name, answer(system), setting or usual, own, scores)


def _parts(system: System) -> dict[Modality, System]:
    """The same system over each pool alone; none for one that searches a single pool already."""
    if isinstance(system, Divided):
        parts = {m: system.texts if m is Modality.TEXT else system.others for m in Modality}
        return {modality: replace(part, pool=modality) for modality, part in parts.items()}
    return {} if system.pool is not None else {m: replace(system, pool=m) for m in Modality}


def _kind(system: System) -> tuple[str, Scores]:
    """The paper's setting, and where scores compare: BM25 weighs words by pool, fusion goes by rank."""
    if isinstance(system, Divided):
        return "divide and conquer", "none"
    if system.pool is not None:
        return f"{system.pool} pool", "joint"
    if isinstance(system, Indexed):
        return "index", "own"
    if isinstance(system, Dense):
        return ("text only" if system.words else "universal"), "own"
    return "text only", "joint"


def _labelled(argument: str) -> tuple[str, str, str]:
    """Setting, name and value of ``SETTING/NAME=VALUE``; a file that is called so is a file."""
    label, equals, value = argument.partition("=")
    if not equals or not label or INDEX.match(argument) or Path(argument).exists():
        return "", "", argument
    setting, _, model = label.rpartition("/")
    return setting, model, value
