"""What frozen layers say, computed once: picture activations at a cut, and text embeddings.

On a small machine most of a training step would go into layers that do not learn. Their output for a few
views of each picture is kept on disk instead, as float16, and an epoch costs only the layers above the cut.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnxruntime
import torch
from numpy.lib.format import open_memmap
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import MobileNetV2Model

from univldr.encoders.dual import DualModel
from univldr.errors import ModelError
from univldr.training.pictures import Augmentation, augment, to_pixels
from univldr.types import Float32Array

BATCH = 32

Opener: TypeAlias = Callable[[int], Image.Image]
"""The picture of a number, RGB, at the size that the tower sees."""


class LowerLayers(nn.Module):
    """The stem and the first ``cut`` blocks of a MobileNetV2."""

    def __init__(self, vision: MobileNetV2Model, cut: int) -> None:
        super().__init__()
        self.stem = vision.conv_stem
        self.blocks = vision.layer[:cut]

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Pixels [B, 3, H, W] to activations [B, C, h, w]."""
        hidden: Tensor = self.stem(pixel_values)
        for block in self.blocks:
            hidden = block(hidden)
        return hidden


def compile_layers(layers: nn.Module, size: int) -> Callable[[Float32Array], Float32Array]:
    """``layers`` as a function of pixels [BATCH, 3, size, size], through onnxruntime on one thread.

    On CPUs it is several times faster than torch, which computes each batch norm as a layer of its own.
    """
    example = (torch.zeros(BATCH, 3, size, size),)
    program = torch.onnx.export(layers.eval(), example, dynamo=True, verbose=False)
    if program is None:
        raise ModelError("torch gave no ONNX program for the layers; use torch 2.6 or later")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "layers.onnx"
        program.save(file)
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pixels: Float32Array) -> Float32Array:
        result: Float32Array = session.run(None, {name: pixels})[0]
        return result

    return run


def cache_views(
    open_picture: Opener,
    count: int,
    path: Path,
    run: Callable[[Float32Array], Float32Array],
    *,
    size: int,
    how: Augmentation | None,
    seed: int,
    threads: int = 1,
) -> None:
    """Write what ``run`` makes of one view of each picture, float16 [count, ...], as ``.npy``.

    The file appears only when complete, so a run that was cut short goes on with the next missing view.

    Args:
        open_picture: See ``Opener``; called from several threads.
        run: Pixels [BATCH, 3, size, size] to one row each.
        how: The augmentation of the view; ``None`` keeps the picture as it is.
        threads: Batches on their way at a time.
    """
    if path.exists():
        return
    part = path.with_suffix(".part")
    shape = run(np.zeros((BATCH, 3, size, size), np.float32)).shape[1:]
    out = open_memmap(part, mode="w+", dtype=np.float16, shape=(count, *shape))

    def write(start: int) -> None:
        pixels = np.zeros((BATCH, 3, size, size), np.float32)
        end = min(start + BATCH, count)
        for row, index in enumerate(range(start, end)):
            view = open_picture(index)
            if how is not None:
                view = augment(view, how, np.random.default_rng((seed, index)))
            pixels[row] = to_pixels(view)
        out[start:end] = run(pixels)[: end - start]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, range(0, count, BATCH)))
    out.flush()
    part.replace(path)


@torch.no_grad()
def embed_texts(
    model: DualModel, tokenizer: Tokenizer, texts: Sequence[str], batch: int = 64
) -> Float32Array:
    """Unit rows float32 [len(texts), dim] of the text trunk, in order; alike lengths share a batch."""
    tokenizer.no_padding()
    encoded = tokenizer.encode_batch(list(texts))
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index].ids))
    rows = np.zeros((len(texts), model.config.dim), np.float32)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        width = max(len(encoded[index].ids) for index in chosen)
        ids = np.zeros((len(chosen), width), np.int64)
        mask = np.zeros_like(ids)
        for row, index in enumerate(chosen):
            length = len(encoded[index].ids)
            ids[row, :length], mask[row, :length] = encoded[index].ids, 1
        rows[chosen] = model.text_trunk(torch.from_numpy(ids), torch.from_numpy(mask)).float().numpy()
    return rows
