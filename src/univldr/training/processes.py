"""What several processes that train as one tell each other; see :mod:`univldr._processes`."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn

from univldr._processes import gather_parts, processes, rank


def gather(tensor: Tensor) -> tuple[Tensor, slice]:
    """The rows of all processes, in the order of their ranks, and where one's own are; counts may differ."""
    if processes() == 1:
        return tensor, slice(0, len(tensor))
    parts = gather_parts(tensor)
    start = sum(len(part) for part in parts[: rank()])
    return torch.cat(parts), slice(start, start + len(tensor))


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
