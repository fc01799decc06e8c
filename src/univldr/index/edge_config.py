"""How Qdrant Edge keeps vectors and searches them; ``python -m benchmarks.scale`` measures it."""

from __future__ import annotations

import qdrant_edge as edge

from univldr.index import edge_words
from univldr.types import Float32Array

VECTOR = "dense"

SEGMENT_DOCUMENTS = 250_000
"""A full part of a shard: its graph is built once and for all, sooner than one over everything, and a search
looks into the parts side by side."""

_LINKS = 16  # of a point in the graph
_CANDIDATES = 100  # looked at for the links of a new point


def config(dim: int, exact_documents: int, *, words: bool = True) -> edge.EdgeConfig:
    """A shard's configuration: past ``exact_documents`` documents it gets a graph over int8 codes.

    Vectors, codes and graph are mapped into memory as they are needed, so that an index opens at once.

    Args:
        dim: Length of a vector.
        exact_documents: Up to so many are scored exactly.
        words: Whether the shard has a place for words; ``False`` leaves that as it is.
    """
    kilobytes = exact_documents * dim * 4 // 1024  # the engine counts its thresholds so
    codes = edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=0.99, memory=edge.Memory.Cold)
    return edge.EdgeConfig(
        vectors={
            VECTOR: edge.EdgeVectorParams(
                dim, edge.Distance.Dot, quantization_config=codes, memory=edge.Memory.Cold
            )
        },
        sparse_vectors={
            edge_words.NAME: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf, memory=edge.Memory.Cold)
        }
        if words
        else None,
        hnsw_config=edge.HnswIndexConfig(
            _LINKS, _CANDIDATES, full_scan_threshold=kilobytes, payload_m=0, memory=edge.Memory.Cold
        ),
        optimizers=edge.EdgeOptimizersConfig(
            indexing_threshold=kilobytes, max_segment_size=SEGMENT_DOCUMENTS * dim * 4 // 1024
        ),
    )


def request(vector: Float32Array, k: int, chosen: edge.Filter | None, *, exact: bool) -> edge.QueryRequest:
    """The best ``k`` of the ``chosen``: by a look at each of them, or by the graph where there is one.

    The graph is walked by the codes, keeping more candidates the more are wanted (on clustered vectors that
    finds 0.98 of the best 10, 100 and 1,000); twice ``k`` of them are scored by their vectors. Under a
    filter, a walk that goes through what does not match (ACORN, Patel et al., SIGMOD 2024) keeps what one
    over the matching documents loses, a third of the best where a third match.
    """
    params = edge.SearchParams(
        exact=exact,
        hnsw_ef=max(200, 2 * k) if chosen is None else max(300, 3 * k + 100),
        quantization=edge.QuantizationSearchParams(rescore=True, oversampling=2.0),
        acorn=None if chosen is None else edge.AcornSearchParams(enable=True, max_selectivity=1.0),
    )
    nearest = edge.Query.Nearest(vector.tolist(), VECTOR)
    return edge.QueryRequest(k, query=nearest, filter=chosen, params=params, with_payload=edge_words.DOCUMENT)
