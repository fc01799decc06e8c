"""What a server counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from univldr.server.metrics import Metrics
from univldr.types import Modality


def lines(metrics: Metrics) -> list[str]:
    body, media_type = metrics.render()
    assert media_type.startswith("text/plain")
    return body.decode().splitlines()


def test_every_count_is_told() -> None:
    metrics = Metrics()
    metrics.observe_request("/v1/search", 200, 0.003)
    metrics.observe_stages({"queue": 0.001, "decode": 0.0, "encode": 0.002, "search": 0.004})
    metrics.observe_batch(3)
    metrics.set_documents({Modality.TEXT: 5, Modality.IMAGE: 2})
    metrics.count_reload()
    with metrics.in_flight():
        assert "univldr_in_flight 1.0" in lines(metrics)
    told = lines(metrics)
    for line in (
        'univldr_requests_total{route="/v1/search",status="200"} 1.0',
        'univldr_request_seconds_bucket{le="0.005",route="/v1/search"} 1.0',
        'univldr_stage_seconds_count{stage="search"} 1.0',
        'univldr_batch_size_bucket{le="2.0"} 0.0',
        'univldr_batch_size_bucket{le="4.0"} 1.0',
        "univldr_in_flight 0.0",
        'univldr_documents{modality="text"} 5.0',
        "univldr_reloads_total 1.0",
    ):
        assert line in told
    assert not any('stage="decode"' in line for line in told)  # there was nothing to decode


def test_two_servers_in_one_process_do_not_mix() -> None:
    one, other = Metrics(), Metrics()
    one.observe_batch(1)
    assert "univldr_batch_size_count 0.0" in lines(other)


def test_processes_are_added_up(tmp_path: Path) -> None:
    code = "from univldr.server.metrics import Metrics; m = Metrics(); m.observe_batch(2); "
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(more: str) -> str:
        command = [sys.executable, "-c", code + more]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    run("")
    assert "univldr_batch_size_count 2.0" in run("print(m.render()[0].decode())")
