"""Memory that a thread is done with goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys, threading
from pathlib import Path
from univldr.server.memory import give_back_large_blocks

def own():  # kilobytes
    return int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0])

def work():
    for _ in range(2):
        block = bytearray(b"x") * (8 << 20)
        together.wait()
        del block
        together.wait()
    end.wait()

if "set" in sys.argv:
    give_back_large_blocks()
before, together, end = own(), threading.Barrier(6), threading.Barrier(7)
threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads:
    thread.start()
while end.n_waiting < 6:
    pass
print((own() - before) // 1024)
end.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps it")
def test_large_blocks_go_back_to_the_system() -> None:
    command = [sys.executable, "-c", SCRIPT, "set"]
    grown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(grown) < 8  # megabytes, of 48
