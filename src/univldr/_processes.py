"""Several processes that work as one, started by ``torchrun`` or ``accelerate launch``.

Inside :func:`together` all of them call the same functions in the same order. Work is shared in blocks, so
that what each gives to a model, or multiplies, is just what one alone would: what they find is the same, to
the last bit where the libraries' arithmetic is. One that fails ends all.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from univldr._optional import require
from univldr.errors import UnivldrError

BLOCK = 512
"""Things that one process takes at a time."""

_FOREVER = timedelta(days=30)  # the others may have hours to do; one that is gone is noticed at once
_FAILED = 2  # the exit status

T = TypeVar("T", bound=np.generic)

_host: Any = None  # the group that speaks without GPUs; the default one where there is no other


@contextmanager
def together() -> Iterator[bool]:
    """Join the other processes, if a launcher started several; gives whether this is the first of them.

    Alone, or where they have joined already, nothing is done. Otherwise only the first process logs warnings,
    and of errors only the first that happens is raised: those that fail because of it, or with it, exit.

    Raises:
        MissingExtra: torch is not installed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or processes() > 1:
        yield rank() == 0
        return
    dist: Any = require("torch.distributed", extra="train", purpose="one command on several processes")
    store = _join(dist)
    if rank() > 0:
        logging.getLogger("univldr").setLevel(logging.ERROR)
    try:
        yield rank() == 0
        wait_for_all()  # one that leaves early would take the others' connections with it
    except Exception as error:
        if _told_already(store):
            raise SystemExit(_FAILED) from error
        raise
    finally:
        dist.destroy_process_group()


def _join(dist: Any) -> Any:
    """Make the groups; gives the store that all processes see."""
    global _host
    torch: Any = require("torch", extra="train", purpose="one command on several processes")
    number, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    here = int(os.environ.get("LOCAL_RANK", "0"))
    store, *_ = next(dist.rendezvous("env://", number, count, timeout=timedelta(minutes=30)))
    nccl = torch.cuda.device_count() >= int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if nccl:
        torch.cuda.set_device(here)
    options = {} if nccl else {"timeout": _FOREVER}
    dist.init_process_group("nccl" if nccl else "gloo", store=store, rank=number, world_size=count, **options)
    _host = dist.new_group(backend="gloo", timeout=_FOREVER) if nccl else None
    return store


def _told_already(store: Any) -> bool:
    """Whether another process failed before this one, and says why."""
    try:
        return bool(store.add("univldr/failed", 1) > 1)
    except Exception:  # noqa: BLE001 - with the store gone, nobody has anything to say
        return False


def rank() -> int:
    """The number of this process, from 0."""
    dist = _joined()
    return int(dist.get_rank()) if dist else 0


def processes() -> int:
    """How many work together."""
    dist = _joined()
    return int(dist.get_world_size()) if dist else 1


def on_one_machine() -> bool:
    """Whether all of them are on this one."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", processes())) == processes()


def _joined() -> Any:
    """``torch.distributed``, once processes have joined; without torch they cannot have."""
    dist: Any = sys.modules.get("torch.distributed")
    return dist if dist is not None and dist.is_available() and dist.is_initialized() else None


def share(total: int, *, block: int = BLOCK, of: tuple[int, int] | None = None) -> range:
    """Which of ``total`` things are this process's: as many blocks as another's, or one less.

    Args:
        total: How many there are.
        block: How many are not to be separated.
        of: Another process than this one, and of how many: (0, 4) to (3, 4).
    """
    number, count = of or (rank(), processes())
    blocks = -(-total // block)
    begin, end = (min(total, blocks * one // count * block) for one in (number, number + 1))
    return range(begin, end)


def gather_rows(rows: npt.NDArray[T]) -> npt.NDArray[T]:
    """The rows of all processes, [n, ...], in the order of their ranks; only ``n`` may differ."""
    if processes() == 1:
        return rows
    torch: Any = sys.modules["torch"]
    parts = _calling(lambda: gather_parts(torch.from_numpy(np.ascontiguousarray(rows)), _host))
    return np.concatenate([part.numpy() for part in parts])


def gather_bytes(data: bytes) -> bytes:
    """What all processes have, one behind the other in the order of their ranks."""
    return gather_rows(np.frombuffer(bytearray(data), np.uint8)).tobytes()


def gather_parts(tensor: Any, group: Any = None) -> list[Any]:
    """The tensors [n, ...] of all processes, on the device of this one's; only ``n`` may differ."""
    torch: Any = sys.modules["torch"]
    dist = torch.distributed
    count = torch.tensor([len(tensor)], device=tensor.device)
    counts = [torch.zeros_like(count) for _ in range(processes())]
    dist.all_gather(counts, count, group=group)
    sizes = [int(size) for size in counts]
    padded = tensor.new_zeros(max(sizes), *tensor.shape[1:])
    padded[: len(tensor)] = tensor
    parts = [torch.zeros_like(padded) for _ in sizes]
    dist.all_gather(parts, padded.contiguous(), group=group)
    return [part[:size] for part, size in zip(parts, sizes, strict=True)]


def from_first(number: int) -> int:
    """What process 0 says."""
    return number if processes() == 1 else int(gather_rows(np.array([number]))[0])


def wait_for_all() -> None:
    """Return once every process has come here."""
    if processes() > 1:
        _calling(lambda: _joined().barrier(group=_host))


@contextmanager
def one_process_first() -> Iterator[None]:
    """Inside, process 0 works while the others wait; then they find its files."""
    if rank() > 0:
        wait_for_all()
    yield
    if rank() == 0:
        wait_for_all()


def _calling(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except RuntimeError as error:
        raise UnivldrError(
            f"another of the {processes()} processes is gone; its last words, or the system's log, say why"
        ) from error
