"""A Milvus server for tests, of the package ``milvus``: started on free ports, killed, and started again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from univldr.index.milvus import MilvusIndex
from univldr.index.milvus_place import Place

_PATIENCE = 120  # seconds for a start; without anything else to do it takes 7


class Server:
    """A standalone server with its data below a directory; it keeps its ports."""

    def __init__(self, directory: Path) -> None:
        milvus: Any = pytest.importorskip("milvus", reason="needs a Milvus server: make test-milvus")
        items = milvus.MilvusServerConfig().configurable_items
        ports = {name: _free_port() for name in items if name.endswith("_port")}
        milvus.MilvusServerConfig(data_dir=str(directory), **ports).resolve()
        milvus._initialize_data_files(str(directory))
        client, peer = (f"http://127.0.0.1:{port}" for port in (ports["etcd_port"], _free_port()))
        (directory / "etcd.yaml").write_text(
            f"listen-client-urls: {client}\nadvertise-client-urls: {client}\nlisten-peer-urls: {peer}\n"
            f"initial-advertise-peer-urls: {peer}\ninitial-cluster: default={peer}\n"
        )
        self._directory = directory
        self._health = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"milvus://127.0.0.1:{ports['proxy_port']}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        programs = self._directory / "bin"
        env = {
            "DEPLOY_MODE": "STANDALONE",
            "ETCD_CONFIG_PATH": str(self._directory / "etcd.yaml"),
            "METRICS_PORT": str(self._health),
            "MILVUS_RUN_DIR": str(self._directory / "run"),
            "LD_LIBRARY_PATH": str(programs),
        }
        with (self._directory / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [programs / "milvus", "run", "standalone"],
                cwd=self._directory,
                env=os.environ | env,
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + _PATIENCE
        while not self._is_well():
            assert self._process.poll() is None, "the server ended; see its output"
            assert time.monotonic() < end, "the server does not start; see its output"
            time.sleep(0.1)

    def _is_well(self) -> bool:
        url = f"http://127.0.0.1:{self._health}/healthz"
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            return b"OK" in answer.read()
        return False

    def kill(self) -> None:
        """End it by SIGKILL, if it runs."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def collection(self, dim: int, query: str = "", metadata: str = "{}") -> Iterator[MilvusIndex]:
        """A new collection, gone afterwards."""
        index = MilvusIndex(
            Place.parse(f"{self.url}/t{uuid.uuid4().hex}{query}"), create=dim, metadata=metadata
        )
        try:
            yield index
        finally:
            index._calls("drop", "drop_collection")
            index.close()


@contextmanager
def running(directory: Path) -> Iterator[Server]:
    """A server that does not outlive the tests."""
    server = Server(directory)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(directory)  # 250 MB of program


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
