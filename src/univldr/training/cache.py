"""What frozen layers say, computed once: picture activations at a cut, and text embeddings.

On a small machine most of a training step would go into layers that do not learn. Their output for a few
views of each picture is kept on disk instead, as float16, and an epoch costs only the layers above the cut.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from numpy.lib.format import open_memmap
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import MobileNetV2Model

from univldr.encoders.dual import DualModel
from univldr.errors import ModelError
from univldr.training.pictures import Augmentation, CaptionedPicture, augment, open_rgb, to_pixels
from univldr.types import Float32Array

BATCH = 48


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


def compile_lower(
    vision: MobileNetV2Model, cut: int, size: int, threads: int
) -> Callable[[Float32Array], Float32Array]:
    """The lower layers as a function of pixels [BATCH, 3, size, size], through onnxruntime.

    On CPUs it is several times faster than torch, which computes each batch norm as a layer of its own.
    """
    lower = LowerLayers(vision, cut).eval()
    program = torch.onnx.export(lower, (torch.zeros(BATCH, 3, size, size),), dynamo=True, verbose=False)
    if program is None:
        raise ModelError("torch gave no ONNX program for the lower layers; use torch 2.6 or later")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lower.onnx"
        program.save(file)
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pixels: Float32Array) -> Float32Array:
        result: Float32Array = session.run(None, {name: pixels})[0]
        return result

    return run


def cache_views(
    pictures: Sequence[CaptionedPicture],
    path: Path,
    run: Callable[[Float32Array], Float32Array],
    *,
    size: int,
    how: Augmentation | None,
    seed: int,
) -> None:
    """Write the activations of one view of each picture, float16 [pictures, C, h, w], as ``.npy``.

    The file appears only when complete, so a run that was cut short goes on with the next missing view.

    Args:
        how: The augmentation of the view; ``None`` keeps the picture as it is.
    """
    if path.exists():
        return
    part = path.with_suffix(".part")
    out: npt.NDArray[np.float16] | None = None
    with ThreadPoolExecutor(1) as pool:
        batches = [
            range(start, min(start + BATCH, len(pictures))) for start in range(0, len(pictures), BATCH)
        ]

        def load(indices: range) -> Float32Array:
            pixels = np.zeros((BATCH, 3, size, size), np.float32)
            for row, index in enumerate(indices):
                pixels[row] = view_of(pictures[index], size, how, np.random.default_rng((seed, index)))
            return pixels

        for indices, pixels in zip(batches, pool.map(load, batches), strict=True):
            activations = run(pixels)[: len(indices)]
            if out is None:
                shape = (len(pictures), *activations.shape[1:])
                out = open_memmap(part, mode="w+", dtype=np.float16, shape=shape)
            out[indices.start : indices.stop] = activations
    if out is not None:
        del out  # closes the map, and with it writes the file
        part.replace(path)


def view_of(
    picture: CaptionedPicture, size: int, how: Augmentation | None, rng: np.random.Generator
) -> Float32Array:
    """One view of a picture as pixels [3, size, size]."""
    image = open_rgb(picture.data, size)
    return to_pixels(image if how is None else augment(image, how, rng))


@torch.no_grad()
def embed_texts(
    model: DualModel, tokenizer: Tokenizer, texts: Sequence[str], batch: int = 64
) -> Float32Array:
    """Unit rows float32 [len(texts), dim] of the text tower, in order; alike lengths share a batch."""
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
        rows[chosen] = model.get_text_features(torch.from_numpy(ids), torch.from_numpy(mask)).float().numpy()
    return rows
