"""The encoder that searching and serving use: one ONNX graph for texts, one for images, and no torch."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from univldr._cores import cores
from univldr.calibration import Calibration
from univldr.encoders.captions import CaptionFitter
from univldr.encoders.fingerprint import fingerprint
from univldr.encoders.parts import Parts, is_weighted, put_together, split_documents
from univldr.encoders.preprocess import BatchTokenizer, ImageProcessor
from univldr.encoders.settings import UNCHANGED, ModelSettings, TextSettings, is_joint, load_calibration
from univldr.errors import ConfigError, ImageError, ModelError
from univldr.images import load_image
from univldr.types import Document, Float32Array, Modality, Query

TEXT_BATCH = 32
"""Texts in one run at most."""

TOKEN_BATCH = 512
"""Tokens in one run, padding included: more leave the processor's caches, and are slower and larger."""

IMAGE_BATCH = 4
"""Pictures decoded and run together by one thread; what bounds memory."""

MAX_THREADS = 4
"""Batches run side by side at most."""

_ORT_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)
_DTYPES = {
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
}


@dataclass(frozen=True, slots=True)
class _Item:
    """One row to encode: words, a picture, or both; ``label`` names it in errors."""

    text: str
    image: Path | bytes | None
    label: str


@functools.cache
def _share_memory() -> None:
    """One pool of working memory for all sessions that ask for it: by default each keeps its own for good."""
    kind, use = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
    onnxruntime.create_and_register_allocator(onnxruntime.OrtMemoryInfo("Cpu", kind, 0, use), None)


class Graph:
    """One ONNX graph, loaded when first needed and then shared by threads.

    Each call runs on the thread it is made from. Several calls at once use the cores better than one call
    that spreads over them, and one session serves them all, so the weights are in memory once.
    """

    def __init__(self, path: Path, outputs: Sequence[str]) -> None:
        """``outputs`` are the names the wanted output may have, the best first."""
        self.path = path
        self._outputs = outputs
        self._lock = threading.Lock()

    @functools.cached_property
    def _session(self) -> Any:
        _share_memory()
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
        except _ORT_ERRORS as error:
            raise ModelError(f"{self.path}: cannot be loaded: {error}") from error

    @functools.cached_property
    def _output(self) -> str:
        present = [output.name for output in self._session.get_outputs()]
        for name in self._outputs:
            if name in present:
                return name
        raise ModelError(
            f"{self.path}: outputs {present}, none of {list(self._outputs)}; export it with a projection"
        )

    def load(self) -> None:
        """Load the graph now, once, whichever threads ask.

        Raises:
            ModelError: missing, broken, or without a known output.
        """
        with self._lock:
            assert self._output

    def run(self, **inputs: npt.NDArray[Any]) -> Float32Array:
        """float32 [B, dim]; inputs the graph does not have are left out, others are cast to its types.

        Raises:
            ModelError: the graph has an input that is not given, or fails.
        """
        self.load()
        try:
            feed = {
                wanted.name: inputs[wanted.name].astype(_DTYPES[wanted.type], copy=False)
                for wanted in self._session.get_inputs()
            }
            (rows,) = self._session.run([self._output], feed)
        except KeyError as error:
            raise ModelError(f"{self.path}: has an input or type that is not known: {error}") from error
        except _ORT_ERRORS as error:
            raise ModelError(f"{self.path}: failed: {error}") from error
        result: Float32Array = np.asarray(rows, np.float32)
        return result


class OnnxEncoder:
    """A universal encoder over a model directory, or over the layout CLIP exports have on the hub.

    Attributes:
        dropped_expansions: Verbalized words left out so far because a caption was full.
    """

    def __init__(
        self,
        directory: Path,
        *,
        name: str | None = None,
        variant: str | None = None,
        texts: TextSettings = UNCHANGED,
    ) -> None:
        """Read the settings. A graph is loaded when first needed: a search by words loads no image graph.

        Args:
            directory: It holds ``tokenizer.json``, ``preprocessor_config.json``, ``onnx/`` and, but for stock
                models, ``univldr.json``.
            name: What it was loaded by; the directory by default.
            variant: ``fp16``, ``quantized``, ``int8``, ...: use ``onnx/*_{variant}.onnx``. By default the
                files ``univldr.json`` names, or else ``text_model.onnx`` and ``vision_model.onnx``. Quantized
                ones may scale a whole batch at once: a vector then depends a little on its neighbours.
            texts: What to change of the model's own settings.

        Raises:
            ConfigError: ``texts`` asks for more than the model reads.
            ModelError: a file is missing or malformed.
        """
        self.name = name or str(directory)
        self.dropped_expansions = 0
        self._directory = directory
        self._settings = texts.applied(ModelSettings.load(directory))
        self._text = Graph(self._graph_path(Modality.TEXT, variant), ("text_embeds", "pooler_output"))
        self._vision = Graph(self._graph_path(Modality.IMAGE, variant), ("image_embeds", "pooler_output"))
        self._threads = min(cores(), MAX_THREADS)

    def _graph_path(self, modality: Modality, variant: str | None) -> Path:
        path = self._directory / "onnx" / self._settings.graph(modality, variant)
        if not path.is_file():
            present = sorted(found.name for found in path.parent.glob("*.onnx"))
            raise ModelError(f"{path}: no such file; present: {', '.join(present) or 'none'}")
        return path

    @functools.cached_property
    def _tokenizer(self) -> BatchTokenizer:
        limit = self._settings.max_tokens
        fixed = limit if self._settings.fixed_length else None
        return BatchTokenizer(self._directory, max_tokens=limit, fixed_length=fixed)

    @functools.cached_property
    def _processor(self) -> ImageProcessor:
        return ImageProcessor.load(self._directory / "preprocessor_config.json")

    @functools.cached_property
    def dim(self) -> int:
        """Length of a vector."""
        return self._settings.dim or self._project_texts([self._tokenizer.ids([""])[0]]).shape[1]

    @property
    def max_tokens(self) -> int:
        """Longest text that is encoded whole, special tokens included."""
        return self._settings.max_tokens

    @functools.cached_property
    def fingerprint(self) -> str:
        """Over the content of the graphs in use, the tokenizer, the image processor and the settings."""
        graphs = [self._text.path, self._vision.path]
        weights = [data for graph in graphs for data in sorted(graph.parent.glob(f"{graph.name}[._]data*"))]
        inputs = [self._directory / "tokenizer.json", self._directory / "preprocessor_config.json"]
        return fingerprint([*graphs, *weights, *inputs], asdict(self._settings) | {"onnx": None})

    @functools.cached_property
    def calibration(self) -> Calibration | None:
        """What its scores mean; ``None`` where the model does not say."""
        return load_calibration(self._directory)

    @functools.cached_property
    def joint(self) -> bool:
        """See :class:`univldr.encoders.settings.Joint`."""
        return is_joint(self._directory)

    @property
    def draft(self) -> tuple[int, int]:
        """See :class:`univldr.encoders.settings.Drafts`."""
        return self._processor.draft

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Token counts, special tokens included, untruncated."""
        return self._tokenizer.count(texts)

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        """Embed queries, in order.

        Returns:
            float32 [len(queries), dim], unit rows. Words and a picture together are the sum of their
            projections before the norm, as for a captioned image.

        Raises:
            ConfigError: a query with neither words nor a picture.
            ImageError: a picture cannot be decoded.
        """
        if any(not query.text.strip() and query.image is None for query in queries):
            raise ConfigError("an empty query: give words, a picture, or both")
        return self._encode([_Item(query.text.strip(), query.image, "query") for query in queries])

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """Embed documents, in order.

        A broken picture fails the whole call. To leave out only that one, call again with halves of the list
        until it stands alone, as indexing does.

        Returns:
            float32 [len(documents), dim], unit rows. A captioned image is the sum of its two projections, not
            normalised before (UniVL-DR, https://arxiv.org/abs/2209.00179).

        Raises:
            ImageError: a picture cannot be decoded; the message names its id and path.
        """
        pictures = [document for document in documents if document.modality is Modality.IMAGE]
        captions = iter(self._captions(pictures))
        if is_weighted(pictures):
            return put_together(self.document_parts(documents))
        return self._encode(
            [
                _Item(next(captions), _picture(document), document.id)
                if document.modality is Modality.IMAGE
                else _Item(document.text, None, document.id)
                for document in documents
            ]
        )

    def document_parts(self, documents: list[Document]) -> list[Parts]:
        """See :class:`univldr.encoders.parts.Splits`."""

        def text_rows(texts: list[str]) -> Float32Array:
            return self._rows([_Item(text, None, "") for text in texts])

        def image_rows(pictures: list[Document]) -> Float32Array:
            return self._rows([_Item("", _picture(picture), picture.id) for picture in pictures])

        return split_documents(documents, self.fitter, text_rows, image_rows)

    @property
    def fitter(self) -> CaptionFitter:
        """See :class:`univldr.encoders.captions.FitsCaptions`."""
        return CaptionFitter(self._settings.template, self.max_tokens, self.count_tokens)

    def _captions(self, pictures: Sequence[Document]) -> list[str]:
        captions, dropped = self.fitter.fit(pictures)
        self.dropped_expansions += dropped
        return captions

    def _encode(self, items: Sequence[_Item]) -> Float32Array:
        return unit_rows(self._rows(items))

    def _rows(self, items: Sequence[_Item]) -> Float32Array:
        """float32 [len(items), dim], not normalised."""
        texts = np.zeros((len(items), self.dim), np.float32)
        images = np.zeros_like(texts)
        self._run([*self._image_jobs(items, images), *self._text_jobs(items, texts)])
        rows: Float32Array = texts + images
        return rows

    def _text_jobs(self, items: Sequence[_Item], out: Float32Array) -> list[Callable[[], None]]:
        """Jobs that fill the rows of ``out`` whose item has words, the longest texts first."""
        rows = [row for row, item in enumerate(items) if item.text or item.image is None]
        ids = dict(zip(rows, self._tokenizer.ids([items[row].text for row in rows]), strict=True))
        rows = _longest_first(rows, ids)

        def job(batch: list[int]) -> None:
            out[batch] = self._project_texts([ids[row] for row in batch])

        def limit(longest: int) -> int:
            return min(TEXT_BATCH, TOKEN_BATCH // max(1, len(ids[longest])))

        return [functools.partial(job, batch) for batch in self._batches(rows, limit)]

    def _image_jobs(self, items: Sequence[_Item], out: Float32Array) -> list[Callable[[], None]]:
        """Jobs that fill the rows of ``out`` whose item has a picture; each decodes its own."""
        rows = [row for row, item in enumerate(items) if item.image is not None]

        def job(batch: list[int]) -> None:
            out[batch] = self._vision.run(pixel_values=np.stack([self._pixels(items[row]) for row in batch]))

        return [functools.partial(job, batch) for batch in self._batches(rows, lambda _: IMAGE_BATCH)]

    def _batches(self, rows: list[int], limit: Callable[[int], int]) -> list[list[int]]:
        """Rows in their order, as many together as ``limit`` of the first allows, or as busy all threads."""
        share = -(-len(rows) // self._threads)
        batches = []
        while rows:
            size = max(1, min(limit(rows[0]), share))
            batches.append(rows[:size])
            rows = rows[size:]
        return batches

    def _run(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Run jobs side by side, each on one thread; the first error stops those that have not begun."""
        if len(jobs) < 2 or self._threads < 2:
            for job in jobs:
                job()
            return
        with ThreadPoolExecutor(self._threads) as pool:
            for _ in pool.map(lambda job: job(), jobs):
                pass

    def _project_texts(self, ids: Sequence[Sequence[int]]) -> Float32Array:
        """float32 [len(ids), dim], not normalised."""
        padded, mask = self._tokenizer.pad(ids)
        return self._text.run(input_ids=padded, attention_mask=mask, token_type_ids=np.zeros_like(padded))

    def _pixels(self, item: _Item) -> Float32Array:
        assert item.image is not None
        source = item.image
        name = f"{item.label} ({source})" if isinstance(source, Path) else item.label
        return self._processor(load_image(source, name=name, draft=self.draft))


def unit_rows(rows: Float32Array) -> Float32Array:
    """Rows divided by their L2 norm; a row of zeros stays."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    result: Float32Array = rows / np.maximum(norms, np.float32(1e-12))
    return result


def _longest_first(rows: Sequence[int], ids: Mapping[int, Sequence[int]]) -> list[int]:
    """Rows in an order in which neighbours have much the same length, so that little is padding."""
    return sorted(rows, key=lambda row: -len(ids[row]))


def _picture(document: Document) -> Path | bytes:
    if document.image is None:
        raise ImageError(f"{document.id}: an image document without an image")
    return document.image
