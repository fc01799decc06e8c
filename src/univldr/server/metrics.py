"""What a server counts, for Prometheus.

Every metric is one of a registry of its own, so that several servers in one process do not mix. Where
``PROMETHEUS_MULTIPROC_DIR`` is set before ``prometheus_client`` is imported, the metrics of all processes
with that folder are added up (https://prometheus.github.io/client_python/multiprocess/).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from univldr.types import Modality

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_STAGE_SECONDS = (0.0001, 0.0002, 0.0005, *_SECONDS)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The counts of one server; threads may share it."""

    def __init__(self) -> None:
        self._registry = own = CollectorRegistry()
        self._requests = Counter(
            "univldr_requests", "Answered requests.", ("route", "status"), registry=own
        )  # the client adds _total
        self._seconds = Histogram(
            "univldr_request_seconds", "Seconds of a request.", ("route",), registry=own, buckets=_SECONDS
        )
        self._stages = Histogram(
            "univldr_stage_seconds", "Seconds by stage.", ("stage",), registry=own, buckets=_STAGE_SECONDS
        )
        self._batch = Histogram(
            "univldr_batch_size", "Queries encoded together.", registry=own, buckets=_BATCHES
        )
        self._in_flight = Gauge(
            "univldr_in_flight", "Requests being answered.", registry=own, multiprocess_mode="livesum"
        )
        self._documents = Gauge(
            "univldr_documents",
            "Documents of the index.",
            ("modality",),
            registry=own,
            multiprocess_mode="livemostrecent",
        )
        self._reloads = Counter("univldr_reloads", "Times the index was opened anew.", registry=own)

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request; ``route`` is a pattern, such as ``/v1/documents/{id}``, never a path."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def observe_stages(self, seconds: Mapping[str, float]) -> None:
        """Count the stages that a request had; 0 seconds are none."""
        for stage, passed in seconds.items():
            if passed > 0:
                self._stages.labels(stage).observe(passed)

    def observe_batch(self, size: int) -> None:
        """Count queries that were encoded together."""
        self._batch.observe(size)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """A request is being answered."""
        self._in_flight.inc()
        try:
            yield
        finally:
            self._in_flight.dec()

    def set_documents(self, counts: Mapping[Modality, int]) -> None:
        """How many documents the index has."""
        for modality, count in counts.items():
            self._documents.labels(modality.value).set(count)

    def count_reload(self) -> None:
        """Count that the index was opened anew."""
        self._reloads.inc()

    def render(self) -> tuple[bytes, str]:
        """All metrics in Prometheus' text format, and its content type."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
