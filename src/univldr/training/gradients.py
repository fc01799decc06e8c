"""Embeddings first, gradients after: one way through for plain, cached and distributed training.

A step embeds its batch, gathers the embeddings of all processes, takes the loss and its gradient at the
embeddings, and only then goes back through the model. Plain training keeps the graphs of its pieces between;
cached training (GradCache, Gao et al. 2021) lets them go and computes each piece again when its turn comes.
The gradients are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

Features = dict[str, Tensor]
Embed = Callable[[Features], Tensor]


class Embedding:
    """The rows of one batch, and the way back from their gradient to the model's.

    Attributes:
        rows: float32 [B, dim], detached, in the order of the features.
    """

    def __init__(self, embed: Embed, features: Features, *, chunk: int, cached: bool, trim: bool) -> None:
        """
        Args:
            embed: Features to rows [B, dim].
            features: What ``FusionModule.preprocess`` makes.
            chunk: Rows that go through at a time, alike lengths together; 0 takes all at once.
            cached: Keep no graphs; ``backward`` computes each piece again with the same random numbers.
            trim: Cut the padding that no row of a piece needs; not for models that were trained to see it.
        """
        self._embed, self._features, self._cached, self._trim = embed, features, cached, trim
        self._pieces = list(_pieces(features, chunk))
        self._graphs: list[Tensor] = []
        self._random: list[list[Tensor]] = []
        parts = [self._forward(rows) for rows in self._pieces]
        self.rows = parts[0].new_empty(sum(map(len, parts)), parts[0].shape[1])
        for rows, part in zip(self._pieces, parts, strict=True):
            self.rows[rows] = part

    def backward(self, gradient: Tensor) -> None:
        """Add to the parameters' gradients what ``gradient`` [B, dim] of the rows says."""
        if not self._cached:
            graphs = zip(self._graphs, self._pieces, strict=True)
            learning = [(graph, gradient[rows]) for graph, rows in graphs if graph.requires_grad]
            if learning:
                torch.autograd.backward([graph for graph, _ in learning], [given for _, given in learning])
            return
        for rows, random in zip(self._pieces, self._random, strict=True):
            with _random_state(random, gradient.device):
                graph = self._piece(rows)
            if graph.requires_grad:  # a piece may hold nothing but what frozen layers made
                graph.backward(gradient[rows])  # type: ignore[no-untyped-call]

    def _forward(self, rows: Tensor) -> Tensor:
        if self._cached:
            self._random.append(_get_random(rows.device))
            with torch.no_grad():
                return self._piece(rows)
        graph = self._piece(rows)
        self._graphs.append(graph)
        return graph.detach()

    def _piece(self, rows: Tensor) -> Tensor:
        if len(self._pieces) == 1:  # all rows, with no padding that none of them needs: no copy
            return self._embed(dict(self._features)).float()
        return self._embed(take_rows(self._features, rows, trim=self._trim)).float()


def _pieces(features: Features, chunk: int) -> Iterator[Tensor]:
    """Row numbers of each piece, texts of alike length together."""
    aligned = next(features[n] for n in ("trunk", "attention_mask", "num_images_per_sample") if n in features)
    count = len(aligned)
    if not chunk or chunk >= count:
        yield torch.arange(count, device=aligned.device)
        return
    lengths = features["attention_mask"].sum(1) if "attention_mask" in features else torch.zeros(count)
    yield from torch.argsort(lengths, stable=True).to(aligned.device).split(chunk)  # type: ignore[no-untyped-call]


def take_rows(features: Features, rows: Tensor, *, trim: bool = True) -> Features:
    """The features of some rows; ``pixel_values`` has rows only for inputs with a picture."""
    taken = {name: tensor[rows] for name, tensor in features.items() if name != "pixel_values"}
    if "pixel_values" in features:
        counts = features["num_images_per_sample"]
        places = (counts.cumsum(0) - 1)[rows][counts[rows] > 0]
        if len(places):
            taken["pixel_values"] = features["pixel_values"][places]
        else:
            del taken["num_images_per_sample"]
    if "attention_mask" in taken and trim:
        width = max(1, int(taken["attention_mask"].sum(1).max()))
        taken["input_ids"] = taken["input_ids"][:, :width]
        taken["attention_mask"] = taken["attention_mask"][:, :width]
    return taken


def _get_random(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device)] if device.type == "cuda" else states


@contextmanager
def _random_state(states: list[Tensor], device: torch.device) -> Iterator[None]:
    """Inside, the random numbers that came when ``states`` were taken; afterwards, what would have come."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.set_rng_state(states[0])
        if devices:
            torch.cuda.set_rng_state(states[1], device)
        yield
