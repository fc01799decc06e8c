"""What a corpus of a size takes, on paper: encoding, disk, memory, nodes, cost.

Nothing here looks at a machine. :data:`CONSTANTS` has every figure that is used and the benchmark of this
project that it is from; what was not measured (any GPU, any price) must be given, or is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from univldr.errors import ConfigError
from univldr.index.edge import EXACT_DOCUMENTS
from univldr.index.edge_config import SEGMENT_DOCUMENTS

HOURS_A_MONTH = 730
LOAD = 0.6
"""The share of a node's cores and memory that is planned with; the rest is for peaks and the system."""

LARGEST_MEASURED = 1_000_000
"""Documents of the largest index that was measured; beyond it lie more parts of the same size."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A measured figure: what it is, in which unit, and the benchmark that gave it."""

    value: float
    unit: str
    source: str


_GROWTH = "benchmarks.growth, 1,000 to 250,000"
_SCALE = "benchmarks.scale, 1,000,000 x 512"
_SERVE = "benchmarks.serve, 64 clients, 7,120 documents"
_PEER = "benchmarks.peer_encoding"

CONSTANTS: Mapping[str, Constant] = {
    "process": Constant(115e6, "bytes", _GROWTH + ": a search of the smallest"),
    "log of latest changes": Constant(3_560, "bytes a document", _GROWTH),
    "log of latest changes, at most": Constant(45e6, "bytes", _GROWTH + ": 36 to 57 MB"),
    "document, beside its vector": Constant(990, "bytes", _GROWTH + ": fields, words, ids"),
    "graph": Constant(39, "bytes a document", _GROWTH),
    "further character of text": Constant(2.1, "bytes", "benchmarks.hybrid --cost: 514 for 80 words' search"),
    "storing and graph": Constant(458e-6, "core seconds a document", _SCALE),
    "scan": Constant(27e9, "bytes a core second", _SCALE + ": all in one part in 74 ms"),
    "graph of a part, asked": Constant(0.5e-3, "core seconds", _SCALE + ": four parts, two cores, 0.99 ms"),
    "reading the best 100": Constant(1.0e-3, "seconds", _SCALE + ": 1.96 ms with, 0.99 ms without"),
    "mini: dimension": Constant(384, "", "the model"),
    "mini: passages": Constant(46, "a core second", "benchmarks.encoding: 92 on two cores"),
    "mini: pictures": Constant(80.5, "a core second", "benchmarks.mini: 161 JPEGs of 640 x 480 on two"),
    "mini: query served": Constant(9.1e-3, "core seconds", _SERVE + ": 220 a second on two cores"),
    "clip: dimension": Constant(512, "", "the model"),
    "clip: passages": Constant(17.2, "a core second", _PEER + ": 34.4 of 77 tokens on two, by its peer"),
    "clip: pictures": Constant(22.1, "a core second", _PEER + ": 44 photos of 640 x 480 on two cores"),
    "clip: query served": Constant(33e-3, "core seconds", _SERVE + ": 60 a second on two cores, float32"),
}
"""All that a plan is computed from, by name: two shared cores of a virtual machine (benchmarks/LOG.md)."""

MODELS = ("mini", "clip")
MEASURED_CHARACTERS = 200
"""Of text in each document of ``benchmarks.growth``."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to plan for.

    Attributes:
        documents: Passages and pictures together.
        qps: Searches a second.
        model: ``mini`` or ``clip``, which were measured.
        dim: Length of a vector; ``None``: the model's.
        picture_share: Pictures among the documents, 0 to 1.
        characters: Mean length of a passage or caption, generated words included.
        replicas: Copies of the index.
        on_disk: Keep only codes and graph in memory, the vectors and documents on disk.
        node_cores: Cores of a node.
        node_gb: Its memory in GB.
        pictures_per_second: What one of your GPUs encodes; ``None``: pictures are encoded on CPUs.
        texts_per_second: The same of passages.
        gpu_hour: Price of a GPU for an hour; ``None``: not priced.
        node_hour: The same of a node.
        disk_gb_month: The same of a GB of disk for a month.
    """

    documents: int
    qps: float = 1.0
    model: str = "clip"
    dim: int | None = None
    picture_share: float = 0.5
    characters: int = MEASURED_CHARACTERS
    replicas: int = 2
    on_disk: bool = False
    node_cores: int = 16
    node_gb: float = 64.0
    pictures_per_second: float | None = None
    texts_per_second: float | None = None
    gpu_hour: float | None = None
    node_hour: float | None = None
    disk_gb_month: float | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ConfigError: a value is out of its range, or the model was not measured.
        """
        if self.model not in MODELS:
            raise ConfigError(
                f"model {self.model!r} was not measured; take the nearer of {' and '.join(MODELS)}, with the"
                " dim and the speeds of your own"
            )
        if not 0 <= self.picture_share <= 1:
            raise ConfigError(f"picture share is {self.picture_share}; it lies from 0 to 1")
        for name, least in (("documents", 1), ("replicas", 1), ("node_cores", 1), ("characters", 0)):
            if getattr(self, name) < least:
                raise ConfigError(
                    f"{name.replace('_', ' ')} is {getattr(self, name)}; it is at least {least}"
                )
        positive = ("qps", "dim", "node_gb", "pictures_per_second", "texts_per_second")
        for name in positive:
            if (value := getattr(self, name)) is not None and not 0 < value < math.inf:
                raise ConfigError(f"{name.replace('_', ' ')} is {value}; it is above 0")
        for name in ("gpu_hour", "node_hour", "disk_gb_month"):
            if (value := getattr(self, name)) is not None and not 0 <= value < math.inf:
                raise ConfigError(f"the price {name.replace('_', ' ')} is {value}; it is at least 0")


@dataclass(frozen=True, slots=True)
class Plan:
    """What it takes. Sizes are bytes, for all copies together unless the name says otherwise.

    Attributes:
        dim: Length of a vector.
        gpu_hours: To encode once, on GPUs of the speed that was given.
        encode_cpu_hours: Core hours to encode once what no GPU does.
        store_cpu_hours: Core hours to store the documents of one copy and to build its graphs.
        disk: Of all copies.
        memory: What the copies want in memory.
        search_ms: A search of one shard on an idle node, best 100, without encoding the query.
        index_cores: Cores that searching keeps busy.
        serving_cores: Cores that encode queries and answer over HTTP.
        shards: Parts of a copy, one a node.
        shard_documents: Documents in each.
        index_nodes: Nodes that hold the index.
        serving_nodes: Nodes that encode and answer.
        once: Price of encoding and storing everything once; ``None`` where a price is missing.
        monthly: Price of nodes and disk for a month; ``None`` where a price is missing.
        assumptions: What the figures rest on, a sentence each.
    """

    dim: int
    gpu_hours: float
    encode_cpu_hours: float
    store_cpu_hours: float
    disk: float
    memory: float
    search_ms: float
    index_cores: float
    serving_cores: float
    shards: int
    shard_documents: int
    index_nodes: int
    serving_nodes: int
    once: float | None
    monthly: float | None
    assumptions: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same by name, for JSON."""
        return asdict(self) | {"assumptions": list(self.assumptions)}


def disk_bytes(documents: int, dim: int, characters: int = MEASURED_CHARACTERS) -> float:
    """Bytes on disk of one copy: vectors, documents, words, the engine's log, and codes and graph."""
    text = max(0, characters - MEASURED_CHARACTERS) * _value("further character of text")
    each = 4 * dim + _value("document, beside its vector") + text
    log = min(documents * _value("log of latest changes"), _value("log of latest changes, at most"))
    return documents * each + log + graph_bytes(documents, dim)


def graph_bytes(documents: int, dim: int) -> float:
    """Bytes of int8 codes and graph of one copy; 0 up to where every document is scored."""
    return documents * (dim + _value("graph")) if documents >= EXACT_DOCUMENTS else 0.0


def memory_bytes(
    documents: int, dim: int, characters: int = MEASURED_CHARACTERS, *, on_disk: bool = False
) -> float:
    """Bytes of memory that a copy wants: all of its files, or ``on_disk`` only what a search walks."""
    least = graph_bytes(documents, dim) if on_disk else 0.0
    return _value("process") + (least or disk_bytes(documents, dim, characters))


def search_core_seconds(documents: int, dim: int) -> float:
    """Core seconds that one search of an index takes, without reading what is found."""
    if documents <= EXACT_DOCUMENTS:
        return documents * dim * 4 / _value("scan")
    return math.ceil(documents / SEGMENT_DOCUMENTS) * _value("graph of a part, asked")


def search_seconds(documents: int, dim: int, cores: int) -> float:
    """Seconds of a search for the best 100 on an idle machine; parts are searched side by side."""
    parts = math.ceil(documents / SEGMENT_DOCUMENTS) if documents > EXACT_DOCUMENTS else 1
    rounds = math.ceil(parts / cores)
    return search_core_seconds(documents, dim) / parts * rounds + _value("reading the best 100")


def plan(wanted: Wanted) -> Plan:
    """What ``wanted`` takes, by the arithmetic that docs/plan.md tells."""
    dim = wanted.dim or int(_value(f"{wanted.model}: dimension"))
    gpu_hours, encode_cpu_hours = _encoding(wanted)
    store_cpu_hours = wanted.documents * _value("storing and graph") / 3600
    disk = wanted.replicas * disk_bytes(wanted.documents, dim, wanted.characters)
    memory = wanted.replicas * memory_bytes(wanted.documents, dim, wanted.characters, on_disk=wanted.on_disk)
    index_cores = wanted.qps * search_core_seconds(wanted.documents, dim)
    serving_cores = wanted.qps * _value(f"{wanted.model}: query served")
    for_memory = memory / (wanted.node_gb * 1e9 * LOAD)
    nodes = max(math.ceil(for_memory), _nodes(index_cores, wanted))
    shards = math.ceil(nodes / wanted.replicas)
    nodes = shards * wanted.replicas  # each shard of each copy has its node
    shard_documents = math.ceil(wanted.documents / shards)
    serving_nodes = _nodes(serving_cores, wanted)
    cpu_hours = encode_cpu_hours + wanted.replicas * store_cpu_hours
    return Plan(
        dim=dim,
        gpu_hours=gpu_hours,
        encode_cpu_hours=encode_cpu_hours,
        store_cpu_hours=store_cpu_hours,
        disk=disk,
        memory=memory,
        search_ms=1e3 * search_seconds(shard_documents, dim, wanted.node_cores),
        index_cores=index_cores,
        serving_cores=serving_cores,
        shards=shards,
        shard_documents=shard_documents,
        index_nodes=nodes,
        serving_nodes=serving_nodes,
        once=_sum((gpu_hours, wanted.gpu_hour), (cpu_hours / wanted.node_cores, wanted.node_hour)),
        monthly=_sum(
            ((nodes + serving_nodes) * HOURS_A_MONTH, wanted.node_hour), (disk / 1e9, wanted.disk_gb_month)
        ),
        assumptions=tuple(_assumptions(wanted, shard_documents)),
    )


def _value(name: str) -> float:
    return CONSTANTS[name].value


def _encoding(wanted: Wanted) -> tuple[float, float]:
    """GPU hours and core hours to encode everything once."""
    gpu, cpu = 0.0, 0.0
    parts = (
        (wanted.picture_share, wanted.pictures_per_second, "pictures"),
        (1 - wanted.picture_share, wanted.texts_per_second, "passages"),
    )
    for share, given, kind in parts:
        count = wanted.documents * share
        if given is not None:
            gpu += count / given / 3600
        else:
            cpu += count / _value(f"{wanted.model}: {kind}") / 3600
    return gpu, cpu


def _nodes(cores: float, wanted: Wanted) -> int:
    return max(1, math.ceil(cores / (wanted.node_cores * LOAD)))


def _sum(*parts: tuple[float, float | None]) -> float | None:
    """Amounts times prices; ``None`` where an amount that is needed has no price."""
    if any(amount and price is None for amount, price in parts):
        return None
    return sum(amount * price for amount, price in parts if price is not None)


def _assumptions(wanted: Wanted, shard_documents: int) -> list[str]:
    said = [
        "speeds are of two shared cores of a virtual machine, taken to grow with the number of cores",
        f"nodes are loaded to {LOAD:.0%} of their cores and memory",
        f"a month has {HOURS_A_MONTH} hours; pictures' files, network and backups are not counted",
        "the index is Qdrant's core in the process; what a cluster's network adds was not measured",
    ]
    if wanted.pictures_per_second is None or wanted.texts_per_second is None:
        said.append("no GPU was measured here: what has no speed of a GPU given is encoded on CPUs")
    if wanted.model == "clip" and wanted.texts_per_second is None:
        said.append("passages fill CLIP's 77 tokens; shorter ones are encoded faster")
    if wanted.on_disk:
        said.append(
            "searches with vectors and documents on disk were not measured; search_ms is with all in memory"
        )
    else:
        said.append("all files of the index are in memory, as they were where searches were measured")
    if shard_documents > LARGEST_MEASURED:
        said.append(
            f"a shard of {shard_documents:,} documents is extrapolated from {LARGEST_MEASURED:,}, in parts of"
            f" {SEGMENT_DOCUMENTS:,}"
        )
    return said
