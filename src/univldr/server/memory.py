"""What the C library keeps of the memory that was freed."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

LARGE = 1 << 20
"""Bytes of a block that goes back to the system as soon as it is freed."""

_M_MMAP_THRESHOLD = -3  # of mallopt(3)


def give_back_large_blocks() -> None:
    """Have glibc give blocks of ``LARGE`` bytes and more back to the system; elsewhere do nothing.

    By itself it would only until some are freed, then keep up to 32 MB of them for the thread that had them:
    the decoded picture, or the table of all names that CPython copies now and then, in whichever thread
    comes upon it. So a server with many threads would grow for as long as there is one that had none yet.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # another library
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)
