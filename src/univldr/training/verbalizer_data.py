"""What a verbalizer learns from: pairs of a picture and a text, and the pictures as its tower sees them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from univldr.corpus.collection import Collection
from univldr.encoders.preprocess import ImageProcessor
from univldr.encoders.torch_encoder import weights_fingerprint
from univldr.errors import ConfigError, ImageError
from univldr.images import load_image
from univldr.training.captioner import Captioner
from univldr.training.verbalizer_settings import VerbalizerTraining
from univldr.types import Float32Array, Modality, Progress
from univldr.verbalize.grid import GridEncoder

logger = logging.getLogger("univldr")

_CHUNK = 48
_WORTH_COMPILING = 500
_BATCHES_SORTED = 50

Float16Array = npt.NDArray[np.float16]


class Pair(NamedTuple):
    """A picture's row in the collection, and a text for it."""

    row: int
    text: str


class Pairs(NamedTuple):
    """What there is to learn.

    Attributes:
        train: To learn from.
        dev: To look at.
        left_out: Pairs of ``split`` whose picture answers a query of ``dev``.
    """

    train: list[Pair]
    dev: list[Pair]
    left_out: int


def read_pairs(collection: Collection, settings: VerbalizerTraining) -> Pairs:
    """The pairs that the settings name; no picture is in both parts.

    Raises:
        ConfigError: there is nothing to learn from, or nothing to look at.
        CorpusError: there is no such split.
    """
    pictures = collection.modalities() == list(Modality).index(Modality.IMAGE)
    asked = _of_split(collection, settings.dev, pictures)
    held_out = {pair.row for pair in asked}
    if settings.split:
        every, dev = _of_split(collection, settings.split, pictures), asked
    else:
        every = _captions(collection, pictures)
        dev = [pair for pair in every if pair.row in held_out]
    train = [pair for pair in every if pair.row not in held_out]
    source = f'split "{settings.split}"' if settings.split else "the documents' captions"
    if not train or not dev:
        raise ConfigError(
            f'verbalizer "{settings.name}": {source} and dev split "{settings.dev}" of {collection.path} '
            f"give {len(train)} texts of pictures to learn from and {len(dev)} to look at; name other splits"
        )
    left_out = sum(pair.row in held_out for pair in every) if settings.split else 0
    return Pairs(train, dev, left_out)


def _of_split(collection: Collection, split: str, pictures: npt.NDArray[np.bool_]) -> list[Pair]:
    topics = collection.topics(split)
    pairs = (Pair(row, topic.query.text) for topic in topics for row in topic.positives if pictures[row])
    return [pair for pair in pairs if pair.text.strip()]


def _captions(collection: Collection, pictures: npt.NDArray[np.bool_]) -> list[Pair]:
    rows = np.flatnonzero(pictures).tolist()
    pairs: list[Pair] = []
    for start in range(0, len(rows), 1024):
        chunk = rows[start : start + 1024]
        documents = collection.documents(chunk, pictures=False)
        pairs += [Pair(row, document.text) for row, document in zip(chunk, documents, strict=True)]
    return [pair for pair in pairs if pair.text.strip()]


class Batches:
    """Which pairs a step takes: each once an epoch, in an order that only the seed and the step decide.

    Pairs of like length share a batch, and so little of it is padding.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths, self._batch, self._seed = np.asarray(lengths), batch, seed
        self.per_epoch = -(-len(lengths) // batch)
        self._epoch = lru_cache(maxsize=1)(self._order)

    def at(self, step: int) -> npt.NDArray[np.int64]:
        """int64 [batch], or less in an epoch's last."""
        epoch, number = divmod(step, self.per_epoch)
        return self._epoch(epoch)[number]

    def _order(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        rng = np.random.default_rng((self._seed, epoch))
        order, piece = rng.permutation(len(self._lengths)), self._batch * _BATCHES_SORTED
        batches = []
        for start in range(0, len(order), piece):
            some = order[start : start + piece]
            some = some[np.argsort(self._lengths[some], kind="stable")]
            batches += [some[at : at + self._batch] for at in range(0, len(some), self._batch)]
        return [batches[number] for number in rng.permutation(len(batches))]


class Pictures(Protocol):
    """What a captioner is shown."""

    def broken(self) -> set[int]:
        """Rows whose picture cannot be decoded."""

    def batch(self, rows: Sequence[int], views: Sequence[int]) -> dict[str, Tensor]:
        """For :meth:`Captioner.logits`; a view is 0, or 1 for the mirror image."""


class LivePictures:
    """Pixels, decoded whenever they are shown: for towers that learn."""

    def __init__(self, collection: Collection, processor: ImageProcessor, rows: Sequence[int]) -> None:
        """Decode all ``rows`` once, so that a broken picture is known before it could stop a training."""
        self._collection, self._processor = collection, processor
        self._broken = {row for row in rows if pixels_of(collection, row, processor) is None}

    def broken(self) -> set[int]:
        """See ``Pictures.broken``."""
        return self._broken

    def batch(self, rows: Sequence[int], views: Sequence[int]) -> dict[str, Tensor]:
        """See ``Pictures.batch``."""
        pixels = np.zeros((len(rows), 3, *self._processor.size), np.float32)
        for number, (row, view) in enumerate(zip(rows, views, strict=True)):
            found = pixels_of(self._collection, row, self._processor, mirrored=bool(view))
            if found is not None:
                pixels[number] = found
        return {"pixel_values": torch.from_numpy(pixels)}


class Grids:
    """Feature maps of a frozen tower, kept in one SQLite file, of the pictures that were asked for.

    A row is there once both of its views are, the picture and its mirror image, so a computation that was
    cut short goes on where it was, and another training adds only what it lacks.
    """

    def __init__(self, path: Path, shape: tuple[int, int]) -> None:
        """Open or make the file ``path`` for maps of ``shape`` (cells, hidden_size)."""
        self._shape = shape
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS grids (row INTEGER, view INTEGER, data BLOB, PRIMARY KEY (row, view))"
        )

    def known(self, view: int) -> set[int]:
        """The rows whose ``view`` is there, or could not be made."""
        return {row for (row,) in self._file.execute("SELECT row FROM grids WHERE view = ?", (view,))}

    def broken(self) -> set[int]:
        """See ``Pictures.broken``."""
        return {row for (row,) in self._file.execute("SELECT row FROM grids WHERE data IS NULL")}

    def add(self, rows: Sequence[int], view: int, grids: Sequence[Float16Array | None]) -> None:
        """Keep the maps of some rows; ``None`` where there is none."""
        records = [
            (row, view, None if grid is None else grid.tobytes())
            for row, grid in zip(rows, grids, strict=True)
        ]
        with self._file:
            self._file.executemany("INSERT OR REPLACE INTO grids VALUES (?, ?, ?)", records)

    def batch(self, rows: Sequence[int], views: Sequence[int]) -> dict[str, Tensor]:
        """See ``Pictures.batch``."""
        grids = np.empty((len(rows), *self._shape), np.float16)
        query = "SELECT data FROM grids WHERE row = ? AND view = ?"
        for number, key in enumerate(zip(rows, views, strict=True)):
            ((data,),) = self._file.execute(query, key)
            grids[number] = np.frombuffer(data, np.float16).reshape(self._shape)
        return {"grid": torch.from_numpy(grids).float()}


def keep_grids(
    captioner: Captioner,
    collection: Collection,
    rows: Sequence[int],
    folder: Path,
    *,
    flips: bool,
    progress: Progress,
) -> Grids:
    """The maps of ``rows``, from a file below ``folder`` that all trainings on this tower share.

    A picture that cannot be decoded is noted as broken.
    """
    encoder, processor = captioner.model.encoder, captioner.processor
    tower = weights_fingerprint(
        encoder.tower.state_dict()
        | {"levels": torch.from_numpy(processor.table), "size": torch.tensor(processor.size)}
    )
    shape = encoder.config.cells, encoder.config.hidden_size
    grids = Grids(folder / f"grids-{tower}-{collection.fingerprint}.sqlite", shape)
    for view in range(1 + flips):
        known = grids.known(view)
        missing = [row for row in sorted(set(rows)) if row not in known]
        run = _runner(encoder, processor.size, len(missing))
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            _keep(grids, chunk, view, run, collection, processor)
            progress(start + len(chunk), len(missing), "mirrored pictures" if view else "pictures")
    return grids


def _keep(
    grids: Grids,
    rows: Sequence[int],
    view: int,
    run: Callable[[Float32Array], Float32Array],
    collection: Collection,
    processor: ImageProcessor,
) -> None:
    pixels = [pixels_of(collection, row, processor, mirrored=bool(view)) for row in rows]
    whole = np.zeros((_CHUNK, 3, *processor.size), np.float32)
    for place, some in enumerate(pixels):
        if some is not None:
            whole[place] = some
    found = run(whole).astype(np.float16)
    grids.add(rows, view, [None if p is None else grid for p, grid in zip(pixels, found, strict=False)])


def pixels_of(
    collection: Collection, row: int, processor: ImageProcessor, *, mirrored: bool = False
) -> Float32Array | None:
    """float32 [3, H, W] of a picture, or ``None`` where it cannot be decoded."""
    try:
        (document,) = collection.documents([row])
        assert document.image is not None
        pixels = processor(load_image(document.image, name=document.id, draft=processor.draft))
    except ImageError as error:
        logger.debug("%s", error)
        return None
    return np.ascontiguousarray(pixels[:, :, ::-1]) if mirrored else pixels


class _Grid(nn.Module):
    def __init__(self, encoder: GridEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.encoder.grid(pixel_values)


def _runner(
    encoder: GridEncoder, size: tuple[int, int], pictures: int
) -> Callable[[Float32Array], Float32Array]:
    """The tower as a function of pixels [_CHUNK, 3, H, W].

    On a CPU onnxruntime is several times faster than torch, which computes each batch norm as a layer of its
    own; for a few pictures, compiling costs more than it saves.
    """
    encoder.train(False)
    if pictures >= _WORTH_COMPILING and not torch.cuda.is_available():
        return _compiled(encoder, size)
    device = next(encoder.parameters()).device

    @torch.inference_mode()
    def run(pixels: Float32Array) -> Float32Array:
        grid: Float32Array = encoder.grid(torch.from_numpy(pixels).to(device)).float().cpu().numpy()
        return grid

    return run


def _compiled(encoder: GridEncoder, size: tuple[int, int]) -> Callable[[Float32Array], Float32Array]:
    import onnxruntime

    example = torch.zeros(_CHUNK, 3, *size)
    program: Any = torch.onnx.export(_Grid(encoder).eval(), (example,), dynamo=True, verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    model = program.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pixels: Float32Array) -> Float32Array:
        grid: Float32Array = session.run(None, {name: pixels})[0]
        return grid

    return run
