"""Shards made by a Ray cluster: Ray Data streams the plan through a pool of encoders.

Ray decides where a shard is made and nothing else. What counts is in the folder of shards: one that was made
on a machine that died is found there, or made again.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from univldr._optional import require
from univldr.encode.plan import Shard
from univldr.encode.run import Job, Task
from univldr.encode.shard import TRIES, Outcome, Writer
from univldr.encoders.hash import HashEncoder
from univldr.encoders.onnx import MAX_THREADS, OnnxEncoder
from univldr.errors import ConfigError, UnivldrError, error_of, kind_of
from univldr.types import Encoder

_BLOCKS = 10_000
"""Pieces that Ray Data is given the plan in, at most."""

_PATIENCE = 10.0
"""Seconds for a cluster to answer."""


@dataclass(frozen=True, slots=True)
class RayRunner:
    """Makes shards on the Ray cluster at ``address``; a :data:`univldr.encode.run.Runner`.

    Every machine needs univldr with the extra ``ray``, the corpus and the folder of shards under the same
    paths. An encoder has a GPU where there are any and its model can use one, else as many cores as it runs
    threads, or all of a machine where none has as many.
    """

    address: str

    def __call__(self, job: Job, tasks: Sequence[Task], encoder: Encoder) -> Iterator[Outcome]:
        with redirect_stdout(sys.stderr):  # where Ray prints what befalls its machines
            yield from self._made(job, tasks, encoder)

    def _made(self, job: Job, tasks: Sequence[Task], encoder: Encoder) -> Iterator[Outcome]:
        ray = self._connected()
        try:
            shutil.rmtree(Path(job.folder, TRIES), ignore_errors=True)  # of drivers that were stopped
            ray.data.DataContext.get_current().enable_progress_bars = False
            logging.getLogger("ray.data").setLevel(logging.ERROR)
            share = _share(ray, encoder)
            workers = min(_places(ray, share), len(tasks))
            items = [{"file": file, "shard": json.dumps(asdict(shard))} for file, shard in tasks]
            done = ray.data.from_items(items, override_num_blocks=min(len(items), _BLOCKS)).map_batches(
                _Encoders,
                fn_constructor_args=(job,),
                batch_size=1,
                compute=ray.data.ActorPoolStrategy(size=workers),
                **share,
            )
            for row in done.iter_rows():
                yield _outcome(row)
        except ray.exceptions.RayError as error:
            reason = " ".join(str(error).split())[-200:]
            raise ConfigError(
                f"the Ray cluster at {self.address!r} failed: {reason}; the same command goes on from there"
            ) from error
        finally:
            ray.shutdown()

    def _connected(self) -> Any:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what matters comes as an error, too
        purpose = "encoding on a Ray cluster"
        ray = require("ray", extra="ray", purpose=purpose)
        require("ray.data", extra="ray", purpose=purpose)
        try:
            _knock(self.address)
            ray.init(address=self.address, log_to_driver=False, logging_level="error")
        except (OSError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"no Ray cluster at {self.address!r}: {reason}; give HOST:PORT, auto or local"
            ) from error
        return ray


def _knock(address: str) -> None:
    """Whether anybody answers at HOST:PORT, which Ray itself takes minutes to find out."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()


class _Encoders:
    """What an actor of the pool does; rows of shards become rows of outcomes."""

    def __init__(self, job: Job) -> None:
        self._job = job

    @cached_property
    def _writer(self) -> Writer:
        return self._job.writer()

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        rows = [self._row(file, shard) for file, shard in zip(batch["file"], batch["shard"], strict=True)]
        return {"file": list(batch["file"]), "outcome": [json.dumps(row) for row in rows]}

    def _row(self, file: str, shard: str) -> dict[str, Any]:
        """An error travels by name, as an exception of ours cannot always be made again from its words."""
        try:
            return asdict(self._writer.write(file, Shard(**json.loads(shard))))
        except UnivldrError as error:
            return {"kind": kind_of(error), "message": str(error)}


def _outcome(row: dict[str, Any]) -> Outcome:
    fields = json.loads(row["outcome"])
    if "kind" in fields:
        raise error_of(fields["kind"], fields["message"])
    return Outcome(**fields)


def _share(ray: Any, encoder: Encoder) -> dict[str, float]:
    """What one encoder of the pool asks for."""
    if ray.cluster_resources().get("GPU") and not isinstance(encoder, HashEncoder | OnnxEncoder):
        return {"num_gpus": 1}
    most = max((int(node["Resources"].get("CPU", 0)) for node in _nodes(ray)), default=1)
    return {"num_cpus": max(1, min(MAX_THREADS, most))}


def _places(ray: Any, share: dict[str, float]) -> int:
    """How many encoders the cluster has room for."""
    ((name, count),) = share.items()
    resource = "GPU" if name == "num_gpus" else "CPU"
    return max(1, sum(int(node["Resources"].get(resource, 0) // count) for node in _nodes(ray)))


def _nodes(ray: Any) -> list[Any]:
    return [node for node in ray.nodes() if node["Alive"]]
