"""Several processes that train as one, started by ``torchrun`` or ``accelerate launch``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

from univldr.corpus.collection import Collection
from univldr.encoders.embeddings import embed_share, join_shares
from univldr.types import Encoder, Progress


@contextmanager
def together() -> Iterator[bool]:
    """Join the other processes, if a launcher started several; gives whether this is the first of them."""
    launched = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if launched and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield rank() == 0
    finally:
        if launched and dist.is_initialized():
            dist.destroy_process_group()


def part() -> bool:
    """Leave the other processes, for what one can do alone; gives whether this was the first of them."""
    first = rank() == 0
    if processes() > 1:
        dist.destroy_process_group()
    return first


@contextmanager
def one_process_first() -> Iterator[None]:
    """Inside, process 0 works while the others wait; then they find its files."""
    if rank() > 0:
        dist.barrier()
    yield
    if processes() > 1 and rank() == 0:
        dist.barrier()


def embed_together(encoder: Encoder, collection: Collection, folder: Path, progress: Progress | None) -> None:
    """Encode a collection by all processes, each its share; ``embed_collection`` then finds it in ``folder``.

    Processes on several machines need a folder that all of them see. One process alone does nothing here.

    Raises:
        CorpusError, ModelError, StoreError: see ``univldr.encoders.embeddings``.
    """
    if processes() == 1:
        return
    embed_share(encoder, collection, folder, (rank(), processes()), progress=progress)
    wait_for_all()
    if rank() == 0:
        join_shares(encoder, collection, folder, processes())
    wait_for_all()


def wait_for_all() -> None:
    """Return once every process has come here."""
    if processes() > 1:
        dist.barrier()


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if processes() > 1 else 0


def processes() -> int:
    """How many train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def gather(tensor: Tensor) -> tuple[Tensor, slice]:
    """The rows of all processes, in the order of their ranks, and where one's own are; counts may differ."""
    if processes() == 1:
        return tensor, slice(0, len(tensor))
    count = torch.tensor([len(tensor)], device=tensor.device)
    counts = [torch.zeros_like(count) for _ in range(processes())]
    dist.all_gather(counts, count)
    sizes = [int(size) for size in counts]
    padded = tensor.new_zeros(max(sizes), *tensor.shape[1:])
    padded[: len(tensor)] = tensor
    parts = [torch.zeros_like(padded) for _ in sizes]
    dist.all_gather(parts, padded.contiguous())
    start = sum(sizes[: dist.get_rank()])
    rows = torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])
    return rows, slice(start, start + len(tensor))


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Add up the gradients of all processes, a parameter without one counting as zeros.

    A batch may lack a modality on one process and not on another, which is why it is done here.
    """
    if processes() == 1:
        return
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        dist.all_reduce(parameter.grad)
