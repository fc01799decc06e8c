"""From rows of a collection to tensors for the model: read and decoded on the spot, or from frozen towers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from univldr.corpus.collection import Collection, Topic
from univldr.encoders import heads
from univldr.encoders.captions import CaptionFitter
from univldr.encoders.embeddings import embed_collection, embed_split
from univldr.encoders.fingerprint import fingerprint
from univldr.encoders.fusion import FusionModule
from univldr.encoders.torch_encoder import TorchEncoder, weights_fingerprint
from univldr.errors import ImageError
from univldr.images import load_image
from univldr.training.examples import Example
from univldr.types import Document, Encoder, Float32Array, Modality, Progress, Query

logger = logging.getLogger("univldr")

Features = dict[str, Tensor]

_CHUNK = 1024


class Inputs(Protocol):
    """Where a batch's tensors come from; used in the processes that read beside training."""

    def documents(self, rows: Sequence[int]) -> Features:
        """Features of documents, in order."""

    def topics(self, topics: Sequence[Topic]) -> Features:
        """Features of queries, in order."""


class LiveInputs:
    """Documents read from the collection when they are needed, pictures decoded on the spot."""

    def __init__(self, collection: Collection, module: FusionModule) -> None:
        self.collection, self.module = collection, module

    def documents(self, rows: Sequence[int]) -> Features:
        """See ``Inputs.documents``."""
        documents = self.collection.documents(rows)
        try:
            return self.module.preprocess(inputs_of(documents, self.module))
        except ImageError:
            return self.module.preprocess(inputs_of([_readable(d) for d in documents], self.module))

    def topics(self, topics: Sequence[Topic]) -> Features:
        """See ``Inputs.topics``."""
        return self.module.preprocess([_query_input(topic.query) for topic in topics])


def _readable(document: Document) -> Document:
    """The document, or its caption alone where its picture is broken: one must not stop a training."""
    if document.image is None:
        return document
    try:
        load_image(document.image, name=document.id)
    except ImageError as error:
        logger.warning("trained on without its picture: %s", error)
        return replace(document, modality=Modality.TEXT, image=None)
    return document


def inputs_of(documents: Sequence[Document], module: FusionModule) -> list[Any]:
    """What :meth:`FusionModule.preprocess` takes for each document, captions joined with generated words."""
    texts, _ = _fitter(module).fit(documents)
    return [
        {"text": text, "image": document.image} if document.modality is Modality.IMAGE else document.text
        for document, text in zip(documents, texts, strict=True)
    ]


def log_dropped(collection: Collection, module: FusionModule) -> None:
    """Log how many generated words of a whole collection are left out, if any: training says it once."""
    is_picture = collection.modalities() == tuple(Modality).index(Modality.IMAGE)
    rows = np.flatnonzero(is_picture).tolist()
    dropped = pictures = 0
    for start in range(0, len(rows), _CHUNK):
        documents = collection.documents(rows[start : start + _CHUNK], pictures=False)
        left_out = [
            len(document.expansions) - kept
            for document, kept in zip(documents, _fitter(module).kept(documents), strict=True)
        ]
        dropped += sum(left_out)
        pictures += sum(map(bool, left_out))
    if dropped:
        logger.warning(
            "%d expansions dropped, of %d of %d pictures: captions end at %d tokens",
            dropped,
            pictures,
            len(rows),
            module.settings.max_tokens,
        )


def _fitter(module: FusionModule) -> CaptionFitter:
    return CaptionFitter(module.settings.template, module.settings.max_tokens, module.tokenizer.count)


def _query_input(query: Query) -> Any:
    return {"text": query.text, "image": query.image}


class TrunkEncoder:
    """An ``Encoder`` in form, so that its work is kept and resumed like one's: trunk rows, not unit rows."""

    max_tokens = 0

    def __init__(self, module: FusionModule) -> None:
        self.module = module
        self.name = f"{module.name} trunk"
        self.dim = sum(heads.widths(module.model)) + 2
        learning = {id(p) for head in heads.head_modules(module.model) for p in head.parameters()}
        learning.add(id(module.logit_scale))
        frozen = {name: p for name, p in module.model.named_parameters() if id(p) not in learning}
        reads = fingerprint([], {"template": module.settings.template, "tokens": module.settings.max_tokens})
        self.fingerprint = f"{weights_fingerprint(frozen)}-{reads}"

    def count_tokens(self, texts: list[str]) -> list[int]:
        """See ``Encoder.count_tokens``."""
        return self.module.tokenizer.count(texts)

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """float32 [len(documents), text + image + 2]."""
        return self.rows(inputs_of(documents, self.module))

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        """float32 [len(queries), text + image + 2]."""
        return self.rows([_query_input(query) for query in queries])

    @torch.inference_mode()
    def rows(self, inputs: Sequence[Any], piece: int = 32) -> Float32Array:
        """float32 [len(inputs), text + image + 2] of what :meth:`FusionModule.preprocess` takes."""
        self.module.eval()
        device = self.module.logit_scale.device
        order = sorted(range(len(inputs)), key=lambda i: _length(inputs[i]))
        rows = np.zeros((len(inputs), self.dim), np.float32)
        for start in range(0, len(order), piece):
            chosen = order[start : start + piece]
            features = self.module.preprocess([inputs[i] for i in chosen])
            on_device = {name: tensor.to(device) for name, tensor in features.items()}
            rows[chosen] = heads.trunk_rows(self.module.model, on_device).cpu().numpy()
        return rows


class WordedTrunkEncoder(TrunkEncoder):
    """The same for a collection with generated words: only captions are read, pictures were looked at before.

    A picture that could not be decoded then stays a row of zeros.
    """

    def __init__(self, module: FusionModule, plain: Collection, plain_rows: Float32Array) -> None:
        """``plain_rows`` float32 [len(plain), text + image + 2] are of the collection without the words."""
        super().__init__(module)
        self._plain_rows = plain_rows
        self._row_of = {id_: row for row, id_ in enumerate(plain.ids())}

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """float32 [len(documents), text + image + 2]."""
        rows = np.array(self._plain_rows[[self._row_of[document.id] for document in documents]])
        texts, _ = _fitter(self.module).fit(documents)
        read = [n for n, text in enumerate(texts) if documents[n].expansions and text and rows[n, -1]]
        if read:
            width, _ = heads.widths(self.module.model)
            of_text = [*range(width), -2]
            rows[np.ix_(read, of_text)] = self.rows([texts[n] for n in read])[:, of_text]
        return rows


def _length(item: Any) -> tuple[bool, int]:
    """Pictures apart, and texts by length: what shares a batch then shares its padding."""
    if isinstance(item, str):
        return False, len(item)
    return item["image"] is not None, len(item["text"])


@dataclass(frozen=True)
class TrunkInputs:
    """Rows that the frozen towers gave once.

    Attributes:
        document_rows: float32 [documents, text + image + 2], memory-mapped.
        topic_rows: The same for queries.
    """

    document_rows: Float32Array
    topic_rows: dict[Query, Float32Array]

    @classmethod
    def compute(
        cls, module: FusionModule, collection: Collection, plain: Collection, folder: Path, progress: Progress
    ) -> TrunkInputs:
        """Run the towers over everything, or go on where an earlier run was stopped.

        Args:
            module: The model.
            collection: Its documents and the queries of all its splits.
            plain: The same without generated words, or the collection itself: a picture is looked at once,
                whatever words it has.
            folder: Where rows are kept.
            progress: Told how far it is.
        """
        encoder = TrunkEncoder(module)
        rows = embed_collection(encoder, plain, folder, progress=progress)
        if collection.fingerprint != plain.fingerprint:
            worded = WordedTrunkEncoder(module, plain, rows)
            rows = embed_collection(worded, collection, folder, progress=progress)
        topic_rows: dict[Query, Float32Array] = {}
        for split in collection.splits():
            vectors = embed_split(encoder, collection, split, folder, progress=progress)
            queries = [topic.query for topic in collection.topics(split)]
            topic_rows |= zip(queries, vectors, strict=True)
        return cls(rows, topic_rows)

    def documents(self, rows: Sequence[int]) -> Features:
        """See ``Inputs.documents``."""
        return {"trunk": torch.from_numpy(np.array(self.document_rows[np.asarray(rows, np.int64)]))}

    def topics(self, topics: Sequence[Topic]) -> Features:
        """See ``Inputs.topics``."""
        return {"trunk": torch.from_numpy(np.stack([self.topic_rows[topic.query] for topic in topics]))}


class TrunkSearchEncoder(TorchEncoder):
    """The whole model as an encoder that knows the trunk rows of a collection; anything else it computes."""

    def __init__(self, model: Any, name: str, inputs: TrunkInputs, collection: Collection) -> None:
        super().__init__(model, name)
        self._inputs, self._collection = inputs, collection

    @cached_property
    def _row_of(self) -> dict[tuple[str, Modality], int]:
        """Read only when documents come without their rows; a look while training has them.

        A picture that comes as a text, its words alone, has none.
        """
        kinds = (tuple(Modality)[code] for code in self._collection.modalities())
        return {key: row for row, key in enumerate(zip(self._collection.ids(), kinds, strict=True))}

    def encode_rows(self, rows: Sequence[int]) -> Float32Array:
        """float32 [len(rows), dim], unit rows of documents by their row, which need not be read for it."""
        return self._project(self._inputs.document_rows[np.asarray(rows, np.int64)])

    def encode_documents(self, documents: list[Document]) -> Float32Array:
        """See ``Encoder.encode_documents``."""
        rows = [self._row_of.get((document.id, document.modality)) for document in documents]
        if not documents or None in rows:
            return super().encode_documents(documents)
        return self.encode_rows([row for row in rows if row is not None])

    def encode_queries(self, queries: list[Query]) -> Float32Array:
        """See ``Encoder.encode_queries``."""
        rows = [self._inputs.topic_rows.get(query) for query in queries]
        if not queries or any(row is None for row in rows):
            return super().encode_queries(queries)
        return self._project(np.stack([row for row in rows if row is not None]))

    @torch.inference_mode()
    def _project(self, rows: Float32Array) -> Float32Array:
        self.model.eval()
        trunk = torch.from_numpy(np.array(rows)).to(self.model.device)
        unit: Float32Array = self.model({"trunk": trunk})["sentence_embedding"].cpu().numpy()
        return unit


def search_encoder(model: Any, name: str, inputs: Inputs, collection: Collection) -> Encoder:
    """An encoder around the model in training, over the inputs that it is trained with."""
    if isinstance(inputs, TrunkInputs):
        return TrunkSearchEncoder(model, name, inputs, collection)
    return TorchEncoder(model, name)


def encode_rows(encoder: Encoder, collection: Collection, rows: Sequence[int]) -> Float32Array:
    """float32 [len(rows), dim], unit rows of documents by their row."""
    if isinstance(encoder, TrunkSearchEncoder):
        return encoder.encode_rows(rows)
    return encoder.encode_documents(collection.documents(rows))


class Collator:
    """Examples to the tensors of a step: ``queries`` and ``documents`` as features, the rest int64.

    The positives are the first documents, in the order of the queries; ``owners`` [D] says for which query
    each document was drawn, ``rows`` [D] which document it is, ``relevant`` [Q, P] all answers, padded with
    -1.
    """

    def __init__(self, inputs: Inputs, topics: Sequence[Topic]) -> None:
        self.inputs, self.topics = inputs, topics

    def __call__(self, examples: Sequence[Example]) -> dict[str, Any]:
        topics = [self.topics[example.topic] for example in examples]
        rows = [example.positive for example in examples]
        owners = list(range(len(examples)))
        for number, example in enumerate(examples):
            rows += example.negatives
            owners += [number] * len(example.negatives)
        most = max(len(topic.positives) for topic in topics)
        relevant = [[*topic.positives, *[-1] * (most - len(topic.positives))] for topic in topics]
        return {
            "queries": self.inputs.topics(topics),
            "documents": self.inputs.documents(rows),
            "owners": torch.tensor(owners),
            "rows": torch.tensor(rows),
            "relevant": torch.tensor(relevant),
        }
