"""What the engine promises when the process dies: the pipeline's order of writes depends on it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from univldr.index.edge import EdgeIndex
from univldr.types import Document, Modality

WRITER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from univldr.index.edge import EdgeIndex
from univldr.types import Document, Modality

index = EdgeIndex(Path(sys.argv[1]), 8, create=True)
for batch in range(5):
    documents = [Document(f"{batch}-{n}", Modality.TEXT, "words") for n in range(50)]
    index.upsert(documents, np.tile(np.eye(1, 8, dtype=np.float32), (50, 1)))
index.delete(["0-0"])
if "flush" in sys.argv:
    index.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("flush", ["flush", "no-flush"])
def test_what_was_acknowledged_survives_kill(tmp_path: Path, flush: str) -> None:
    shard = tmp_path / "shard"
    died = subprocess.run([sys.executable, "-c", WRITER, str(shard), flush], check=False)
    assert died.returncode == -signal.SIGKILL
    index = EdgeIndex(shard, 8)
    assert index.count() == 249
    assert index.get(["0-0", "4-49"]) == [None, Document("4-49", Modality.TEXT, "words")]
    index.upsert([Document("0-0", Modality.TEXT)], np.eye(1, 8, dtype=np.float32))
    assert len(index.query(np.eye(8, dtype=np.float32)[0], 1000)) == 250
    index.close()


def test_what_a_killed_optimize_left_is_cleared_away(tmp_path: Path) -> None:
    EdgeIndex(tmp_path / "shard", 8, create=True).close()
    left = tmp_path / "shard" / "temp_segments" / "segment_builder_x"
    left.mkdir(parents=True)
    (left / "vectors").write_bytes(bytes(1000))
    EdgeIndex(tmp_path / "shard", 8).close()
    assert not left.exists()
