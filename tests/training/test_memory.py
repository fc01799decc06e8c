from __future__ import annotations

import platform
import subprocess
import sys

import pytest

MEASURE = """
import resource, sys
from univldr.training.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
import torch
torch.set_num_threads(1)
for step in range(24):
    if step == 12:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(32_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")
def test_freed_memory_is_taken_again_without_asking_the_kernel() -> None:
    faults = {
        how: int(subprocess.check_output([sys.executable, "-c", MEASURE, how], text=True))
        for how in ("keep", "give")
    }
    assert faults["keep"] < 0.1 * faults["give"]
